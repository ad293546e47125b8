/* rsa_kernel: m = c^d mod N for several requests, over a lane type. An instance (rsa_ifma.c,
 * rsa_ref.c) includes a lane header, then this file, and makes its table of kernels.
 *
 * A group is one pass: PAIRS requests, the lanes of p in one half and those of q in the other. A
 * batch has up to two, one after the other in the same scratch. In the second the halves are
 * exchanged: the result of request i then comes out in lane i, and the check runs over all lanes at
 * once.
 *
 * STAGE(stage, numbers, count) stands after each step and is nothing, unless a test makes it flip
 * bits (tests/support). */
#include "crypto/ct.h"
#include "crypto/rsa/rsa_kernel.h"
#include "crypto/rsa/rsa_mont.inc.c"

#define PAIRS (LANES / 2)
#define REQUESTS LANES
#define TABLE_ENTRIES (1u << LK_RSA_WINDOW_BITS)
#define PICK_SPARE 2 /* digits that are picked beyond the last: 32 of 30 */

/* What a request needs that is not in its batch. */
struct group {
    struct mont mont;
    lane *r2, *r3, *qinv;    /* [digits] of each lane's prime; qinv in the lanes of p */
    lane *acc, *operand;     /* [digits] */
    lane *input;             /* [2 digits] c, then m */
    lane *entry;             /* [8 digits] of the table while it is made */
    uint64_t *table;         /* [digits][TABLE_ROW] */
    uint8_t *window;         /* [windows][LANES] */
    unsigned first, live;    /* its requests are first .. first + live - 1 of the batch */
    unsigned p_lane, q_lane; /* where its first request's primes are */
};

struct batch {
    const struct lk_rsa_job *job[REQUESTS]; /* the living, close together */
    unsigned count, digits, windows;
    struct group group;
    struct mont check;
    lane *rr, *m, *base, *acc, *one; /* [2 digits], of the check */
};

/* --- scratch ------------------------------------------------------------------------------------
 */

/* One line of the map below; 64-byte aligned. */
static void *carve(uint8_t **at, size_t bytes)
{
    void *here = *at;
    *at += (bytes + 63) / 64 * 64;
    return here;
}

static lane *carve_lanes(uint8_t **at, size_t count)
{
    return carve(at, count * sizeof(lane));
}

/* Of all blocks of a number. */
#define SUMS(digits) SUM_AT(digits)

static void mont_carve(struct mont *m, uint8_t **at, unsigned digits)
{
    m->digits = digits;
    m->blocks = blocks_for(digits);
    m->t = carve_lanes(at, 2 * digits);
    m->n = carve_lanes(at, digits);
    m->quotient = carve_lanes(at, BLOCK_MAX);
    m->half = carve_lanes(at, HALF_LANES);
    m->n_sum = carve_lanes(at, SUMS(digits));
    m->x_sum = carve_lanes(at, SUMS(digits));
    m->y_sum = carve_lanes(at, SUMS(digits));
}

/* What a squaring touches lies together: acc, t, n. */
static void pass_carve(struct group *g, uint8_t **at, unsigned digits)
{
    g->acc = carve_lanes(at, digits);
    mont_carve(&g->mont, at, digits);
}

static void group_carve(struct group *g, uint8_t **at, unsigned digits, unsigned windows)
{
    pass_carve(g, at, digits);
    g->operand = carve_lanes(at, digits + PICK_SPARE);
    g->r2 = carve_lanes(at, digits);
    g->r3 = carve_lanes(at, digits);
    g->qinv = carve_lanes(at, digits);
    g->input = carve_lanes(at, 2 * digits);
    g->entry = carve_lanes(at, 8 * digits);
    g->table = carve(at, (digits + PICK_SPARE) * TABLE_ROW * sizeof(uint64_t));
    g->window = carve(at, (size_t)windows * LANES);
}

