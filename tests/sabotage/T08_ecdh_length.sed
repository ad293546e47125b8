# defence: a share has the length that its group says
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_batch_test
# red: what_is_no_share_is_the_peers_fault
/^static uint64_t lanes_fit/,/^}/s/if (operand.*/(void)way, (void)operand;/
