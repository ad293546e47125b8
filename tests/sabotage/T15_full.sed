# defence: no answer when the table of S has no room
# file: core/exec/worker.c
# test: unit/exec/worker_test
# red: worker_full_novelty_is_temporary
s/if (novelty == LK_REPLAYED || novelty == LK_NOVELTY_FULL) return false;/if (novelty == LK_REPLAYED) return false;/
