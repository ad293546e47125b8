# defence: a signature is checked with another copy of the key than made it
# file: crypto/ec/ec_kernel.inc.c
# unit: tests/support/ec_faulty_p256_ref.c
# test: unit/crypto/ec/kernel_fault_test
# red: key_that_changed_in_memory_signs_nothing
/^static void operands_load/,/^}/s/to_check ? job->key->d_r2 : job->key->d_r/to_check ? job->key->d_r : job->key->d_r/;/^static lane equation_holds/,/^}/s/order_mul(right, right, factor);/(void)factor;/
