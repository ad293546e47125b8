/* p384_const: the numbers of the curve P-384, y^2 = x^3 - 3x + b, in digits of 52 bits, least
 * significant first. Read only. Source: SEC 2 2.5.1, FIPS 186-4 D.1.2.4. */
#ifndef LK_CRYPTO_EC_P384_CONST_H
#define LK_CRYPTO_EC_P384_CONST_H

#include <stdint.h>

#define LK_P384_BYTES 48
#define LK_P384_DIGITS 8
#define LK_P384_MULTIPLES 7
#define LK_P384_ROUNDS 24 /* of 38 steps of an inversion each */

struct lk_p384_const {
    uint64_t ones;   /* 2^52 - 1 */
    uint64_t p0, n0; /* -1/p, -1/n mod 2^52 */
    uint64_t two20;  /* 2^20: p's highest digit, but for what is lent */
    uint64_t p[LK_P384_MULTIPLES][LK_P384_DIGITS]; /* c p, digit by digit: not carried */
    uint64_t n[LK_P384_MULTIPLES][LK_P384_DIGITS]; /* c n */
    uint64_t less[LK_P384_DIGITS];                     /* -2p, signed */
    /* R = 2^416 */
    uint64_t one[LK_P384_DIGITS];                                            /* 1 */
    uint64_t p_r[LK_P384_DIGITS], p_r2[LK_P384_DIGITS], b_r[LK_P384_DIGITS]; /* R, R^2, b R mod p */
    uint64_t n_r[LK_P384_DIGITS], n_r2[LK_P384_DIGITS], n_r3[LK_P384_DIGITS]; /* R^i mod n */
    /* R^2 2^336 mod p, n: puts right what the rounds of an inversion leave (ec_invert.inc.c) */
    uint64_t p_inverse[LK_P384_DIGITS], n_inverse[LK_P384_DIGITS];
};
extern const struct lk_p384_const lk_p384;

/* Fixed multiples of the base point G: entry i of window w is (2i + 1) 2^(6w) G, as p256_const.h
 * has them; in bits 52 and up i + 32 w. Made by tools/dev/ectable.py. */
#define LK_P384_WINDOW_BITS 6
#define LK_P384_WINDOWS 64
#define LK_P384_ENTRIES 32
extern const uint64_t lk_p384_table[LK_P384_WINDOWS][2 * LK_P384_DIGITS][LK_P384_ENTRIES];

/* The base point's comb, of kernels with eight lanes and with two (ec_verify.inc.c, which makes the
 * same of any point). */
#define LK_P384_COMB_TEETH 4
#define LK_P384_COMB_ENTRIES 8
extern const uint64_t lk_p384_comb_x8[12][LK_P384_COMB_ENTRIES][2 * LK_P384_DIGITS];
extern const uint64_t lk_p384_comb_x2[48][LK_P384_COMB_ENTRIES][2 * LK_P384_DIGITS];

#endif
