#include "crypto/engine_p256_poo.h"

#include <openssl/crypto.h>

#include "crypto/ec/p256_poo.h"

#define POINT_BYTES 65 /* form, x, y */
#define FORM_XY 4

/* A batch around the kernel. Nothing of it is secret. */
struct lk_p256_poo_work {
    unsigned turn; /* the lane whose refusal is looked at next */
    struct lk_p256_poo_job job[LK_P256_POO_PROOFS_MAX];
};

bool lk_p256_poo_work_init(struct lk_engine_work *work)
{
    work->p256_poo = OPENSSL_zalloc(sizeof *work->p256_poo);
    return work->p256_poo != NULL;
}

void lk_p256_poo_work_fini(struct lk_engine_work *work)
{
    OPENSSL_free(work->p256_poo);
}

/* --- the library's word -------------------------------------------------------------------------
 */

/* `bit` alone. What it takes is not in the row's cost. */
static bool library_good(struct lk_engine_work *work, struct lk_operand *operand, uint64_t bit)
{
    const struct lk_kernel *library = &lk_engine_rows[LK_ROW_POO_P256];
    operand[__builtin_ctzll(bit)].extra_ns = library->cost_ns;
    return library->run(work, operand, bit) == bit;
}

/* Was the lane not accepted that should have been, or for the wrong reason? Then it is the
 * library's. An undecided one is never the kernel's fault: its numbers are the peer's choice. */
static bool look_again(struct lk_engine_work *work, struct lk_operand *operand, uint64_t bit,
                       bool undecided, uint64_t *good)
{
    struct lk_operand *o = &operand[__builtin_ctzll(bit)];
    bool point_bad = o->point_bad;
    if (library_good(work, operand, bit)) *good |= bit;
    bool wrong = (*good & bit) != 0 || o->point_bad != point_bad;
    o->recomputed = wrong && !undecided;
    o->by_kernel = !undecided;
    return wrong;
}

/* A peer may send nothing but wrong proofs: were each judged twice, it would have ten times the
 * time of one that sends right ones. Undecided ones are no better, since r = 0 makes one for
 * nothing; of those past the bound none is right: c is a hash of bG and vG, and a right one is
 * undecided for one c in 2^128 at most. Returns those that are good after all. */
static uint64_t refusals_look(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t refused, uint64_t undecided)
{
    uint64_t good = 0;
    bool trusted = true;
    for (unsigned looks = 0; refused != 0 && (!trusted || looks < LK_P256_POO_LOOKS); looks++) {
        uint64_t bit = lk_lane_in_turn(&work->p256_poo->turn, refused);
        if (look_again(work, operand, bit, (undecided & bit) != 0, &good)) trusted = false;
        refused &= ~bit;
    }
    return good;
}

/* --- a kernel's batch ---------------------------------------------------------------------------
 */

static void job_fill(struct lk_p256_poo_job *job, const struct lk_operand *operand)
{
    *job = (struct lk_p256_poo_job){.bg = operand->in + 1,
                                    .vg = operand->poo_point + 1,
                                    .r = operand->poo_r,
                                    .challenge = operand->poo_challenge,
                                    .challenge_bytes = operand->poo_challenge_bytes};
}

static uint64_t kernel_call(struct lk_engine_work *work, const struct lk_p256_poo_kernel *kernel,
                            struct lk_operand *operand, uint64_t live)
{
    struct lk_p256_poo_work *poo = work->p256_poo;
    for (uint64_t left = live; left != 0; left &= left - 1)
        job_fill(&poo->job[__builtin_ctzll(left)], &operand[__builtin_ctzll(left)]);
    struct lk_p256_poo_verdicts v = kernel->judge(work->scratch, poo->job, live);
    for (uint64_t left = live; left != 0; left &= left - 1) {
        struct lk_operand *o = &operand[__builtin_ctzll(left)];
        o->point_bad = (v.point_bad & left & (0 - left)) != 0;
        o->by_kernel = true;
    }
    return v.good | refusals_look(work, operand, live & ~v.good, v.undecided);
}

/* What has the form of a proof; the library says at once what is wrong with another. */
static bool fits(const struct lk_operand *o)
{
    bool challenge = o->poo_challenge_bytes == 16 || o->poo_challenge_bytes == 32;
    return challenge && o->in_bytes == POINT_BYTES && o->in[0] == FORM_XY &&
           o->poo_point[0] == FORM_XY;
}

static uint64_t run_way(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live,
                        const struct lk_p256_poo_kernel *kernel)
{
    uint64_t fit = 0;
    for (uint64_t left = live; left != 0; left &= left - 1) {
        struct lk_operand *o = &operand[__builtin_ctzll(left)];
        o->recomputed = o->by_kernel = false;
        o->extra_ns = 0;
        if (fits(o)) fit |= left & (0 - left);
    }
    uint64_t good = fit != 0 ? kernel_call(work, kernel, operand, fit) : 0;
    return good | lk_engine_rows[LK_ROW_POO_P256].run(work, operand, live & ~fit);
}

/* Every fill: a proof alone takes less than the library's (bench/results/ec.json:
 * poo_p256/ifma/1). */
static uint64_t run_ifma(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_way(work, operand, live, &lk_p256_poo_x8_ifma);
}

static uint64_t run_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_way(work, operand, live, &lk_p256_poo_x2_ref);
}

/* Costs scaled like those of the library's rows (engine_openssl.c). */
const struct lk_kernel lk_p256_poo_row_ifma = {"poo_p256", "ifma", 64, 8, 186000, 1300, run_ifma};
const struct lk_kernel lk_p256_poo_row_ref = {"poo_p256", "ref", 16, 2, 9600000, 0, run_ref};
