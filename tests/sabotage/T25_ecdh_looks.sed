# defence: a peer that sends nonsense for shares has no more time than others
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_batch_test
# red: refusals_are_looked_at_in_turn
/^static uint64_t refusals_look/,/^}/s/ && (good != 0 || looks < LOOKS)//
