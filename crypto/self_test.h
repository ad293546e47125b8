/* self_test: one operation of a kernel row with a key of its own, against an answer computed
 * another way. Thread the control thread, at start; 0.5 s for all rows. Allocates (libcrypto). */
#ifndef LK_CRYPTO_SELF_TEST_H
#define LK_CRYPTO_SELF_TEST_H

#include "crypto/crypto.h"

bool lk_kernel_self_test(const struct lk_kernel *kernel, enum lk_kernel_row row);
/* The base point is one in every lane, and is none with a bit that is wrong. */
bool lk_points_self_test(lk_p256_points *judge);
/* Each lane, at several lengths, hashes as one message alone does. */
bool lk_sha256_self_test(lk_sha256_lanes *hash);
bool lk_siphash_self_test(lk_siphash_many *hash);

#endif
