/* ec_kernel: ECDSA for many requests, over a lane type and a curve. An instance (p256_ifma.c,
 * p384_ref.c) includes a lane header, the pick that belongs to it, a curve's field
 * (p256_field.inc.c), then this file.
 *
 * STAGE(stage, numbers, count) stands after each step and is nothing, unless a test makes it flip
 * bits (tests/support). */
#include <string.h>

#include "crypto/ct.h"
#include "crypto/ec/ec_bytes.inc.c"
#include "crypto/ec/ec_curve.inc.c"
#include "crypto/ec/ec_invert.inc.c"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ec_point.inc.c"

#define REQUESTS (LANES * LK_EC_VECTORS)

/* What the requests of one vector have. */
struct signing {
    lane k_r[DIGITS]; /* k R mod n, loose, below 4 */
    lane even;        /* all ones: k was even, and n - k is multiplied by */
    lane void_;       /* all ones: k is zero, or its point was not found */
    lane e[DIGITS], d[DIGITS];
    lane z_inverse[DIGITS], k_inverse[DIGITS];
    lane r[DIGITS], s[DIGITS]; /* clean: what goes out */
    lane y[DIGITS];            /* of the point; loose */
};

struct batch {
    const struct lk_ec_job *job[REQUESTS]; /* the living, close together */
    unsigned count, vectors;
    struct multiple m[LK_EC_VECTORS];
    struct signing v[LK_EC_VECTORS];
    struct inverting inverting;
};

/* --- in and out ---------------------------------------------------------------------------------
 */

static void digits_load(lane *to, unsigned l, const uint64_t *from)
{
    for (unsigned i = 0; i < DIGITS; i++)
        ((uint64_t *)(void *)to)[i * LANES + l] = from[i];
}

/* As many bits of the digest as n has, the leftmost, as a number. */
static void digest_load(lane *to, unsigned l, const struct lk_ec_job *job)
{
    uint8_t padded[NUMBER_BYTES] = {0};
    const uint8_t *digest = job->digest;
    if (job->digest_bytes < NUMBER_BYTES) {
        memcpy(padded + NUMBER_BYTES - job->digest_bytes, digest, job->digest_bytes);
        digest = padded;
    }
    bytes_load(to, l, digest, NUMBER_BYTES, DIGITS);
}

/* Request of lane l of vector v; behind the last living one stand repetitions of it. */
static const struct lk_ec_job *job_at(const struct batch *b, unsigned v, unsigned l)
{
    unsigned i = v * LANES + l;
    return b->job[i < b->count ? i : b->count - 1];
}

/* --- k ------------------------------------------------------------------------------------------
 */

/* k R = c0 R^2 / R + c1 R^3 / R for k = c1 R + c0: below 4. */
static void nonce_reduce(const struct batch *b, unsigned v, struct signing *s)
{
    lane c[COLUMNS], power[DIGITS], low[DIGITS], high[DIGITS];
    for (unsigned l = 0; l < LANES; l++)
        bytes_load(c, l, job_at(b, v, l)->nonce, LK_EC_NONCE_BYTES, COLUMNS);
    fe_constant(power, CURVE.n_r2);
    order_mul(low, c, power);
    fe_constant(power, CURVE.n_r3);
    order_mul(high, c + DIGITS, power);
    fe_mask(low);
    fe_mask(high);
    digits_add(s->k_r, low, high);
    STAGE(LK_EC_STAGE_NONCE, s->k_r, DIGITS);
    LK_WIPE(c);
}

/* k itself below n, and of k and n - k the odd one. One that is zero counts as one: its lane comes
 * to nothing. */
