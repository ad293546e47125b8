/* ec_agree: key agreement for many requests, over a lane type and a curve. An instance
 * (p256_ecdh_ifma.c, p384_ecdh_ref.c) includes a lane header, the pick that belongs to it, a
 * curve's field (p256_field.inc.c), then this file.
 *
 * The own share comes from the table of the base point, the secret by doublings of the peer's. A
 * peer's point is looked at before anything is made of a secret; where it is none, the base point
 * takes its place. A result leaves if it is on the curve, which it is not if the point it was made
 * of was on another.
 *
 * STAGE as in ec_kernel.inc.c. */
#include <stdbool.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/ec/ec_bytes.inc.c"
#include "crypto/ec/ec_given.inc.c"
#include "crypto/ec/ec_invert.inc.c"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ec_point.inc.c"
#include "crypto/ec/ec_variable.inc.c"
#include "crypto/ec/ecdh_kernel.h"

#define REQUESTS (LANES * LK_ECDH_VECTORS)

/* A point on its way out. Masks are all ones or zero. */
struct result {
    lane under[DIGITS], inverse[DIGITS]; /* a denominator; on the way, the product of all before */
    lane x[DIGITS], y[DIGITS];           /* clean, below 1: what goes out */
    lane void_;                          /* under is zero, and counts as one */
};

struct vector {
    lane peer_x[DIGITS], peer_y[DIGITS]; /* in Montgomery form, clean, below 1 */
    lane none;                           /* that is no point */
    lane even, zero;                     /* k is even, and n - k is multiplied by; k is zero */
    lane odd[DIGITS];                    /* of k and n - k */
    struct jacobian shared;
};

struct batch {
    const struct lk_ecdh_job *job[REQUESTS]; /* the living, close together */
    unsigned count, vectors;
    bool with_own;
    struct multiple m[LK_ECDH_VECTORS];
    struct vector v[LK_ECDH_VECTORS];
    struct variable variable[BESIDE];
    struct result result[2 * LK_ECDH_VECTORS]; /* secrets of all vectors, then shares */
    struct gcd gcd; /* of the inversion */
};

static struct result *shared_of(struct batch *b, unsigned v)
{
    return &b->result[v];
}

static struct result *own_of(struct batch *b, unsigned v)
{
    return &b->result[b->vectors + v];
}

/* --- in -----------------------------------------------------------------------------------------
 */

/* Request of lane l of vector v; behind the last living one stand repetitions of it. */
static const struct lk_ecdh_job *job_at(const struct batch *b, unsigned v, unsigned l)
{
    unsigned i = v * LANES + l;
    return b->job[i < b->count ? i : b->count - 1];
}

/* Form 04 alone. */
static void peer_load(const struct batch *b, unsigned v, struct vector *vector)
{
    lane form = lane_zero();
    for (unsigned l = 0; l < LANES; l++)
        given_load(&form, vector->peer_x, vector->peer_y, l, job_at(b, v, l)->peer);
    lane good = lane_and(form, point_take(vector->peer_x, vector->peer_y));
    vector->none = lane_xor(good, lane_all(~UINT64_C(0)));
    EACH_DIGIT(i)
    {
        lane x = constant(&TABLE[0][i][0]), y = constant(&TABLE[0][DIGITS + i][0]);
        vector->peer_x[i] = lane_select(good, vector->peer_x[i], x);
        vector->peer_y[i] = lane_select(good, vector->peer_y[i], y);
    }
}

/* k = c1 R + c0 modulo n, of 512 bits. One that is zero counts as one: its lane comes to nothing.
 */
