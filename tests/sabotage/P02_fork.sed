# defence: a forked child has nothing of what the provider kept
# file: tools/provider/kept.c
# test: unit/provider/kept_test
# red: kept_is_empty_in_a_forked_child
s/madvise(kept, sizeof \*kept, MADV_WIPEONFORK) == 0/true/
