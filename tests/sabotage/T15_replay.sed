# defence: a worker refuses an S that was used
# file: core/exec/worker.c
# test: unit/exec/worker_test
# red: worker_works_a_repeat_three_times_and_no_replay worker_takes_the_repeat_of_another_peer_for_a_replay
s/if (novelty == LK_REPLAYED || novelty == LK_NOVELTY_FULL) return false;/if (novelty == LK_NOVELTY_FULL) return false;/
