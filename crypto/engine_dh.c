/* Shares of DHE that an edge wants signed, with the proof that it owns them and without. */
#include "crypto/dh.h"
#include "crypto/engine_work.h"

bool lk_dh_work_init(struct lk_engine_work *work)
{
    work->dh = lk_dh_new();
    return work->dh != NULL;
}

void lk_dh_work_fini(struct lk_engine_work *work)
{
    lk_dh_free(work->dh);
}

/* NULL: group_bad or point_bad says why. */
static const struct lk_dh_group *share_judge(const struct lk_engine_work *work,
                                             struct lk_operand *operand)
{
    const struct lk_dh_group *group = lk_dh_find(work->dh, operand->dh_p, operand->dh_p_bytes,
                                                 operand->dh_g, operand->dh_g_bytes);
    operand->group_bad = group == NULL;
    operand->point_bad = group != NULL && !lk_dh_public_good(work->dh, group, operand->in,
                                                             operand->in_bytes);
    return operand->point_bad ? NULL : group;
}

static bool proof_judge(const struct lk_engine_work *work, struct lk_operand *operand)
{
    const struct lk_dh_proof proof = {.y = operand->in,
                                      .y_bytes = operand->in_bytes,
                                      .v = operand->poo_point,
                                      .r = operand->poo_r,
                                      .c = operand->poo_challenge,
                                      .c_bytes = operand->poo_challenge_bytes};
    const struct lk_dh_group *group = share_judge(work, operand);
    return group != NULL && lk_dh_proof_good(work->dh, group, &proof);
}

uint64_t lk_dh_run_public(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    uint64_t good = 0;
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        if (share_judge(work, &operand[i]) != NULL) good |= UINT64_C(1) << i;
    }
    return good;
}

uint64_t lk_dh_run_proof(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    uint64_t good = 0;
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        if (proof_judge(work, &operand[i])) good |= UINT64_C(1) << i;
    }
    return good;
}

enum lk_kernel_row lk_dh_row(size_t p_bytes, bool proof)
{
    static const uint16_t sizes[] = {256, 384, 512, 768, 1024};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (sizes[i] == p_bytes)
            return proof ? (enum lk_kernel_row)(LK_ROW_POO_DH2048 + i) : LK_ROW_DH_PUBLIC;
    return LK_ROW_COUNT;
}
