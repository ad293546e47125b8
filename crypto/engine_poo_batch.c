#include "crypto/engine_poo_batch.h"

#include <openssl/crypto.h>

#include "crypto/ec/poo_kernel.h"

#define FORM_XY 4

/* A batch around the kernel. Nothing of it is secret. */
struct lk_poo_work {
    unsigned turn; /* the lane whose refusal is looked at next */
    struct lk_poo_job job[LK_POO_PROOFS_MAX];
};

bool lk_poo_work_init(struct lk_engine_work *work)
{
    work->poo = OPENSSL_zalloc(sizeof *work->poo);
    return work->poo != NULL;
}

void lk_poo_work_fini(struct lk_engine_work *work)
{
    OPENSSL_free(work->poo);
}

/* The kernel, and the row whose word counts. */
struct way {
    const struct lk_poo_kernel *kernel;
    enum lk_kernel_row row;
};

/* One call of a row. */
struct call {
    const struct way *way;
    struct lk_engine_work *work;
    struct lk_operand *operand;
};

static struct lk_operand *lane_of(const struct call *call, uint64_t bit)
{
    return &call->operand[__builtin_ctzll(bit)];
}

/* --- the library's word -------------------------------------------------------------------------
 */

/* `bit` alone. What it takes is not in the row's cost. */
static bool library_good(const struct call *call, uint64_t bit)
{
    const struct lk_kernel *library = &lk_engine_rows[call->way->row];
    lane_of(call, bit)->extra_ns = library->cost_ns;
    return library->run(call->work, call->operand, bit) == bit;
}

/* Was the lane not accepted that should have been, or for the wrong reason? Then it is the
 * library's. An undecided one is never the kernel's fault: its numbers are the peer's choice. */
static bool look_again(const struct call *call, uint64_t bit, bool undecided, uint64_t *good)
{
    struct lk_operand *o = lane_of(call, bit);
    bool point_bad = o->point_bad;
    if (library_good(call, bit)) *good |= bit;
    bool wrong = (*good & bit) != 0 || o->point_bad != point_bad;
    o->recomputed = wrong && !undecided;
    o->by_kernel = !undecided;
    return wrong;
}

/* A peer may send nothing but wrong proofs: were each judged twice, it would have ten times the
 * time of one that sends right ones, forty times with P-384. Undecided ones are no better, since
 * r = 0 makes one for nothing; of those past the bound none is right: c is a hash of bG and vG, and
 * a right one is undecided for one c in 2^128 at most. Returns those that are good after all. */
static uint64_t refusals_look(const struct call *call, uint64_t refused, uint64_t undecided)
{
    uint64_t good = 0;
    bool trusted = true;
    for (unsigned looks = 0; refused != 0 && (!trusted || looks < LK_POO_LOOKS); looks++) {
        uint64_t bit = lk_lane_in_turn(&call->work->poo->turn, refused);
        if (look_again(call, bit, (undecided & bit) != 0, &good)) trusted = false;
        refused &= ~bit;
    }
    return good;
}

/* --- a kernel's batch ---------------------------------------------------------------------------
 */

static void job_fill(const struct way *way, struct lk_poo_job *job,
                     const struct lk_operand *operand)
{
    size_t form = way->kernel->xy ? 1 : 0; /* its byte */
    *job = (struct lk_poo_job){.bg = operand->in + form,
                               .vg = operand->poo_point + form,
                               .r = operand->poo_r,
                               .challenge = operand->poo_challenge,
                               .challenge_bytes = operand->poo_challenge_bytes};
}

static uint64_t kernel_call(const struct call *call, uint64_t live)
{
    struct lk_poo_job *job = call->work->poo->job;
    for (uint64_t left = live; left != 0; left &= left - 1)
        job_fill(call->way, &job[__builtin_ctzll(left)], lane_of(call, left));
    struct lk_poo_verdicts v = call->way->kernel->judge(call->work->scratch, job, live);
    for (uint64_t left = live; left != 0; left &= left - 1) {
        struct lk_operand *o = lane_of(call, left);
        o->point_bad = (v.point_bad & left & (0 - left)) != 0;
        o->by_kernel = true;
    }
    return v.good | refusals_look(call, live & ~v.good, v.undecided);
}

