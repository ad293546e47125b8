/* u_proof: proofs of ownership over Curve25519 for tests of the kernel: right, wrong in every way there
 * is, and of numbers about which its equation says nothing. Drawn (draw.h). Any failure aborts.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_U_PROOF_H
#define LK_TESTS_SUPPORT_U_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "crypto/ec/poo_kernel.h"

#define LK_U_BYTES 32

struct lk_u_proof {
    uint8_t b[LK_U_BYTES], v[LK_U_BYTES], bg[LK_U_BYTES], vg[LK_U_BYTES], r[LK_U_BYTES],
        c[LK_U_BYTES];
    size_t c_bytes;
    bool special; /* may be undecided: set by lk_u_proof_special */
};

/* Before and after all others. */
void lk_u_proof_begin(void);
void lk_u_proof_end(void);

/* Its u perhaps as nobody should write them. */
void lk_u_proof_right(struct lk_u_proof *p);
/* Nearly all are wrong: a flipped bit may be one that does not count. */
void lk_u_proof_wrong(struct lk_u_proof *p);
void lk_u_proof_special(struct lk_u_proof *p);

/* As libcrypto has it. */
bool lk_u_proof_good(const struct lk_u_proof *p);

struct lk_operand lk_u_proof_operand(const struct lk_u_proof *p);
struct lk_poo_job lk_u_proof_job(const struct lk_u_proof *p);

#endif