/* Cuts work up; returns the bytes in use. */
static size_t batch_carve(struct batch *b, void *work)
{
    uint8_t *at = work;
    group_carve(&b->group, &at, b->digits, b->windows);
    mont_carve(&b->check, &at, 2 * b->digits);
    b->rr = carve_lanes(&at, 2 * b->digits);
    b->m = carve_lanes(&at, 2 * b->digits);
    b->base = carve_lanes(&at, 2 * b->digits);
    b->acc = carve_lanes(&at, 2 * b->digits);
    b->one = carve_lanes(&at, 2 * b->digits);
    return (size_t)(at - (uint8_t *)work);
}

/* --- in and out ---------------------------------------------------------------------------------
 */

static void lane_set(lane *to, unsigned lane_index, const uint64_t *from, unsigned digits)
{
    uint64_t *word = (uint64_t *)(void *)to + lane_index;
    for (unsigned i = 0; i < digits; i++)
        word[i * LANES] = from[i];
}

/* Eight bytes, big-endian, that end `from_end` bytes before the end of bytes[len]; what would lie
 * before its start is zero. */
static uint64_t word_load(const uint8_t *bytes, size_t len, size_t from_end)
{
    uint64_t word = 0;
    size_t left = from_end < len ? len - from_end : 0, take = left < 8 ? left : 8;
    memcpy((uint8_t *)&word + 8 - take, bytes + left - take, take);
    return __builtin_bswap64(word);
}

/* to[digits] := bytes[len], big-endian; the digits have room for len bytes. Digit i begins in the
 * middle of a byte when i is odd. */
static void digits_load(lane *to, unsigned lane_index, const uint8_t *bytes, size_t len,
                        unsigned digits)
{
    uint64_t *word = (uint64_t *)(void *)to + lane_index;
    for (unsigned i = 0; i < digits; i++)
        word[i * LANES] = word_load(bytes, len, i * 13 / 2) >> (i % 2 * 4) & MASK52;
}

/* The bits that the check took for m, and no others: what a fault put above a digit's 52 is not
 * multiplied, and must not go out either. keep: all ones, or 0 for zeros. */
static void digits_store(uint8_t *bytes, size_t len, const lane *from, unsigned lane_index,
                         uint64_t keep)
{
    const uint64_t *word = (const uint64_t *)(const void *)from + lane_index;
    unsigned __int128 have = 0;
    unsigned bits = 0;
    while (len > 0) {
        if (bits < 8) {
            have |= (unsigned __int128)((*word & MASK52) & keep) << bits;
            word += LANES;
            bits += 52;
        }
        bytes[--len] = (uint8_t)have;
        have >>= 8;
        bits -= 8;
    }
}

static void prime_set(struct group *g, unsigned lane_index, const struct lk_rsa_prime *prime,
                      const struct lk_rsa_key *key)
{
    unsigned digits = g->mont.digits;
    lane_set(g->mont.n, lane_index, prime->n, digits);
    lane_set(g->r2, lane_index, prime->r2, digits);
    lane_set(g->r3, lane_index, prime->r3, digits);
    lane_set(g->qinv, lane_index, key->qinv, digits);
    lane_set(&g->mont.n0, lane_index, &prime->n0, 1);
}

/* Windows of a shorter exponent stand at the end, behind zeros. */
static void window_set(struct group *g, unsigned lane_index, const uint8_t *window, unsigned count,
                       unsigned windows)
{
    for (unsigned i = 0; i < windows - count; i++)
        g->window[i * LANES + lane_index] = 0;
    for (unsigned i = 0; i < count; i++)
        g->window[(windows - count + i) * LANES + lane_index] = window[i];
}

/* Request i of the batch; behind the last living one stand repetitions of it. */
static const struct lk_rsa_job *job_at(const struct batch *b, unsigned i)
{
    return b->job[i < b->count ? i : b->count - 1];
}

