# defence: each call has random bytes of its own
# file: crypto/engine_ec_batch.c
# test: unit/crypto/ec/batch_test
# red: nonces_differ_over_lanes_and_calls
s/    call_fill(&call, ec, operand, live);/    memset(draw.random, 0, sizeof draw.random);\n&/
