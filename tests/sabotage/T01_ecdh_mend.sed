# defence: what a kernel got wrong the library makes again, and it is told
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_fault_test
# red: fault_in_a_kernel_is_mended_and_told
/^static bool again_by_library/,/^}/s/operand->recomputed = operand->by_kernel = true;/operand->by_kernel = true;/
