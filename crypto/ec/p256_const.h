/* p256_const: the numbers of the curve P-256, y^2 = x^3 - 3x + b, in digits of 52 bits, least
 * significant first. Read only. Source: SEC 2 2.4.2, FIPS 186-4 D.1.2.3. */
#ifndef LK_CRYPTO_EC_P256_CONST_H
#define LK_CRYPTO_EC_P256_CONST_H

#include <stdint.h>

#define LK_P256_BYTES 32
#define LK_P256_DIGITS 5
#define LK_P256_MULTIPLES 7
#define LK_P256_ROUNDS 16 /* of 38 steps of an inversion each */

struct lk_p256_const {
    uint64_t ones;                                 /* 2^52 - 1 */
    uint64_t low48;                                /* 2^48 - 1 */
    uint64_t p0, n0;                               /* -1/p, -1/n mod 2^52 */
    uint64_t p1[LK_P256_DIGITS];                   /* p + 1 */
    uint64_t p[LK_P256_MULTIPLES][LK_P256_DIGITS]; /* c p, digit by digit: not carried */
    uint64_t n[LK_P256_MULTIPLES][LK_P256_DIGITS]; /* c n */
    uint64_t less[LK_P256_DIGITS];                     /* -2p, signed */
    /* R = 2^260 */
    uint64_t one[LK_P256_DIGITS];                                            /* 1 */
    uint64_t p_r[LK_P256_DIGITS], p_r2[LK_P256_DIGITS], b_r[LK_P256_DIGITS]; /* R, R^2, b R mod p */
    uint64_t n_r[LK_P256_DIGITS], n_r2[LK_P256_DIGITS], n_r3[LK_P256_DIGITS]; /* R^i mod n */
    /* R^2 2^224 mod p, n: puts right what the rounds of an inversion leave (ec_invert.inc.c) */
    uint64_t p_inverse[LK_P256_DIGITS], n_inverse[LK_P256_DIGITS];
};
extern const struct lk_p256_const lk_p256;

/* Fixed multiples of the base point G: entry i of window w is (2i + 1) 2^(7w) G, affine, times R:
 * digits 0 to 4 of x, then those of y. All entries of one digit lie together, so that registers
 * full of them can be permuted. Bits 52 and up of each word say which entry it is of: i + 64 w.
 * Made by tools/dev/ectable.py. */
#define LK_P256_WINDOW_BITS 7
#define LK_P256_WINDOWS 37
#define LK_P256_ENTRIES 64
extern const uint64_t lk_p256_table[LK_P256_WINDOWS][2 * LK_P256_DIGITS][LK_P256_ENTRIES];

/* The base point's comb, of kernels with eight lanes and with two (ec_verify.inc.c, which makes the
 * same of any point). */
#define LK_P256_COMB_TEETH 4
#define LK_P256_COMB_ENTRIES 8
extern const uint64_t lk_p256_comb_x8[8][LK_P256_COMB_ENTRIES][2 * LK_P256_DIGITS];
extern const uint64_t lk_p256_comb_x2[32][LK_P256_COMB_ENTRIES][2 * LK_P256_DIGITS];

#endif