/* Request r of the group. */
static void request_set(const struct batch *b, struct group *g, unsigned r)
{
    const struct lk_rsa_job *job = job_at(b, g->first + r);
    const struct lk_rsa_key *key = job->key;
    unsigned p = g->p_lane + r, q = g->q_lane + r;
    prime_set(g, p, &key->p, key);
    prime_set(g, q, &key->q, key);
    window_set(g, p, key->p.window, key->windows, b->windows);
    window_set(g, q, key->q.window, key->windows, b->windows);
    digits_load(g->input, p, job->c, key->k, 2 * b->digits);
    digits_load(g->input, q, job->c, key->k, 2 * b->digits);
}

/* The group whose first request is `first`. */
static void group_set(struct batch *b, unsigned first)
{
    struct group *g = &b->group;
    g->first = first;
    g->p_lane = first;
    g->q_lane = PAIRS - first;
    for (unsigned r = 0; r < PAIRS; r++)
        request_set(b, g, r);
    mont_prepare(&g->mont);
}

/* --- the exponentiation -------------------------------------------------------------------------
 */

/* r := a + b, loose. */
static void add(const struct mont *m, lane *r, const lane *a, const lane *b)
{
    for (unsigned i = 0; i < m->digits; i++)
        r[i] = lane_add(lane_and(a[i], lane_all(MASK52)), lane_and(b[i], lane_all(MASK52)));
    pass_carries(m->blocks, r, r, m->digits);
}

/* acc := c R mod each prime, c = c1 R + c0, by c0 R^2 / R + c1 R^3 / R. */
static void input_reduce(struct group *g)
{
    const struct mont *m = &g->mont;
    mont_mul(m, g->acc, g->input, g->r2);
    mont_mul(m, g->operand, g->input + m->digits, g->r3);
    add(m, g->acc, g->acc, g->operand);
    STAGE(LK_RSA_STAGE_INPUT, g->acc, m->digits);
}

/* Eight entries at a time go from side by side to their places. */
static void entries_put(struct group *g, unsigned block)
{
    unsigned digits = g->mont.digits;
    for (unsigned i = 0; i < digits; i++) {
        lane e[8];
        for (unsigned j = 0; j < 8; j++)
            e[j] = lane_and(g->entry[j * digits + i], lane_all(MASK52));
        table_put(g->table + i * TABLE_ROW, block, e);
    }
}

/* table := c^0 .. c^15, in Montgomery form. */
static void table_make(struct group *g)
{
    const struct mont *m = &g->mont;
    unsigned digits = m->digits;
    memset(g->operand, 0, digits * sizeof(lane));
    g->operand[0] = lane_all(1);
    mont_mul(m, g->entry, g->r2, g->operand);
    memcpy(g->entry + digits, g->acc, digits * sizeof(lane));
    for (unsigned i = 2; i < TABLE_ENTRIES; i++) {
        if (i % 8 == 0) entries_put(g, i / 8 - 1);
        lane *last = g->entry + (i - 1) % 8 * digits;
        mont_mul(m, g->entry + i % 8 * digits, last, g->acc);
        STAGE(LK_RSA_STAGE_TABLE, g->entry + i % 8 * digits, digits);
    }
    entries_put(g, 1);
}

static lane window_load(const struct group *g, unsigned at)
{
    lane r;
    uint64_t word[LANES] = {0};
    for (unsigned i = 0; i < LANES; i++)
        word[i] = g->window[at * LANES + i];
    memcpy(&r, word, sizeof r);
    return r;
}

static struct pick pick_begin(struct group *g, unsigned window)
{
    return (struct pick){g->operand, g->table, window_load(g, window)};
}

/* acc := c^d R, left to right, four bits a step. Which power is multiplied by is known before: it
 * is picked while the squarings run. */
static void group_raise(struct group *g, unsigned windows)
{
    const struct mont *m = &g->mont;
    struct pick pick = pick_begin(g, 0);
    pick.to = g->acc;
    for (unsigned i = 0; i < m->digits; i++)
        pick_digit(&pick);
    for (unsigned w = 1; w < windows; w++) {
        pick = pick_begin(g, w);
        for (unsigned i = 0; i < LK_RSA_WINDOW_BITS; i++) {
            mont_square(m, g->acc, g->acc, &pick);
            STAGE(LK_RSA_STAGE_SQUARE, g->acc, m->digits);
        }
        mont_mul(m, g->acc, g->acc, g->operand);
        STAGE(LK_RSA_STAGE_MULTIPLY, g->acc, m->digits);
    }
    LK_WIPE(pick);
}

