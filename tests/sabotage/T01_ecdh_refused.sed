# defence: a share kernel that refuses what is right is found out
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_fault_test
# red: fault_in_a_kernel_is_mended_and_told
/^static uint64_t refusals_look/,/^}/s/looks < LOOKS/false/
