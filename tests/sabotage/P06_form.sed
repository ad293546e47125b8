# defence: a signature has one form alone
# file: crypto/ecdsa_check.c
# test: unit/crypto/ec/verify_test
# red: no_form_but_one_is_read
s/    bool same = written >= 0 .*/    bool same = written >= 0;/
