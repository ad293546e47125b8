/* secret_ec: ECDSA signatures of which all that is secret is marked as undefined, as secret_run.h
 * does for RSA. Marked are the key, nonces, and the scratch that the kernel finds; digests are
 * public. Thread one. */
#ifndef LK_TESTS_CT_SECRET_EC_H
#define LK_TESTS_CT_SECRET_EC_H

#include "crypto/ec/ec_kernel.h"
#include "tests/ct/secret_run.h"

/* `rounds` batches of `count` requests, with keys and nonces drawn anew. Signatures must verify,
 * and come out marked. */
void lk_secret_ec(const struct lk_ec_kernel *kernel, const struct lk_marker *marker, unsigned count,
                  unsigned rounds);

#endif
