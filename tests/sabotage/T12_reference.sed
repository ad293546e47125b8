# defence: a slot outside the segment ends the epoch
# file: core/base/slot.c
# test: unit/base/slot_test
# red: slot_map_has_nothing_outside
s/if (large >= map->loops \* map->large_per_loop) return NULL;//
