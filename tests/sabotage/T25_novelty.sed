# defence: a peer has a share of the replay table where it fills up
# file: core/exec/novelty.c
# test: unit/exec/novelty_test
# red: novelty_flood_leaves_room_for_others
s/if (made >= may) return false;/(void)may;/