/* --- recombination ------------------------------------------------------------------------------
 */

/* d := a + 2n - b, loose: a and b below 2n, so d is positive and below 4n. */
static void difference(const struct mont *m, lane *d, const lane *a, const lane *b)
{
    lane carry = lane_zero(), ones = lane_all(MASK52);
    for (unsigned i = 0; i < m->digits; i++) {
        lane x = lane_sub(lane_and(a[i], ones), lane_and(b[i], ones));
        x = lane_add(lane_add(x, lane_add(m->n[i], m->n[i])), carry);
        carry = lane_carry(x);
        d[i] = lane_and(x, ones);
    }
}

/* input := mq + q h, h = (mp - mq) / q mod p, in the lanes of p. */
static void recombine(struct group *g)
{
    const struct mont *m = &g->mont;
    unsigned digits = m->digits;
    lane *mq = g->input, *h = g->entry, *q = g->entry + digits, *v = g->operand;
    memset(h, 0, digits * sizeof(lane));
    h[0] = lane_all(1);
    mont_mul(m, mq, g->acc, h); /* out of Montgomery form: at most n */
    mont_finish(m, mq);
    for (unsigned i = 0; i < digits; i++) {
        mq[i] = lane_swap(mq[i]);
        q[i] = lane_swap(m->n[i]);
    }
    STAGE(LK_RSA_STAGE_HALF, mq, digits);
    mont_mul(m, v, mq, g->r2); /* mq may be above p: any number below R may */
    difference(m, h, g->acc, v);
    mont_mul(m, h, h, g->qinv);
    mont_finish(m, h);
    STAGE(LK_RSA_STAGE_RECOMBINE, h, digits);
    mont_product(m, q, h);
    for (unsigned i = 0; i < digits; i++)
        m->t[i] = lane_add(m->t[i], mq[i]);
    pass_carries(m->blocks, g->input, m->t, 2 * digits);
    lane_clean(g->input, 2 * digits);
    STAGE(LK_RSA_STAGE_RESULT, g->input, 2 * digits);
}

/* --- the check ----------------------------------------------------------------------------------
 */

static void check_set(struct batch *b, unsigned lane_index)
{
    const struct lk_rsa_key *key = job_at(b, lane_index)->key;
    lane_set(b->check.n, lane_index, key->n, 2 * b->digits);
    lane_set(b->rr, lane_index, key->rr, 2 * b->digits);
    lane_set(&b->check.n0, lane_index, &key->n0, 1);
}

/* Bit `bit` of each request's e, as masks. */
static lane exponent_bit(const struct batch *b, unsigned bit)
{
    uint64_t word[LANES] = {0};
    lane r;
    for (unsigned i = 0; i < LANES; i++) {
        word[i] = 0 - (job_at(b, i)->key->e >> bit & 1);
    }
    memcpy(&r, word, sizeof r);
    return r;
}

/* OR of all e: which bits anybody needs. Public. */
static uint64_t exponents(const struct batch *b)
{
    uint64_t e = 0;
    for (unsigned i = 0; i < b->count; i++)
        e |= b->job[i]->key->e;
    return e;
}

/* acc := m^e mod N. Exponents are public, so the steps may depend on them; where they differ, a
 * lane whose bit is clear multiplies by one. The last bit is set in all (e is odd), and multiplying
 * by m itself leaves Montgomery form on the way. */
