/* ttest: the operations whose time is looked at (welch.h), by the release build.
 * Owner static: made at the first call. Thread one. */
#ifndef LK_TESTS_CT_TTEST_H
#define LK_TESTS_CT_TTEST_H

#include "crypto/ec/ec_kernel.h"
#include "crypto/rsa/rsa_kernel.h"
#include "tests/ct/welch.h"
#include "tests/support/rsa_subject.h"

/* m[k] of a decryption: 0 is a good padding, all others are bad. */
#define LK_PADDINGS 11
extern const char *const lk_paddings[LK_PADDINGS];
void lk_padding_draw(unsigned kind, uint8_t *m, size_t k);

/* The unpadding, and a variant that stops where the padding is bad. */
void lk_ttest_premaster(unsigned *passed, unsigned *failed);

/* The private operation of a kernel: on operands, with keys, beside neighbours; and with a leak. */
void lk_ttest_kernel(const struct lk_rsa_kernel *kernel, unsigned *passed, unsigned *failed);
void lk_ttest_leaky(const struct lk_rsa_kernel *kernel, unsigned *passed, unsigned *failed);
/* The operation and the unpadding behind it, on ciphertexts of good and bad padding. */
void lk_ttest_decrypt(const struct lk_rsa_kernel *kernel, unsigned *passed, unsigned *failed);

/* A signature, by how many bits of its nonce are zero from the top; and with a leak. */
void lk_ttest_ec(const struct lk_ec_kernel *kernel, unsigned *passed, unsigned *failed);

#endif
