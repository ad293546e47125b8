/* proof: proofs of ownership over P-256 with challenges of 16 bytes, judged by a kernel row. Each
 * is another key's. Owner the caller. Thread one. Failures of libcrypto stop the program. */
#ifndef LK_BENCH_EC_PROOF_H
#define LK_BENCH_EC_PROOF_H

#include "crypto/crypto.h"
#include "crypto/poo_curve.h"

#define LK_EC_PROOF_BATCH_MAX 64

struct lk_ec_proofs {
    uint8_t bg[LK_EC_PROOF_BATCH_MAX][LK_POO_POINT_BYTES_MAX];
    uint8_t vg[LK_EC_PROOF_BATCH_MAX][LK_POO_POINT_BYTES_MAX];
    uint8_t r[LK_EC_PROOF_BATCH_MAX][LK_POO_SCALAR_BYTES_MAX];
    uint8_t c[LK_EC_PROOF_BATCH_MAX][32];
    size_t point_bytes;
};
void lk_ec_proofs_make(struct lk_ec_proofs *proofs);

/* What is measured: the first `batch` of them, in calls of at most lanes_max lanes. */
struct lk_ec_judge {
    const struct lk_ec_proofs *proofs;
    unsigned batch;
    const struct lk_kernel *kernel;
    struct lk_engine_work *work;
};
/* All good at the first attempt. */
bool lk_ec_judge_row(void *judge);
/* And none once its challenge is another. */
bool lk_ec_judge_row_good(void *judge);

#endif
