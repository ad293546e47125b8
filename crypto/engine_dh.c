/* Shares of DHE that an edge wants signed, with the proof that it owns them and without. */
#include "crypto/dh.h"
#include "crypto/engine_work.h"

/* What judging a share without a proof costs, in the currency of the rows. */
static const struct {
    uint16_t p_bytes;
    uint32_t public_ns;
} sizes[] = {{256, 120000}, {384, 225000}, {512, 355000}, {768, 700000}, {1024, 1170000}};
#define SIZES (sizeof sizes / sizeof sizes[0])

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

/* Beyond the row's cost. p is of a group: other sizes have no row. */
static uint32_t extra_ns(size_t p_bytes)
{
    uint32_t ns = 0;
    for (unsigned i = 0; i < SIZES; i++)
        if (sizes[i].p_bytes == p_bytes) ns = sizes[i].public_ns - sizes[0].public_ns;
    return ns;
}

/* A number that is as long as one of a group, and is none, takes no time. */
uint64_t lk_dh_run_public(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    uint64_t good = 0;
    for (; live != 0; live &= live - 1) {
        struct lk_operand *o = &operand[__builtin_ctzll(live)];
        if (share_judge(work, o) != NULL) good |= live & (0 - live);
        o->extra_ns = o->group_bad ? 0 : extra_ns(o->dh_p_bytes);
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
    for (unsigned i = 0; i < SIZES; i++)
        if (sizes[i].p_bytes == p_bytes)
            return proof ? (enum lk_kernel_row)(LK_ROW_POO_DH2048 + i) : LK_ROW_DH_PUBLIC;
    return LK_ROW_COUNT;
}
