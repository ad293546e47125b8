/* x25519_kernel: key agreement over Curve25519 for many requests, over a lane type. An instance
 * (x25519_ifma.c, x25519_ref.c) includes a lane header, the pick that belongs to it, then this
 * file.
 *
 * STAGE(stage, numbers, count) stands after each step and is nothing, unless a test makes it flip
 * bits (tests/support). */
#include <stdbool.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/ec/ecdh_kernel.h"
#include "crypto/ec/x25519_base.inc.c"
#include "crypto/ec/x25519_ladder.inc.c"

#define REQUESTS (LANES * LK_ECDH_VECTORS)
#define BYTES 32
#define KEY_BITS 255 /* the lowest three are zero */

/* A quotient, and what it is made of: loose. */
struct quotient {
    lane over[DIGITS], under[DIGITS];
    lane inverse[DIGITS]; /* 1 / under; on the way, the product of all before */
    lane value[DIGITS];   /* finished: what goes out */
    lane void_;           /* all ones: under is zero, and counts as one */
};

struct batch {
    const struct lk_ecdh_job *job[REQUESTS]; /* the living, close together */
    unsigned count, vectors;
    bool with_own;
    lane k[LK_ECDH_VECTORS][DIGITS]; /* clean */
    struct multiple m[LK_ECDH_VECTORS];
    struct ladder ladder[LK_ECDH_VECTORS];
    struct quotient quotient[2 * LK_ECDH_VECTORS]; /* secrets of all vectors, then shares */
};

static struct quotient *shared_of(struct batch *b, unsigned v)
{
    return &b->quotient[v];
}

static struct quotient *own_of(struct batch *b, unsigned v)
{
    return &b->quotient[b->vectors + v];
}

static unsigned quotient_count(const struct batch *b)
{
    return b->with_own ? 2 * b->vectors : b->vectors;
}

/* --- in and out ---------------------------------------------------------------------------------
 */

/* Lane `l` of five digits := 32 bytes, little-endian. Digit i begins in the middle of a byte when i
 * is odd. */
static void bytes_load(lane *to, unsigned l, const uint8_t *bytes)
{
    uint64_t *word = (uint64_t *)(void *)to + l, eight;
    uint8_t more[BYTES + 8] = {0};
    memcpy(more, bytes, BYTES);
    for (unsigned i = 0; i < DIGITS; i++) {
        memcpy(&eight, more + i * 13 / 2, sizeof eight);
        word[i * LANES] = eight >> (i % 2 * 4) & MASK52;
    }
    LK_WIPE(more);
}

/* bytes[32] := lane l of five digits, below 2^256, those bits that the check has seen; keep: all
 * ones, or 0 for zeros. */
static void bytes_store(uint8_t *bytes, const lane *from, unsigned l, uint64_t keep)
{
    const uint64_t *word = (const uint64_t *)(const void *)from + l;
    uint64_t d[DIGITS];
    for (unsigned i = 0; i < DIGITS; i++)
        d[i] = word[i * LANES] & MASK52 & keep;
    uint64_t out[4] = {d[0] | d[1] << 52, d[1] >> 12 | d[2] << 40, d[2] >> 24 | d[3] << 28,
                       d[3] >> 36 | d[4] << 16};
    memcpy(bytes, out, sizeof out);
    LK_WIPE(out);
    LK_WIPE(d);
}

/* Bits 0 to 2 of a key are zero, bit 254 is the highest. */
static void key_load(lane *to, unsigned l, const uint8_t *secret)
{
    uint8_t key[BYTES];
    memcpy(key, secret, sizeof key);
    key[0] &= 0xf8;
    key[BYTES - 1] = (key[BYTES - 1] & 0x7f) | 0x40;
    bytes_load(to, l, key);
    LK_WIPE(key);
}

/* Request of lane l of vector v; behind the last living one stand repetitions of it. */
static const struct lk_ecdh_job *job_at(const struct batch *b, unsigned v, unsigned l)
{
    unsigned i = v * LANES + l;
    return b->job[i < b->count ? i : b->count - 1];
}

/* Bit 255 of the peer's u is none of it; what lies between p and 2^255 is taken modulo p. */
static void vector_load(struct batch *b, unsigned v)
{
    lane *u = b->ladder[v].u;
    for (unsigned l = 0; l < LANES; l++) {
        key_load(b->k[v], l, job_at(b, v, l)->secret);
        bytes_load(u, l, job_at(b, v, l)->peer);
    }
    u[4] = lane_and(u[4], constant(&lk_x25519.low47));
}

/* --- quotients ----------------------------------------------------------------------------------
 */

static void quotient_guard(struct quotient *q)
{
    lane one[DIGITS], under[DIGITS];
    fe_copy(under, q->under);
    fe_reduce(under);
    fe_constant(one, lk_x25519.one);
    q->void_ = fe_is_zero(under);
    fe_select(q->under, q->void_, one, under);
    LK_WIPE(under);
}

/* u = (Z + Y) / (Z - Y) on the one curve is what y = Y / Z is on the other. */
static void quotients_begin(struct batch *b, unsigned v)
{
    struct quotient *own = own_of(b, v), *shared = shared_of(b, v);
    struct sum *sum = &b->m[v].sum;
    lane y[DIGITS];
    fe_copy(shared->over, b->ladder[v].x2);
    fe_copy(shared->under, b->ladder[v].z2);
    quotient_guard(shared);
    if (!b->with_own) return;
    fe_settle(y, sum->y);
    fe_mask(y);
    fe_add(own->over, sum->z, y);
    fe_sub(own->under, sum->z, y);
    fe_settle(sum->x, sum->x);
    fe_settle(sum->y, sum->y);
    fe_settle(sum->z, sum->z);
    quotient_guard(own);
}

