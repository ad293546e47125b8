/* mont: numbers modulo an odd n, of fixed width, in Montgomery form. For checks that must not tell
 * how many leading zeros a secret has, which bignums of variable length do.
 *
 * A number is `limbs` 64-bit limbs, least significant first, below n.
 * Time depends on limbs only, lk_mont_init apart (n is public). Allocates nothing. Thread any. */
#ifndef LK_CRYPTO_MONT_H
#define LK_CRYPTO_MONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_MONT_LIMBS_MAX 128 /* 8192 bits */

struct lk_mont {
    const uint64_t *n;  /* [limbs] */
    const uint64_t *rr; /* [limbs] R^2 mod n, R = 2^(64 limbs) */
    uint64_t n0;        /* -1/n mod 2^64 */
    size_t limbs;
};

static inline size_t lk_mont_limbs(size_t bytes)
{
    return (bytes + 7) / 8;
}

/* n[len] big-endian, odd, without leading zero bytes. room[2 * lk_mont_limbs(len)] is kept by mont.
 */
void lk_mont_init(struct lk_mont *mont, const uint8_t *n, size_t len, uint64_t *room);

/* r := a b / R mod n. r may be a or b. One of a, b may be any number below R. */
void lk_mont_mul(const struct lk_mont *mont, uint64_t *r, const uint64_t *a, const uint64_t *b);
/* r := a + b, a - b mod n. */
void lk_mont_add(const struct lk_mont *mont, uint64_t *r, const uint64_t *a, const uint64_t *b);
void lk_mont_sub(const struct lk_mont *mont, uint64_t *r, const uint64_t *a, const uint64_t *b);

/* Limbs from big-endian bytes, len at most 8 limbs. Does not reduce, does not convert. */
void lk_mont_load(const struct lk_mont *mont, uint64_t *r, const uint8_t *bytes, size_t len);
/* a < n ? */
bool lk_mont_is_below(const struct lk_mont *mont, const uint64_t *a);
/* 1 <= a < n ? For a that is secret: what is public is this one answer. */
bool lk_mont_in_range(const struct lk_mont *mont, const uint64_t *a);
/* Numbers of this width compared; the result is public. */
bool lk_mont_equal(const struct lk_mont *mont, const uint64_t *a, const uint64_t *b);

#endif