static void nonce_take(struct signing *s, lane *odd)
{
    lane one[DIGITS], k[DIGITS], other[DIGITS];
    fe_constant(one, CURVE.one);
    order_mul_finish(k, s->k_r, one);
    s->void_ = fe_is_zero(k);
    fe_select(k, s->void_, one, k);
    fe_constant(other, CURVE.n_r);
    fe_select(s->k_r, s->void_, other, s->k_r);
    s->even = lane_sub(lane_and(k[0], lane_all(1)), lane_all(1));
    digits_negate(other, k, CURVE.n[1]);
    fe_select(odd, s->even, other, k);
    STAGE(LK_EC_STAGE_ODD, odd, DIGITS);
}

/* --- the point ----------------------------------------------------------------------------------
 */

/* ZZZ = 0 is the addition that failed; it becomes one, so that the others' inverses are not lost.
 */
static void point_guard(struct signing *s, struct point *sum)
{
    lane one[DIGITS], zzz[DIGITS];
    fe_copy(zzz, sum->zzz);
    fe_mask(zzz);
    fe_finish(zzz, CURVE.p[1]);
    lane zero = fe_is_zero(zzz);
    s->void_ = lane_or(s->void_, zero);
    fe_constant(one, CURVE.p_r);
    fe_select(sum->zzz, zero, one, sum->zzz);
}

/* r := x = X / ZZ, 1 / ZZ = (ZZ / ZZZ)^2, out of Montgomery form; y = Y / ZZZ stays in it. */
static void point_affine(struct signing *s, const struct point *sum)
{
    lane x[DIGITS], one[DIGITS];
    fe_mul(x, sum->zz, s->z_inverse);
    fe_square(x, x);
    fe_mul(x, sum->x, x);
    fe_constant(one, CURVE.one);
    fe_mul(s->r, x, one);
    fe_mask(s->r);
    fe_finish(s->r, CURVE.p[1]);
    STAGE(LK_EC_STAGE_R, s->r, DIGITS);
    fe_mul(s->y, sum->y, s->z_inverse);
    STAGE(LK_EC_STAGE_Y, s->y, DIGITS);
}

/* --- s ------------------------------------------------------------------------------------------
 */

static void operands_load(const struct batch *b, unsigned v, struct signing *s, bool to_check)
{
    for (unsigned l = 0; l < LANES; l++) {
        const struct lk_ec_job *job = job_at(b, v, l);
        digest_load(s->e, l, job);
        digits_load(s->d, l, to_check ? job->key->d_r2 : job->key->d_r);
    }
}

/* s := (e + r d) / k: r d below 2, the sum below 3.1, 1 / k below 2. */
static void signing_end(struct signing *s)
{
    lane sum[DIGITS];
    order_mul(sum, s->r, s->d);
    fe_mask(sum);
    digits_add(sum, sum, s->e);
    order_mul_finish(s->s, sum, s->k_inverse);
    STAGE(LK_EC_STAGE_S, s->s, DIGITS);
    LK_WIPE(sum);
}

/* --- the check ----------------------------------------------------------------------------------
 */

/* All ones where (r, y) is a point. */
static lane on_curve(const struct signing *s)
{
    lane x[DIGITS], power[DIGITS];
    fe_constant(power, CURVE.p_r2);
    fe_mul(x, s->r, power);
    return is_on_curve(x, s->y);
}

/* All ones where s k = e + r d, with k as the point was computed by, d of the key's other copy, e
 * read anew. For n - k the sign is the other. */
static lane equation_holds(const struct multiple *m, const struct signing *s)
{
    lane k[DIGITS], left[DIGITS], right[DIGITS], other[DIGITS], factor[DIGITS];
    used_take(m, k);
    fe_constant(factor, CURVE.n_r2);
    order_mul(left, s->s, factor);
    order_mul(left, left, k); /* s k, below 2.1 */
    fe_mask(left);
    fe_constant(factor, CURVE.one);
    order_mul(right, s->r, s->d);
    order_mul(right, right, factor); /* r d, at most 1 */
    fe_mask(right);
    digits_add(right, right, s->e); /* below 2.1 */
    fe_mask(right);
    digits_negate(other, right, CURVE.n[3]);
    fe_select(right, s->even, right, other);
    digits_add(left, left, right); /* s k -+ (e + r d), below 5.1 */
    order_mul_finish(left, left, factor);
    STAGE(LK_EC_STAGE_CHECK, left, DIGITS);
    lane good = fe_is_zero(left);
    LK_WIPE(k);
    LK_WIPE(right);
    LK_WIPE(other);
    return good;
}