/* What has the form of a proof; the library says at once what is wrong with another. */
static bool fits(const struct way *way, const struct lk_operand *o)
{
    bool challenge = o->poo_challenge_bytes == LK_POO_SHORT_BYTES ||
                     o->poo_challenge_bytes == LK_POO_LONG_BYTES;
    if (!way->kernel->xy) return challenge && o->in_bytes == way->kernel->bytes;
    return challenge && o->in_bytes == 1 + 2 * way->kernel->bytes && o->in[0] == FORM_XY &&
           o->poo_point[0] == FORM_XY;
}

static uint64_t run_way(const struct way *way, struct lk_engine_work *work,
                        struct lk_operand *operand, uint64_t live)
{
    const struct call call = {way, work, operand};
    uint64_t fit = 0;
    for (uint64_t left = live; left != 0; left &= left - 1) {
        struct lk_operand *o = lane_of(&call, left);
        o->recomputed = o->by_kernel = false;
        o->extra_ns = 0;
        if (fits(way, o)) fit |= left & (0 - left);
    }
    uint64_t good = fit != 0 ? kernel_call(&call, fit) : 0;
    return good | lk_engine_rows[way->row].run(work, operand, live & ~fit);
}

/* Every fill: a proof alone takes less than the library's (bench/results/ec.json: poo_p256/ifma/1,
 * poo_p384/ifma/1, poo_x25519/ifma/1). */
static uint64_t run_p256_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t live)
{
    static const struct way way = {&lk_p256_poo_x8_ifma, LK_ROW_POO_P256};
    return run_way(&way, work, operand, live);
}

static uint64_t run_p256_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    static const struct way way = {&lk_p256_poo_x2_ref, LK_ROW_POO_P256};
    return run_way(&way, work, operand, live);
}

static uint64_t run_p384_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t live)
{
    static const struct way way = {&lk_p384_poo_x8_ifma, LK_ROW_POO_P384};
    return run_way(&way, work, operand, live);
}

static uint64_t run_p384_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    static const struct way way = {&lk_p384_poo_x2_ref, LK_ROW_POO_P384};
    return run_way(&way, work, operand, live);
}

static uint64_t run_x25519_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                                uint64_t live)
{
    static const struct way way = {&lk_x25519_poo_x8_ifma, LK_ROW_POO_X25519};
    return run_way(&way, work, operand, live);
}

static uint64_t run_x25519_ref(struct lk_engine_work *work, struct lk_operand *operand,
                               uint64_t live)
{
    static const struct way way = {&lk_x25519_poo_x2_ref, LK_ROW_POO_X25519};
    return run_way(&way, work, operand, live);
}

/* Costs scaled like those of the library's rows (engine_openssl.c). */
const struct lk_kernel lk_poo_p256_row_ifma = {
    .name = "poo_p256",
    .isa = "ifma",
    .lanes_max = 64,
    .lanes_step = 8,
    .cost_ns = 186000,
    .fixed_ns = 1300,
    .run = run_p256_ifma,
};
const struct lk_kernel lk_poo_p384_row_ifma = {
    .name = "poo_p384",
    .isa = "ifma",
    .lanes_max = 64,
    .lanes_step = 8,
    .cost_ns = 580000,
    .fixed_ns = 10000,
    .run = run_p384_ifma,
};
const struct lk_kernel lk_poo_x25519_row_ifma = {
    .name = "poo_x25519",
    .isa = "ifma",
    .lanes_max = 64,
    .lanes_step = 8,
    .cost_ns = 290000,
    .fixed_ns = 1000,
    .run = run_x25519_ifma,
};
const struct lk_kernel lk_poo_p256_row_ref = {"poo_p256", "ref", 16, 2, 9600000, 0, run_p256_ref};
const struct lk_kernel lk_poo_p384_row_ref = {"poo_p384", "ref", 16, 2, 36000000, 0, run_p384_ref};
const struct lk_kernel lk_poo_x25519_row_ref = {"poo_x25519",  "ref", 16, 2, 16000000, 0,
                                                run_x25519_ref};
