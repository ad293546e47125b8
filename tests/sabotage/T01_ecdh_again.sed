# defence: a kernel of shares that refuses wrongly costs nobody a handshake
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_fault_test
# red: wrong_refusal_is_mended_and_told
s/lk_looks_more(refused, made, good == 0)/lk_looks_more(refused, made, true)/