/* All ones in the lanes of vector v that may go out, else zero: a mask of which a bit is missing
 * counts for none. */
static lane signing_good(struct batch *b, unsigned v)
{
    struct signing *s = &b->v[v];
    lane ones = lane_all(~UINT64_C(0));
    operands_load(b, v, s, true);
    fe_mask(s->r);
    fe_mask(s->s);
    lane bad = lane_or(b->m[v].stray, s->void_);
    lane good = lane_and(in_range(s->r), in_range(s->s));
    good = lane_and(good, lane_and(on_curve(s), equation_holds(&b->m[v], s)));
    bad = lane_or(bad, lane_xor(good, ones));
    return lane_xor(lane_sign(lane_or(bad, lane_sub(lane_zero(), bad))), ones);
}

/* --- a batch ------------------------------------------------------------------------------------
 */

static void batch_jobs(struct batch *b, const struct lk_ec_job *job, uint64_t live)
{
    b->count = 0;
    for (; live != 0; live &= live - 1)
        b->job[b->count++] = &job[__builtin_ctzll(live)];
    b->vectors = (b->count + LANES - 1) / LANES;
}

/* z_inverse and k_inverse of all vectors by one inversion: going up, products of all
 * before; going down, the inverse of all before. */
static void batch_invert(struct batch *b)
{
    struct inverting *x = &b->inverting;
    fe_copy(x->z, b->m[0].sum.zzz);
    fe_copy(x->k, b->v[0].k_r);
    for (unsigned v = 1; v < b->vectors; v++) {
        fe_copy(b->v[v].z_inverse, x->z);
        fe_copy(b->v[v].k_inverse, x->k);
        fe_mul(x->z, x->z, b->m[v].sum.zzz);
        order_mul(x->k, x->k, b->v[v].k_r);
    }
    invert(x);
    STAGE(LK_EC_STAGE_INVERSE, x->z, 2 * DIGITS);
    for (unsigned v = b->vectors - 1; v > 0; v--) {
        fe_mul(b->v[v].z_inverse, b->v[v].z_inverse, x->z);
        order_mul(b->v[v].k_inverse, b->v[v].k_inverse, x->k);
        fe_mul(x->z, x->z, b->m[v].sum.zzz);
        order_mul(x->k, x->k, b->v[v].k_r);
    }
    fe_copy(b->v[0].z_inverse, x->z);
    fe_copy(b->v[0].k_inverse, x->k);
    for (unsigned v = 0; v < b->vectors; v++)
        STAGE(LK_EC_STAGE_INVERSES, b->v[v].z_inverse, 2 * DIGITS);
}

static void batch_sign(struct batch *b)
{
    for (unsigned v = 0; v < b->vectors; v++) {
        nonce_reduce(b, v, &b->v[v]);
        nonce_take(&b->v[v], b->m[v].k);
    }
    multiply_base(b->m, b->vectors);
    for (unsigned v = 0; v < b->vectors; v++)
        point_guard(&b->v[v], &b->m[v].sum);
    batch_invert(b);
    for (unsigned v = 0; v < b->vectors; v++) {
        point_affine(&b->v[v], &b->m[v].sum);
        operands_load(b, v, &b->v[v], false);
        signing_end(&b->v[v]);
    }
}

/* Chosen by mask: whether a signature was right is for the caller to tell, and no step here hangs
 * on it. */