static void key_make(const struct batch *b, unsigned v, struct vector *vector)
{
    lane c[COLUMNS], power[DIGITS], low[DIGITS], high[DIGITS], k[DIGITS];
    for (unsigned l = 0; l < LANES; l++)
        bytes_load(c, l, job_at(b, v, l)->secret, LK_ECDH_SECRET_BYTES_MAX, COLUMNS);
    fe_constant(power, CURVE.n_r2);
    order_mul(high, c + DIGITS, power);
    fe_constant(power, CURVE.n_r);
    order_mul(low, c, power);
    fe_mask(low);
    fe_mask(high);
    digits_add(k, low, high);
    order_mul_finish(k, k, power);
    vector->zero = fe_is_zero(k);
    fe_constant(low, CURVE.one);
    fe_select(k, vector->zero, low, k);
    vector->even = lane_sub(lane_and(k[0], lane_all(1)), lane_all(1));
    digits_negate(high, k, CURVE.n[1]);
    fe_select(vector->odd, vector->even, high, k);
    LK_WIPE(c);
    LK_WIPE(low);
    LK_WIPE(high);
    LK_WIPE(k);
}

/* --- points -------------------------------------------------------------------------------------
 */

/* The secrets' points of `count` vectors from v on. */
STRAIGHT void shared_make(struct batch *b, unsigned v, unsigned count)
{
    struct variable *m[BESIDE];
    for (unsigned i = 0; i < count; i++) {
        m[i] = &b->variable[i];
        struct jacobian *peer = &m[i]->sum;
        fe_copy(m[i]->k, b->v[v + i].odd);
        fe_copy(peer->x, b->v[v + i].peer_x);
        digits_add(peer->y2, b->v[v + i].peer_y, b->v[v + i].peer_y);
        fe_constant(peer->z, CURVE.p_r);
    }
    multiply_variable(m, VARIABLE_WINDOWS(8 * NUMBER_BYTES), count);
    for (unsigned i = 0; i < count; i++) {
        b->v[v + i].shared = m[i]->sum;
        STAGE(LK_EC_STAGE_ADD, &b->v[v + i].shared, 3 * DIGITS);
    }
}

/* Apart, so that the count is a number in either. */
static __attribute__((noinline)) void shared_beside(struct batch *b, unsigned v)
{
    shared_make(b, v, BESIDE);
}

static __attribute__((noinline)) void shared_of_one(struct batch *b, unsigned v)
{
    shared_make(b, v, 1);
}

static void shared_of_all(struct batch *b)
{
    unsigned v = 0;
    for (; v + BESIDE <= b->vectors; v += BESIDE)
        shared_beside(b, v);
    if (v < b->vectors) shared_of_one(b, v);
}

/* A denominator of zero is an addition that failed; it becomes one, so that the others' inverses
 * are not lost. */
static void result_guard(struct result *r, const lane *under)
{
    lane one[DIGITS], t[DIGITS];
    fe_constant(one, CURVE.one);
    fe_mul(t, under, one);
    fe_mask(t);
    fe_finish(t, CURVE.p[1]);
    r->void_ = fe_is_zero(t);
    fe_constant(one, CURVE.p_r);
    fe_select(r->under, r->void_, one, under);
}

/* One inversion for all: going up, products of all before; going down, the inverse of those. */
static void batch_invert(struct batch *b)
{
    lane all[DIGITS];
    unsigned count = b->with_own ? 2 * b->vectors : b->vectors;
    fe_copy(all, b->result[0].under);
    for (unsigned i = 1; i < count; i++) {
        fe_copy(b->result[i].inverse, all);
        fe_mul(all, all, b->result[i].under);
    }
    field_invert(&b->gcd, all);
    STAGE(LK_EC_STAGE_INVERSE, all, DIGITS);
    for (unsigned i = count - 1; i > 0; i--) {
        struct result *r = &b->result[i];
        fe_mul(r->inverse, r->inverse, all);
        fe_mul(all, all, r->under);
        STAGE(LK_EC_STAGE_INVERSES, r->inverse, DIGITS);
    }
    fe_copy(b->result[0].inverse, all);
    LK_WIPE(all);
}

/* Out of Montgomery form. */
static void coordinate_end(lane *to, const lane *x)
{
    lane one[DIGITS];
    fe_constant(one, CURVE.one);
    fe_mul(to, x, one);
    fe_mask(to);
    fe_finish(to, CURVE.p[1]);
}

