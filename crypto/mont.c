#include "crypto/mont.h"

#include <string.h>

#include "crypto/ct.h"

typedef unsigned __int128 wide;

/* t[limbs], with `top` as one more limb, becomes t mod n, given t < 2n. */
static void reduce_once(const struct lk_mont *mont, uint64_t *r, const uint64_t *t, uint64_t top)
{
    uint64_t less[LK_MONT_LIMBS_MAX], borrow = 0;
    size_t limbs = mont->limbs;
    for (size_t i = 0; i < limbs; i++) {
        wide d = (wide)t[i] - mont->n[i] - borrow;
        less[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    uint64_t keep = 0 - (borrow & ~top & 1); /* t was below n: keep it */
    __asm__("" : "+r"(keep));
    for (size_t i = 0; i < limbs; i++)
        r[i] = less[i] ^ (keep & (less[i] ^ t[i]));
    lk_wipe(less, limbs * sizeof less[0]);
}

void lk_mont_mul(const struct lk_mont *mont, uint64_t *r, const uint64_t *a, const uint64_t *b)
{
    uint64_t t[LK_MONT_LIMBS_MAX], top = 0;
    const uint64_t *n = mont->n;
    size_t limbs = mont->limbs;
    memset(t, 0, limbs * sizeof t[0]);
    for (size_t i = 0; i < limbs; i++) {
        /* Adds a b[i], and the multiple of n that makes the lowest limb vanish. */
        wide x = (wide)a[0] * b[i] + t[0];
        uint64_t q = (uint64_t)x * mont->n0;
        wide y = (wide)q * n[0] + (uint64_t)x;
        for (size_t j = 1; j < limbs; j++) {
            x = (wide)a[j] * b[i] + t[j] + (uint64_t)(x >> 64);
            y = (wide)q * n[j] + (uint64_t)x + (uint64_t)(y >> 64);
            t[j - 1] = (uint64_t)y;
        }
        x = (x >> 64) + (y >> 64) + top;
        t[limbs - 1] = (uint64_t)x;
        top = (uint64_t)(x >> 64);
    }
    reduce_once(mont, r, t, top);
    lk_wipe(t, limbs * sizeof t[0]);
}

void lk_mont_add(const struct lk_mont *mont, uint64_t *r, const uint64_t *a, const uint64_t *b)
{
    uint64_t t[LK_MONT_LIMBS_MAX];
    wide x = 0;
    for (size_t i = 0; i < mont->limbs; i++) {
        x = (x >> 64) + a[i] + b[i];
        t[i] = (uint64_t)x;
    }
    reduce_once(mont, r, t, (uint64_t)(x >> 64));
    lk_wipe(t, mont->limbs * sizeof t[0]);
}

void lk_mont_sub(const struct lk_mont *mont, uint64_t *r, const uint64_t *a, const uint64_t *b)
{
    uint64_t t[LK_MONT_LIMBS_MAX], borrow = 0;
    for (size_t i = 0; i < mont->limbs; i++) {
        wide d = (wide)mont->n[i] - b[i] - borrow;
        t[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    lk_mont_add(mont, r, a, t); /* n - b is at most n, so the sum is below 2n */
    lk_wipe(t, mont->limbs * sizeof t[0]);
}

void lk_mont_load(const struct lk_mont *mont, uint64_t *r, const uint8_t *bytes, size_t len)
{
    memset(r, 0, mont->limbs * sizeof r[0]);
    for (size_t i = 0; i < len; i++)
        r[i / 8] |= (uint64_t)bytes[len - 1 - i] << (8 * (i % 8));
}

bool lk_mont_is_below(const struct lk_mont *mont, const uint64_t *a)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < mont->limbs; i++)
        borrow = (uint64_t)(((wide)a[i] - mont->n[i] - borrow) >> 64) & 1;
    return borrow != 0;
}

bool lk_mont_in_range(const struct lk_mont *mont, const uint64_t *a)
{
    uint64_t any = 0, below = lk_mont_is_below(mont, a);
    for (size_t i = 0; i < mont->limbs; i++)
        any |= a[i];
    return ((any | (0 - any)) >> 63 & below) != 0;
}

bool lk_mont_equal(const struct lk_mont *mont, const uint64_t *a, const uint64_t *b)
{
    return lk_ct_equal(a, b, mont->limbs * sizeof a[0]);
}

/* -1/n mod 2^64 by Newton's iteration: each step doubles the bits that are right, from 3. */
static uint64_t negative_inverse(uint64_t n)
{
    uint64_t x = n;
    for (int i = 0; i < 5; i++)
        x *= 2 - n * x;
    return 0 - x;
}

/* R mod n: the power of two just below n, doubled up to R. */
static void first_residue(const struct lk_mont *mont, uint64_t *x)
{
    size_t limbs = mont->limbs, low_zeros = (size_t)__builtin_clzll(mont->n[limbs - 1]);
    memset(x, 0, limbs * sizeof x[0]);
    x[limbs - 1] = (uint64_t)1 << (63 - low_zeros);
    for (size_t i = 0; i <= low_zeros; i++)
        lk_mont_add(mont, x, x, x);
}

void lk_mont_init(struct lk_mont *mont, const uint8_t *n, size_t len, uint64_t *room)
{
    size_t limbs = lk_mont_limbs(len);
    uint64_t *rr = room + limbs;
    *mont = (struct lk_mont){.n = room, .rr = rr, .limbs = limbs};
    lk_mont_load(mont, room, n, len);
    mont->n0 = negative_inverse(room[0]);
    /* R in Montgomery form is 2^(64 limbs), by squaring and doubling from one. */
    first_residue(mont, rr);
    size_t bits = 64 * limbs;
    for (int i = 63 - __builtin_clzll(bits); i >= 0; i--) {
        lk_mont_mul(mont, rr, rr, rr);
        if (bits >> i & 1) lk_mont_add(mont, rr, rr, rr);
    }
}
