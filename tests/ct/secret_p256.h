/* secret_p256: ECDSA signatures of which all that is secret is marked as undefined, as secret_run.h
 * does for RSA. Marked are the key, nonces, and the scratch that the kernel finds; digests are
 * public. Thread one. */
#ifndef LK_TESTS_CT_SECRET_P256_H
#define LK_TESTS_CT_SECRET_P256_H

#include "crypto/ec/p256_kernel.h"
#include "tests/ct/secret_run.h"

/* `rounds` batches of `count` requests, with keys and nonces drawn anew. Signatures must verify, and
 * come out marked. */
void lk_secret_p256(const struct lk_p256_kernel *kernel, const struct lk_marker *marker,
                    unsigned count, unsigned rounds);

#endif