/* y := y / 2, clean and below 1. */
static void halve(lane *y)
{
    lane odd = lane_sub(lane_zero(), lane_and(y[0], lane_all(1)));
    EACH_DIGIT(i) y[i] = lane_add(y[i], lane_and(odd, constant(&CURVE.p[1][i])));
    fe_carry(y, y);
    fe_mask(y);
    EACH_DIGIT(i)
    {
        lane next = i + 1 < DIGITS ? lane_shl(lane_and(y[i + 1], lane_all(1)), 51) : lane_zero();
        y[i] = lane_or(lane_shr(y[i], 1), next);
    }
}

/* x = X / Z^2, 2y = 2Y / Z^3. */
static void shared_end(struct result *r, const struct jacobian *sum)
{
    lane zz[DIGITS], t[DIGITS];
    fe_square(zz, r->inverse);
    fe_mul(t, sum->x, zz);
    coordinate_end(r->x, t);
    fe_mul(zz, zz, r->inverse);
    fe_mul(t, sum->y2, zz);
    coordinate_end(r->y, t);
    halve(r->y);
    LK_WIPE(zz);
    LK_WIPE(t);
    STAGE(LK_EC_STAGE_R, r->x, DIGITS);
    STAGE(LK_EC_STAGE_Y, r->y, DIGITS);
}

/* x = X / ZZ, 1 / ZZ = (ZZ / ZZZ)^2; y = Y / ZZZ, of n - k the other one. */
static void own_end(struct result *r, const struct point *sum, lane even)
{
    lane t[DIGITS], other[DIGITS];
    fe_mul(t, sum->zz, r->inverse);
    fe_square(t, t);
    fe_mul(t, sum->x, t);
    coordinate_end(r->x, t);
    fe_mul(t, sum->y, r->inverse);
    coordinate_end(r->y, t);
    digits_negate(other, r->y, CURVE.p[1]);
    fe_select(r->y, even, other, r->y);
    STAGE(LK_EC_STAGE_R, r->x, DIGITS);
    STAGE(LK_EC_STAGE_Y, r->y, DIGITS);
}

/* --- a batch ------------------------------------------------------------------------------------
 */

static void batch_jobs(struct batch *b, const struct lk_ecdh_job *job, uint64_t live)
{
    b->count = 0;
    for (; live != 0; live &= live - 1)
        b->job[b->count++] = &job[__builtin_ctzll(live)];
    b->vectors = (b->count + LANES - 1) / LANES;
}

static void batch_own(struct batch *b)
{
    for (unsigned v = 0; v < b->vectors; v++)
        fe_copy(b->m[v].k, b->v[v].odd);
    multiply_base(b->m, b->vectors);
    for (unsigned v = 0; v < b->vectors; v++)
        result_guard(own_of(b, v), b->m[v].sum.zzz);
}

static void batch_agree(struct batch *b)
{
    for (unsigned v = 0; v < b->vectors; v++)
        peer_load(b, v, &b->v[v]);
    for (unsigned v = 0; v < b->vectors; v++)
        key_make(b, v, &b->v[v]);
    shared_of_all(b);
    for (unsigned v = 0; v < b->vectors; v++)
        result_guard(shared_of(b, v), b->v[v].shared.z);
    if (b->with_own) batch_own(b);
    batch_invert(b);
    for (unsigned v = 0; v < b->vectors; v++) {
        shared_end(shared_of(b, v), &b->v[v].shared);
        if (b->with_own) own_end(own_of(b, v), &b->m[v].sum, b->v[v].even);
    }
}

/* All ones where what goes out is a point. */
static lane result_good(struct result *r)
{
    lane x[DIGITS], y[DIGITS];
    fe_mask(r->x);
    fe_mask(r->y);
    fe_copy(x, r->x);
    fe_copy(y, r->y);
    lane good = lane_and(point_take(x, y), lane_not(r->void_));
    LK_WIPE(x);
    LK_WIPE(y);
    return good;
}