static void check_raise(struct batch *b)
{
    const struct mont *m = &b->check;
    uint64_t e = exponents(b);
    lane *factor = b->rr; /* no longer needed once base and one are made */
    memset(b->acc, 0, m->digits * sizeof(lane));
    b->acc[0] = lane_all(1);
    mont_mul(m, b->one, b->rr, b->acc);
    mont_mul(m, b->base, b->rr, b->m);
    unsigned bit = 63 - (unsigned)__builtin_clzll(e);
    for (unsigned i = 0; i < m->digits; i++)
        b->acc[i] = lane_select(exponent_bit(b, bit), b->base[i], b->one[i]);
    while (bit-- > 0) {
        mont_square(m, b->acc, b->acc, NULL);
        if (bit == 0) {
            mont_mul(m, b->acc, b->acc, b->m);
        } else if (e >> bit & 1) {
            lane set = exponent_bit(b, bit);
            for (unsigned i = 0; i < m->digits; i++)
                factor[i] = lane_select(set, b->base[i], b->one[i]);
            mont_mul(m, b->acc, b->acc, factor);
        }
        STAGE(LK_RSA_STAGE_CHECK, b->acc, m->digits);
    }
    mont_finish(m, b->acc);
}

static void lanes_out(uint64_t word[LANES], lane x)
{
    memcpy(word, &x, sizeof x);
}

/* Bit i: acc = c and m < N in lane i. c is loaded anew, from where the caller has it. */
static uint64_t check_compare(struct batch *b)
{
    unsigned digits = 2 * b->digits;
    lane *c = b->base;
    memset(c, 0, digits * sizeof(lane));
    for (unsigned i = 0; i < b->count; i++)
        digits_load(c, i, b->job[i]->c, b->job[i]->key->k, digits);
    lane wrong = lane_zero();
    for (unsigned i = 0; i < digits; i++)
        wrong = lane_or(wrong, lane_xor(b->acc[i], c[i]));
    lane below = lane_minus(b->one, b->m, b->check.n, digits);
    uint64_t word[LANES], under[LANES], good = 0;
    lanes_out(word, wrong);
    lanes_out(under, below);
    for (unsigned i = 0; i < b->count; i++)
        good |= ((word[i] - 1) >> 63 & under[i] & 1) << i; /* differences are below 2^52 */
    return good;
}

/* --- a batch ------------------------------------------------------------------------------------
 */

#define MONT_LANES(digits) (3 * (digits) + BLOCK_MAX + HALF_LANES + 3 * SUMS(digits))
#define GROUP_LANES(digits)                                                                        \
    (MONT_LANES(digits) + (16 + 16) * (digits) + 17 * PICK_SPARE +                                 \
     LK_RSA_WINDOWS_MAX / sizeof(uint64_t))
#define CHECK_LANES(digits) (MONT_LANES(2 * (digits)) + 12 * (digits))
#define CARVES 64 /* each may leave less than a line behind */
#define WORK_BYTES(digits)                                                                         \
    ((GROUP_LANES(digits) + CHECK_LANES(digits)) * sizeof(lane) + CARVES * 64)

static void batch_jobs(struct batch *b, const struct lk_rsa_job *job, uint64_t live)
{
    b->count = b->windows = 0;
    for (; live != 0; live &= live - 1) {
        const struct lk_rsa_job *next = &job[__builtin_ctzll(live)];
        lk_rsa_key_prefetch(next->key);
        if (next->key->windows > b->windows) b->windows = next->key->windows;
        b->job[b->count++] = next;
    }
}

/* m of the check in the lanes of p of this group: the lower half for the first, the upper for the
 * second. */
static void result_keep(struct batch *b)
{
    const struct group *g = &b->group;
    uint64_t mine[LANES] = {0};
    lane mask;
    for (unsigned i = 0; i < PAIRS; i++)
        mine[g->p_lane + i] = ~UINT64_C(0);
    memcpy(&mask, mine, sizeof mask);
    for (unsigned i = 0; i < 2 * b->digits; i++)
        b->m[i] = lane_select(mask, g->input[i], b->m[i]);
}

