# defence: bad padding has no status of its own
# file: core/exec/run_tls12.c
# test: interop/tls12_vectors_test
# red: tls12_rsa_answers_are_those_of_the_vectors
/^bool lk_run_rsa_master_resume/,/^}/s/    LK_WIPE(premaster);/&\n    if (lane->out[1] != 2) { lk_lane_answer(lane, 12); return false; }/
