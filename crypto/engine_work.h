/* engine_work: what a worker brings to every row. For the files of this engine only.
 * Owner its worker. Read only once made. */
#ifndef LK_CRYPTO_ENGINE_WORK_H
#define LK_CRYPTO_ENGINE_WORK_H

#include <openssl/evp.h>

#include "crypto/crypto.h"
#include "crypto/poo_curve.h"

struct lk_dh;

#define LK_SHARE_GROUP_COUNT 5 /* P-256, P-384, P-521, X25519, X448 */

struct lk_engine_work {
    unsigned worker; /* which of a key's contexts */
    bool check_ecdsa;
    void *block;   /* as allocated */
    void *scratch; /* in it, 64-byte aligned: what a kernel works in. One works at a time */
    struct lk_rsa_work *rsa;   /* engine_rsa_batch.c */
    struct lk_ec_work *ec;     /* engine_ec_batch.c */
    struct lk_poo_work *poo;   /* engine_poo_batch.c */
    struct lk_ecdh_work *ecdh; /* engine_share_batch.c */
    struct lk_poo_curve *curve[LK_POO_CURVE_COUNT];
    EVP_PKEY_CTX *share_make[LK_SHARE_GROUP_COUNT]; /* engine_share.c: makes a key of the group */
    struct lk_dh *dh;                               /* engine_dh.c */
};

/* engine_share.c. fini takes what an init that failed left. */
bool lk_share_work_init(struct lk_engine_work *work);
void lk_share_work_fini(struct lk_engine_work *work);
uint64_t lk_share_run_p256(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);
uint64_t lk_share_run_p384(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);
uint64_t lk_share_run_p521(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);
uint64_t lk_share_run_x25519(struct lk_engine_work *work, struct lk_operand *operand,
                             uint64_t live);
uint64_t lk_share_run_x448(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);

/* engine_dh.c. */
bool lk_dh_work_init(struct lk_engine_work *work);
void lk_dh_work_fini(struct lk_engine_work *work);
uint64_t lk_dh_run_public(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);
uint64_t lk_dh_run_proof(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);

/* The rows of this engine, by enum lk_kernel_row. */
extern const struct lk_kernel lk_engine_rows[LK_ROW_COUNT];

/* The first of `lanes` from the lane on whose turn it is: so that over many calls each is chosen,
 * whatever peers put beside it. */
static inline uint64_t lk_lane_in_turn(unsigned *turn, uint64_t lanes)
{
    uint64_t later = lanes & ~UINT64_C(0) << *turn;
    unsigned lane = (unsigned)__builtin_ctzll(later != 0 ? later : lanes);
    *turn = (lane + 1) % 64;
    return UINT64_C(1) << lane;
}

#endif
