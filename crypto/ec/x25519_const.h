/* x25519_const: the numbers of Curve25519, y^2 = x^3 + 486662 x^2 + x modulo p = 2^255 - 19, and of
 * the Edwards curve that is the same group, -x^2 + y^2 = 1 + d x^2 y^2, in digits of 52 bits, least
 * significant first. Read only. Made by tools/dev/x25519table.py. Source: RFC 7748 4.1. */
#ifndef LK_CRYPTO_EC_X25519_CONST_H
#define LK_CRYPTO_EC_X25519_CONST_H

#include <stdint.h>

#define LK_X25519_DIGITS 5

/* Where a computation stands: what a test may spoil, by name (tests/support/ecdh_faulty.c). */
enum lk_x25519_stage {
    LK_X25519_STAGE_STEP,     /* both points of the ladder */
    LK_X25519_STAGE_ENTRY,    /* an entry of the table as picked, and its sign */
    LK_X25519_STAGE_ADD,      /* the own share so far */
    LK_X25519_STAGE_INVERSE,  /* of all vectors, but for factors */
    LK_X25519_STAGE_INVERSES, /* of one number */
    LK_X25519_STAGE_OWN,      /* what goes out */
    LK_X25519_STAGE_SHARED,
    LK_X25519_STAGE_COUNT,
    LK_X25519_STAGE_VERDICT = LK_X25519_STAGE_COUNT, /* of proofs alone: the masks one hangs on */
    LK_X25519_PROOF_STAGE_COUNT
};

struct lk_x25519_const {
    uint64_t ones;     /* 2^52 - 1 */
    uint64_t low47;    /* 2^47 - 1 */
    uint64_t fold;     /* 2^260 = 608 modulo p */
    uint64_t fold_top; /* 2^255 = 19 */
    uint64_t a24;      /* (486662 - 2) / 4 */
    uint64_t p[LK_X25519_DIGITS], one[LK_X25519_DIGITS];
    uint64_t two_a[LK_X25519_DIGITS]; /* 2 * 486662 */
    uint64_t d[LK_X25519_DIGITS];
    uint64_t order[LK_X25519_DIGITS]; /* of the base point, 2^252 + ... */
    /* A multiple of p with digits of 2^58 and a little, and the same before columns are doubled. */
    uint64_t lift[LK_X25519_DIGITS], lift_square[LK_X25519_DIGITS];
};
extern const struct lk_x25519_const lk_x25519;

/* Fixed multiples of 8 B, B the base point: entry i of window w is (2i + 1) 2^(7w) 8 B on the
 * Edwards curve, affine, as y - x, y + x and 2 d x y, digits 0 to 4 of each. All entries of one
 * digit lie together, so that registers full of them can be permuted. */
#define LK_X25519_WINDOW_BITS 7
#define LK_X25519_WINDOWS 36
#define LK_X25519_ENTRIES 64
extern const uint64_t lk_x25519_table[LK_X25519_WINDOWS][3 * LK_X25519_DIGITS][LK_X25519_ENTRIES];

#endif