/* A pass for each group. */
static void batch_raise(struct batch *b)
{
    memset(b->m, 0, 2 * b->digits * sizeof(lane));
    for (unsigned first = 0; first < b->count; first += PAIRS) {
        group_set(b, first);
        input_reduce(&b->group);
        table_make(&b->group);
        group_raise(&b->group, b->windows);
        recombine(&b->group);
        result_keep(b);
    }
}

/* Over all lanes at once; those of no request check another time what the last one has, or zero. */
static uint64_t batch_check(struct batch *b)
{
    for (unsigned i = 0; i < REQUESTS; i++)
        check_set(b, i);
    mont_prepare(&b->check);
    check_raise(b);
    return check_compare(b);
}

/* Chosen by mask: whether a result was right is for the caller to tell, and no step here hangs on
 * it. */
static uint64_t results_out(const struct batch *b, uint64_t live, uint64_t good)
{
    uint64_t returned = 0;
    for (unsigned i = 0; i < b->count; i++, live &= live - 1) {
        const struct lk_rsa_job *job = b->job[i];
        uint64_t keep = 0 - (good >> i & 1);
        digits_store(job->m, job->key->k, b->m, i, keep);
        returned |= live & (0 - live) & keep;
    }
    return returned;
}

static uint64_t private(void *work, const struct lk_rsa_job *job, uint64_t live, unsigned digits)
{
    struct batch b = {.digits = digits};
    if (live == 0) return 0;
    batch_jobs(&b, job, live);
    size_t used = batch_carve(&b, work);
    if (used > WORK_BYTES(digits)) __builtin_trap();
    batch_raise(&b);
    uint64_t good = results_out(&b, live, batch_check(&b));
    lanes_leave();
    lk_wipe(work, used);
    LK_WIPE(b);
    return good;
}

/* -1/x mod 2^52, by Newton's iteration: each step doubles the bits that are right, from 3. */
static uint64_t negative_inverse(uint64_t x)
{
    uint64_t y = x;
    for (int i = 0; i < 5; i++)
        y *= 2 - x * y;
    return (0 - y) & MASK52;
}

static void square(void *work, const uint64_t *n, uint64_t *a, unsigned count, unsigned digits)
{
    struct group g;
    uint8_t *at = work;
    uint64_t n0[LANES] = {0};
    pass_carve(&g, &at, digits);
    for (unsigned i = 0; i < LANES; i++)
        n0[i] = negative_inverse(n[i]);
    memcpy(&g.mont.n0, n0, sizeof n0);
    memcpy(g.mont.n, n, digits * sizeof(lane));
    memcpy(g.acc, a, digits * sizeof(lane));
    mont_prepare(&g.mont);
    for (unsigned i = 0; i < count; i++)
        mont_square(&g.mont, g.acc, g.acc, NULL);
    lane_clean(g.acc, digits);
    memcpy(a, g.acc, digits * sizeof(lane));
    lanes_leave();
    lk_wipe(work, (size_t)(at - (uint8_t *)work));
}

#define KERNEL_FUNCTIONS(digits)                                                                   \
    static uint64_t kernel_private_##digits(void *work, const struct lk_rsa_job *job,              \
                                            uint64_t live)                                         \
    {                                                                                              \
        return private(work, job, live, digits);                                                   \
    }                                                                                              \
    static void kernel_square_##digits(void *work, const uint64_t *n, uint64_t *a, unsigned count) \
    {                                                                                              \
        square(work, n, a, count, digits);                                                         \
    }

KERNEL_FUNCTIONS(20)
KERNEL_FUNCTIONS(30)
KERNEL_FUNCTIONS(40)

#define KERNEL(bits, digits_, isa_, needs_)                                                        \
    {                                                                                              \
        .name = "rsa" #bits, .isa = isa_, .needs = needs_, .digits = digits_, .lanes = LANES,      \
        .requests = REQUESTS, .group = PAIRS, .work_bytes = WORK_BYTES(digits_),                   \
        .private = kernel_private_##digits_, .square = kernel_square_##digits_,                    \
    }