static uint64_t batch_out(struct batch *b, uint64_t live)
{
    uint64_t returned = 0, good[LANES];
    for (unsigned i = 0; i < b->count; i++, live &= live - 1) {
        unsigned v = i / LANES, l = i % LANES;
        if (l == 0) {
            lane mask = signing_good(b, v);
            memcpy(good, &mask, sizeof good);
        }
        bytes_store(b->job[i]->signature, b->v[v].r, l, good[l]);
        bytes_store(b->job[i]->signature + NUMBER_BYTES, b->v[v].s, l, good[l]);
        returned |= live & (0 - live) & good[l];
    }
    return returned;
}

/* What was written, and that alone: of a few requests most of the batch was not. */
static void batch_wipe(struct batch *b)
{
    lk_wipe(b->m, b->vectors * sizeof b->m[0]);
    lk_wipe(b->v, b->vectors * sizeof b->v[0]);
    LK_WIPE(b->inverting);
    lk_wipe(b, offsetof(struct batch, m));
}

static uint64_t sign(void *work, const struct lk_ec_job *job, uint64_t live)
{
    struct batch *b = work;
    if (live == 0) return 0;
    batch_jobs(b, job, live);
    batch_sign(b);
    uint64_t returned = batch_out(b, live);
    lanes_leave();
    batch_wipe(b);
    return returned;
}

/* --- for tests and bench ------------------------------------------------------------------------
 */

static const struct lk_ec_key no_key;
static const uint8_t no_digest[NUMBER_BYTES];

static uint64_t multiply(void *work, const uint8_t *k, uint8_t *xy, unsigned count)
{
    struct batch *b = work;
    struct lk_ec_job job[REQUESTS];
    uint8_t nonce[REQUESTS][LK_EC_NONCE_BYTES] = {{0}};
    uint64_t done = 0;
    for (unsigned i = 0; i < count; i++) {
        memcpy(nonce[i] + LK_EC_NONCE_BYTES - NUMBER_BYTES, k + i * NUMBER_BYTES, NUMBER_BYTES);
        job[i] = (struct lk_ec_job){&no_key, no_digest, sizeof no_digest, nonce[i],
                                    xy + 2 * i * NUMBER_BYTES};
    }
    batch_jobs(b, job, ~UINT64_C(0) >> (64 - count));
    batch_sign(b);
    for (unsigned i = 0; i < count; i++) {
        struct signing *s = &b->v[i / LANES];
        lane one[DIGITS], y[DIGITS], other[DIGITS];
        fe_constant(one, CURVE.one);
        fe_mul(y, s->y, one);
        fe_mask(y);
        fe_finish(y, CURVE.p[1]);
        digits_negate(other, y, CURVE.p[1]);
        fe_select(y, s->even, other, y);
        uint64_t void_[LANES];
        memcpy(void_, &s->void_, sizeof void_);
        bytes_store(job[i].signature, s->r, i % LANES, ~void_[i % LANES]);
        bytes_store(job[i].signature + NUMBER_BYTES, y, i % LANES, ~void_[i % LANES]);
        done |= (~void_[i % LANES] & 1) << i;
    }
    lanes_leave();
    return done;
}

static void add(void *work, unsigned count)
{
    struct batch *b = work;
    struct entry entry[2];
    for (unsigned v = 0; v < 2; v++) {
        fe_constant(b->m[v].k, CURVE.one);
        window_first(&b->m[v]);
        window_pick(&b->m[v], 1, &entry[v]);
    }
    for (unsigned i = 0; i < count; i++)
        for (unsigned v = 0; v < 2; v += BESIDE)
            point_add(b->m + v, entry + v, BESIDE);
    lanes_leave();
}

#define KERNEL(name_, isa_, needs_)                                                                \
    {                                                                                              \
        .name = name_, .isa = isa_, .needs = needs_, .bytes = NUMBER_BYTES, .lanes = LANES,        \
        .requests = REQUESTS, .work_bytes = sizeof(struct batch), .sign = sign,                    \
        .multiply = multiply, .add = add,                                                          \
    }
