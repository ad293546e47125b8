# defence: each call has random bytes of its own
# file: crypto/engine_p256_batch.c
# test: unit/crypto/ec/p256_batch_test
# red: nonces_differ_over_lanes_and_calls
s/    call_fill(&call, p256, operand, live);/    memset(draw.random, 0, sizeof draw.random);\n&/
