#include "bench/ec/proof.h"

#include <string.h>

#include "core/base/err.h"
#include "crypto/hash.h"
#include "crypto/poo_prove.h"

#define SECP256R1 23
#define CHALLENGE_BYTES 16

void lk_ec_proofs_make(struct lk_ec_proofs *proofs)
{
    struct lk_poo_prover *prover = lk_poo_prover_new(SECP256R1, NULL);
    LK_ASSERT(prover != NULL);
    proofs->point_bytes = lk_poo_prover_point_bytes(prover);
    for (uint8_t i = 0; i < LK_EC_PROOF_BATCH_MAX; i++) {
        uint8_t b[LK_POO_SCALAR_BYTES_MAX], v[LK_POO_SCALAR_BYTES_MAX];
        lk_sha256(&i, sizeof i, proofs->c[i]);
        LK_ASSERT(lk_poo_key_make(prover, b, proofs->bg[i]));
        LK_ASSERT(lk_poo_commit(prover, v, proofs->vg[i]));
        lk_poo_answer(prover, b, v, proofs->c[i], CHALLENGE_BYTES, proofs->r[i]);
    }
    lk_poo_prover_free(prover);
}

static void fill(const struct lk_ec_judge *judge, struct lk_operand *operand)
{
    const struct lk_ec_proofs *p = judge->proofs;
    for (unsigned i = 0; i < judge->batch; i++)
        operand[i] = (struct lk_operand){.in = p->bg[i],
                                         .in_bytes = p->point_bytes,
                                         .poo_point = p->vg[i],
                                         .poo_r = p->r[i],
                                         .poo_challenge = p->c[i],
                                         .poo_challenge_bytes = CHALLENGE_BYTES};
}

/* How many are good at the first attempt. */
static unsigned run(const struct lk_ec_judge *judge, struct lk_operand *operand)
{
    unsigned most = judge->kernel->lanes_max, good = 0;
    for (unsigned at = 0; at < judge->batch; at += most) {
        unsigned left = judge->batch - at, lanes = left < most ? left : most;
        uint64_t live = ~UINT64_C(0) >> (64 - lanes);
        uint64_t now = judge->kernel->run(judge->work, operand + at, live);
        good += (unsigned)__builtin_popcountll(now);
    }
    for (unsigned i = 0; i < judge->batch; i++)
        good -= operand[i].recomputed;
    return good;
}

bool lk_ec_judge_row(void *context)
{
    const struct lk_ec_judge *judge = context;
    struct lk_operand operand[LK_EC_PROOF_BATCH_MAX];
    fill(judge, operand);
    return run(judge, operand) == judge->batch;
}

bool lk_ec_judge_row_good(void *context)
{
    const struct lk_ec_judge *judge = context;
    struct lk_operand operand[LK_EC_PROOF_BATCH_MAX];
    uint8_t other[CHALLENGE_BYTES];
    memset(other, 0x5a, sizeof other);
    fill(judge, operand);
    if (run(judge, operand) != judge->batch) return false;
    for (unsigned i = 0; i < judge->batch; i++)
        operand[i].poo_challenge = other;
    return run(judge, operand) == 0;
}
