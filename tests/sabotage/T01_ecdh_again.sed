# defence: a share kernel that refuses what is right costs nobody a handshake
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_fault_test
# red: wrong_refusal_has_all_of_the_call_looked_at
/^static uint64_t refusals_look/,/^}/s/good != 0 || //
