/* engine_work: what a worker brings to every row. For the files of this engine only.
 * Owner its worker. Read only once made. */
#ifndef LK_CRYPTO_ENGINE_WORK_H
#define LK_CRYPTO_ENGINE_WORK_H

#include "crypto/crypto.h"
#include "crypto/poo_curve.h"

struct lk_engine_work {
    unsigned worker; /* which of a key's contexts */
    bool check_ecdsa;
    struct lk_rsa_work *rsa;   /* engine_rsa_batch.c */
    struct lk_p256_work *p256; /* engine_p256_batch.c */
    struct lk_poo_curve *curve[LK_POO_CURVE_COUNT];
};

/* The rows of this engine, by enum lk_kernel_row. */
extern const struct lk_kernel lk_engine_rows[LK_ROW_COUNT];

#endif