/* All ones where entries were those that were wanted, and signs those of k. */
static lane own_is_of_k(const struct multiple *m, const struct vector *vector)
{
    lane used[DIGITS], stray = m->stray;
    used_take(m, used);
    fe_mask(used);
    EACH_DIGIT(i) stray = lane_or(stray, lane_xor(used[i], vector->odd[i]));
    LK_WIPE(used);
    return lane_not(lane_sign(lane_or(stray, lane_sub(lane_zero(), stray))));
}

/* All ones in the lanes of vector v that may go out, else zero. */
static lane vector_good(struct batch *b, unsigned v)
{
    struct vector *vector = &b->v[v];
    lane good = lane_and(result_good(shared_of(b, v)), lane_not(vector->zero));
    if (b->with_own) {
        lane own = lane_and(result_good(own_of(b, v)), own_is_of_k(&b->m[v], vector));
        good = lane_and(good, own);
    }
    return mask_whole(lane_and(good, lane_not(vector->none)));
}

static void own_store(uint8_t *own, const struct result *r, unsigned l, uint64_t keep)
{
    own[0] = (uint8_t)(4 & keep);
    bytes_store(own + 1, r->x, l, keep);
    bytes_store(own + 1 + NUMBER_BYTES, r->y, l, keep);
}

/* Chosen by mask: what became of a lane is for the caller to tell, and no step here hangs on it. */
static uint64_t batch_out(struct batch *b, uint64_t live, uint64_t *refused)
{
    uint64_t returned = 0, good[LANES], none[LANES];
    for (unsigned i = 0; i < b->count; i++, live &= live - 1) {
        unsigned v = i / LANES, l = i % LANES;
        if (l == 0) {
            lane mask = vector_good(b, v);
            memcpy(good, &mask, sizeof good);
            memcpy(none, &b->v[v].none, sizeof none);
        }
        bytes_store(b->job[i]->shared, shared_of(b, v)->x, l, good[l]);
        if (b->with_own) own_store(b->job[i]->own, own_of(b, v), l, good[l]);
        returned |= live & (0 - live) & good[l];
        *refused |= live & (0 - live) & none[l];
    }
    return returned;
}

/* What was written, and that alone: of a few requests most of the batch was not. */
static void batch_wipe(struct batch *b)
{
    if (b->with_own) lk_wipe(b->m, b->vectors * sizeof b->m[0]);
    lk_wipe(b->v, b->vectors * sizeof b->v[0]);
    LK_WIPE(b->variable);
    lk_wipe(b->result, (b->with_own ? 2 : 1) * b->vectors * sizeof b->result[0]);
    LK_WIPE(b->gcd);
    lk_wipe(b, offsetof(struct batch, m));
}

static uint64_t run(struct batch *b, bool with_own, const struct lk_ecdh_job *job, uint64_t live,
                    uint64_t *refused)
{
    *refused = 0;
    if (live == 0) return 0;
    b->with_own = with_own;
    batch_jobs(b, job, live);
    batch_agree(b);
    uint64_t returned = batch_out(b, live, refused);
    lanes_leave();
    batch_wipe(b);
    return returned;
}

static uint64_t agree(void *work, const struct lk_ecdh_job *job, uint64_t live, uint64_t *refused)
{
    return run(work, true, job, live, refused);
}

static uint64_t derive(void *work, const struct lk_ecdh_job *job, uint64_t live, uint64_t *refused)
{
    return run(work, false, job, live, refused);
}

#define KERNEL(name_, isa_, needs_)                                                                \
    {                                                                                              \
        .name = name_, .isa = isa_, .needs = needs_, .lanes = LANES, .requests = REQUESTS,        \
        .work_bytes = sizeof(struct batch), .secret_bytes = LK_ECDH_SECRET_BYTES_MAX,              \
        .point_bytes = 1 + 2 * NUMBER_BYTES, .shared_bytes = NUMBER_BYTES, .agree = agree,         \
        .derive = derive,                                                                          \
    }
