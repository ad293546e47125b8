# defence: an S seen before is refused
# file: core/exec/novelty.c
# test: unit/exec/novelty_test
# red: novelty_another_use_of_s_is_a_replay
s/if (look.found != NULL) return repeat.*/(void)repeat;/
