# defence: a random of one byte repeated is not signed where nothing else judges it
# file: core/exec/run_ecdhe.c
# test: interop/split_vectors_test
# red: split_faults_have_their_status
s/LK_REQUIRE(lane->s != NULL || !constant, LK_SPLIT_INVALID_TLS_RANDOM);/(void)constant;/
