/* secret_ecdh: key agreement of which all that is secret is marked as undefined, as secret_run.h
 * does for RSA. Marked are the bytes that keys are made of, and the scratch that the kernel finds;
 * the peer's shares are public, and so is whether each was one. Thread one. */
#ifndef LK_TESTS_CT_SECRET_ECDH_H
#define LK_TESTS_CT_SECRET_ECDH_H

#include "crypto/ec/ecdh_kernel.h"
#include "tests/ct/secret_run.h"

/* `rounds` batches of `count` requests, one peer of which has no point, with keys drawn anew.
 * Results must be libcrypto's, and come out marked. */
void lk_secret_ecdh(const struct lk_ecdh_kernel *kernel, const struct lk_marker *marker,
                    unsigned count, unsigned rounds);

#endif
