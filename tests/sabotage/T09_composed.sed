# defence: what is signed begins with the client's random
# file: core/exec/run_ecdhe.c
# test: interop/tls12_vectors_test
# red: tls12_ecdhe_answers_are_those_of_the_vectors
/^void lk_run_ecdhe_text/,/^}/s/lk_writer_put(w, lane->client_random, LK_RANDOM_BYTES);//