/* One inversion for all: going up, products of all before; going down, the inverse of all before.
 */
static void batch_invert(struct batch *b)
{
    unsigned count = quotient_count(b);
    lane all[DIGITS];
    fe_copy(all, b->quotient[0].under);
    for (unsigned i = 1; i < count; i++) {
        fe_copy(b->quotient[i].inverse, all);
        fe_mul(all, all, b->quotient[i].under);
    }
    fe_invert(all, all);
    STAGE(LK_X25519_STAGE_INVERSE, all, DIGITS);
    for (unsigned i = count - 1; i > 0; i--) {
        struct quotient *q = &b->quotient[i];
        fe_mul(q->inverse, q->inverse, all);
        fe_mul(all, all, q->under);
        STAGE(LK_X25519_STAGE_INVERSES, q->inverse, DIGITS);
    }
    fe_copy(b->quotient[0].inverse, all);
    LK_WIPE(all);
}

static void quotient_end(struct quotient *q)
{
    fe_mul(q->value, q->over, q->inverse);
    fe_reduce(q->value);
}

/* All ones where value times under is over. */
static lane quotient_holds(const struct quotient *q)
{
    lane t[DIGITS], over[DIGITS];
    fe_copy(over, q->over);
    fe_mask(over);
    fe_product(t, q->value, q->under, LIFTED);
    fe_sub(t, t, over);
    fe_reduce(t);
    lane good = fe_is_zero(t);
    LK_WIPE(t);
    LK_WIPE(over);
    return good;
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

static void batch_begin(struct batch *b)
{
    for (unsigned v = 0; v < b->vectors; v++) {
        vector_load(b, v);
        multiple_begin(&b->m[v], b->k[v]);
        ladder_begin(&b->ladder[v], b->k[v]);
    }
}

static void batch_end(struct batch *b)
{
    for (unsigned v = 0; v < b->vectors; v++)
        quotients_begin(b, v);
    batch_invert(b);
    for (unsigned i = 0; i < quotient_count(b); i++)
        quotient_end(&b->quotient[i]);
    for (unsigned v = 0; v < b->vectors; v++) {
        STAGE(LK_X25519_STAGE_SHARED, shared_of(b, v)->value, DIGITS);
        STAGE(LK_X25519_STAGE_OWN, own_of(b, v)->value, DIGITS);
    }
}

/* What becomes of the lanes of a vector: all ones or zero. */
struct verdict {
    lane good, refused;
};

/* A secret of zeros is the work of the peer's point; whether one made it hangs on nothing else,
 * since k is a multiple of all small orders. */
static struct verdict vector_judge(struct batch *b, unsigned v)
{
    struct quotient *shared = shared_of(b, v);
    fe_mask(shared->value);
    lane refused = mask_whole(lane_or(shared->void_, fe_is_zero(shared->value)));
    lane good = lane_and(ladder_holds(&b->ladder[v]), quotient_holds(shared));
    return (struct verdict){mask_whole(lane_and(good, lane_not(refused))), refused};
}

/* Of the own share, all ones where it is right. */
static lane own_judge(struct batch *b, unsigned v)
{
    struct quotient *own = own_of(b, v);
    fe_mask(own->value);
    lane good = lane_and(sum_holds(&b->m[v].sum), quotient_holds(own));
    return mask_whole(lane_and(good, lane_not(own->void_)));
}

/* Chosen by mask: what became of a lane is for the caller to tell, and no step here hangs on it. */
static uint64_t batch_out(struct batch *b, uint64_t live, uint64_t *refused)
{
    uint64_t returned = 0, good[LANES], none[LANES];
    for (unsigned i = 0; i < b->count; i++, live &= live - 1) {
        unsigned v = i / LANES, l = i % LANES;
        if (l == 0) {
            struct verdict verdict = vector_judge(b, v);
            if (b->with_own) verdict.good = lane_and(verdict.good, own_judge(b, v));
            memcpy(good, &verdict.good, sizeof good);
            memcpy(none, &verdict.refused, sizeof none);
        }
        bytes_store(b->job[i]->shared, shared_of(b, v)->value, l, good[l]);
        if (b->with_own) bytes_store(b->job[i]->own, own_of(b, v)->value, l, good[l]);
        returned |= live & (0 - live) & good[l];
        *refused |= live & (0 - live) & none[l];
    }
    return returned;
}

static uint64_t run(struct batch *b, bool with_own, const struct lk_ecdh_job *job, uint64_t live,
                    uint64_t *refused)
{
    *refused = 0;
    if (live == 0) return 0;
    b->with_own = with_own;
    batch_jobs(b, job, live);
    batch_begin(b);
    for (unsigned v = 0; v < b->vectors; v += BESIDE)
        ladder_run(&b->ladder[v], KEY_BITS, b->vectors - v < BESIDE ? b->vectors - v : BESIDE);
    if (b->with_own) multiply_base(b->m, b->vectors);
    batch_end(b);
    uint64_t returned = batch_out(b, live, refused);
    lanes_leave();
    lk_wipe(b, sizeof *b);
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

#define KERNEL(isa_, needs_)                                                                       \
    {                                                                                              \
        .name = "x25519", .isa = isa_, .needs = needs_, .lanes = LANES, .requests = REQUESTS,      \
        .work_bytes = sizeof(struct batch), .secret_bytes = BYTES, .point_bytes = BYTES,           \
        .shared_bytes = BYTES, .agree = agree, .derive = derive,                                   \
    }
