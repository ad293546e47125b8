# defence: a kernel returns no lane whose result is not below the modulus
# file: crypto/rsa/rsa_kernel.inc.c
# unit: tests/support/rsa_faulty_ref.c
# test: unit/crypto/rsa/rsa_kernel_fault_test
# red: result_above_the_modulus_is_not_returned
/^static uint64_t check_compare/,/^}/s/ & under\[i\] & 1/ \& 1/
