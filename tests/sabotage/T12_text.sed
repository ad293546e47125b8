# defence: what a front gets signed was composed from parsed fields
# file: core/exec/run_ecdhe.c
# test: unit/exec/hostile_test
# red: worker_signs_only_its_own_text_for_random_fronts
/^void lk_run_ecdhe_text/,/^}/s/lk_writer_put(w, lane->client_random, LK_RANDOM_BYTES);//
