# defence: lanes of one call have nonces of their own
# file: crypto/engine_ec_batch.c
# test: unit/crypto/ec/batch_test
# red: nonces_differ_over_lanes_and_calls
s/^    memcpy(message + 1, &lane, sizeof lane);/    memset(message + 1, 0, sizeof lane);/
