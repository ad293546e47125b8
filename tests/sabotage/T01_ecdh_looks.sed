# defence: a kernel of shares that refuses wrongly is found out
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_fault_test
# red: wrong_refusal_is_mended_and_told
s/ | refusals_look(work, way, call, refused);/;(void)refusals_look;/
