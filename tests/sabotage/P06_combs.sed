# defence: so many keys of a process have what lanes need, and no more
# file: tools/provider/verified.c
# test: unit/provider/verified_test
# red: keys_past_the_bound_have_no_lanes
s/__ATOMIC_RELAXED) <= LK_COMBS_MAX/__ATOMIC_RELAXED) > 0/
