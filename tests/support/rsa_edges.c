#include "tests/support/rsa_edges.h"

#include <string.h>

#include "core/base/err.h"
#include "tests/support/draw.h"

#define DIGIT_BITS LK_RSA_DIGIT_BITS
#define PREMASTER_BYTES 48

static void set_sparse(BIGNUM *x, int bits)
{
    BN_zero(x);
    for (int i = 0; i < 3; i++)
        LK_ASSERT(BN_set_bit(x, (int)lk_draw_below((size_t)bits - 1)));
}

static void set_digits(BIGNUM *x, int bits)
{
    uint64_t ones = (UINT64_C(1) << DIGIT_BITS) - 1;
    BN_zero(x);
    for (int i = 0; i < bits; i += DIGIT_BITS) {
        const uint64_t digits[] = {0, 1, UINT64_C(1) << 51, ones, ones, lk_draw() & ones};
        LK_ASSERT(BN_lshift(x, x, DIGIT_BITS) && BN_add_word(x, digits[lk_draw_below(6)]));
    }
}

static void set_random(BIGNUM *x, int bits)
{
    uint8_t bytes[LK_SUBJECT_BYTES_MAX];
    size_t len = ((size_t)bits + 7) / 8;
    lk_draw_bytes(bytes, len);
    LK_ASSERT(BN_bin2bn(bytes, (int)len, x) != NULL);
}

/* x - 1, x or x + 1. */
static void step_aside(BIGNUM *x)
{
    size_t which = lk_draw_below(3);
    if (which == 1) LK_ASSERT(BN_add_word(x, 1));
    if (which == 2 && !BN_is_zero(x)) LK_ASSERT(BN_sub_word(x, 1));
}

static void set_of_prime(struct lk_subject *s, BIGNUM *x, bool multiple)
{
    bool p = lk_draw_below(2) == 0;
    const BIGNUM *prime = s->numbers.x[p ? RSA_P : RSA_Q], *other = s->numbers.x[p ? RSA_Q : RSA_P];
    LK_ASSERT(BN_copy(x, prime) != NULL);
    if (!multiple) {
        step_aside(x);
        return;
    }
    set_random(s->y, BN_num_bits(other));
    LK_ASSERT(BN_mod(s->y, s->y, other, s->ctx) && BN_mul(x, prime, s->y, s->ctx));
}

static void set_number(struct lk_subject *s, enum lk_edge kind, BIGNUM *x)
{
    const BIGNUM *n = s->numbers.x[RSA_N];
    int bits = BN_num_bits(n);
    BN_zero(x);
    if (kind == LK_EDGE_ONE) LK_ASSERT(BN_one(x));
    if (kind == LK_EDGE_MINUS_ONE) LK_ASSERT(BN_sub(x, n, BN_value_one()));
    if (kind == LK_EDGE_ONES)
        LK_ASSERT(BN_set_bit(x, (bits - 1) / DIGIT_BITS * DIGIT_BITS) && BN_sub_word(x, 1));
    if (kind == LK_EDGE_DIGITS) set_digits(x, bits);
    if (kind == LK_EDGE_SPARSE || kind == LK_EDGE_DENSE) set_sparse(x, bits);
    if (kind == LK_EDGE_DENSE) LK_ASSERT(BN_sub(x, n, x));
    if (kind == LK_EDGE_P || kind == LK_EDGE_P_MULTIPLE)
        set_of_prime(s, x, kind == LK_EDGE_P_MULTIPLE);
    if (kind == LK_EDGE_POWER) {
        LK_ASSERT(BN_set_bit(x, (int)lk_draw_below((size_t)bits)));
        step_aside(x);
    }
    if (kind == LK_EDGE_SMALL) LK_ASSERT(BN_set_word(x, lk_draw()));
    if (kind == LK_EDGE_RANDOM) set_random(x, bits);
    LK_ASSERT(BN_nnmod(x, x, n, s->ctx));
}

static void set_padded(struct lk_subject *s, enum lk_edge kind, uint8_t *c)
{
    size_t tail = kind == LK_EDGE_SIGNATURE ? 51 : PREMASTER_BYTES;
    c[0] = 0;
    c[1] = kind == LK_EDGE_SIGNATURE ? 1 : 2;
    for (size_t i = 2; i < s->k; i++)
        c[i] = kind == LK_EDGE_SIGNATURE ? 0xff : (uint8_t)(1 + lk_draw_below(255));
    c[s->k - tail - 1] = 0;
    lk_draw_bytes(c + s->k - tail, tail);
    if (kind == LK_EDGE_BAD) c[1 + lk_draw_below(s->k - tail - 1)] ^= 2;
    if (kind != LK_EDGE_SIGNATURE) lk_subject_raise(s, c, c);
}

static void set_above(struct lk_subject *s, enum lk_edge kind, uint8_t *c)
{
    BIGNUM *x = s->x;
    memset(c, 0xff, s->k);
    if (kind == LK_EDGE_FF) return;
    LK_ASSERT(BN_copy(x, s->numbers.x[RSA_N]) != NULL);
    if (kind == LK_EDGE_ABOVE) LK_ASSERT(BN_add_word(x, lk_draw_below(1000) + 1));
    if (BN_num_bytes(x) <= (int)s->k) LK_ASSERT(BN_bn2binpad(x, c, (int)s->k) > 0);
}

void lk_edge_draw(struct lk_subject *subject, enum lk_edge kind, uint8_t *c)
{
    if (kind >= LK_EDGE_BELOW_COUNT) {
        set_above(subject, kind, c);
    } else if (kind == LK_EDGE_SIGNATURE || kind == LK_EDGE_CIPHERTEXT || kind == LK_EDGE_BAD) {
        set_padded(subject, kind, c);
    } else {
        set_number(subject, kind, subject->x);
        LK_ASSERT(BN_bn2binpad(subject->x, c, (int)subject->k) > 0);
    }
}
