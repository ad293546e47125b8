# defence: the bits that leave a kernel are those that its check has seen
# file: crypto/rsa/rsa_kernel.inc.c
# unit: tests/support/rsa_faulty_ref.c
# test: unit/crypto/rsa/rsa_kernel_fault_test
# red: bits_above_a_digit_do_not_leave
/^static void digits_store/,/^}/s/(\*word & MASK52)/*word/
