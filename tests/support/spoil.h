/* spoil: RSA kernels whose results go wrong when a test says so. The kernel has computed and found its
 * result right; the caller hears that the lane is not good and gets zeros, as after a real fault.
 * One table for the program, since kernels have no context. Thread any. */
#ifndef LK_TESTS_SUPPORT_SPOIL_H
#define LK_TESTS_SUPPORT_SPOIL_H

#include "crypto/rsa/rsa_kernel.h"

/* to := the kernels of `from`, which a linker's --wrap has put `to` in the place of. */
void lk_spoil_kernels(struct lk_rsa_kernel to[LK_RSA_CLASS_COUNT],
                      const struct lk_rsa_kernel from[LK_RSA_CLASS_COUNT]);
/* So many results from now on are wrong. */
void lk_spoil_next(unsigned results);
/* Results that are still to go wrong. */
unsigned lk_spoil_left(void);

#endif
