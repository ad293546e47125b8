# defence: what is prepared of a key is on the curve
# file: crypto/ec/ec_verify.inc.c
# unit: tests/support/ec_faulty_p256_verify_ref.c
# test: unit/crypto/ec/verify_fault_test
# red: flip_of_a_bit_makes_no_key_wrong
/^static bool entries_make/,/^}/s/all = all && all_ones(&good, l);/(void)good;/
