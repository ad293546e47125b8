/* ec_proof: proofs of ownership over P-256 and P-384 as an edge sends them, right by libcrypto's
 * word, and the ways in which one may be wrong.
 * Owner the caller. Thread one. Failures of libcrypto stop the program. */
#ifndef LK_TESTS_SUPPORT_EC_PROOF_H
#define LK_TESTS_SUPPORT_EC_PROOF_H

#include "crypto/crypto.h"
#include "crypto/ec/poo_kernel.h"
#include "tests/support/ec_subject.h"

#define LK_EC_POINT_BYTES_MAX (1 + 2 * LK_EC_BYTES_MAX)

struct lk_ec_proof {
    const struct lk_ec_curve *curve;
    uint8_t bg[LK_EC_POINT_BYTES_MAX], vg[LK_EC_POINT_BYTES_MAX], r[LK_EC_BYTES_MAX], c[32];
    size_t c_bytes; /* 16 or 32 */
};

/* vg := [r]G + [c]bG. False: that is infinity, or bG no point; vg is G then, and the proof wrong. */
bool lk_ec_proof_close(struct lk_ec_proof *proof);
/* A right one: r, c drawn (draw.h), bG one of a walk over the curve; c of 16 bytes but for every
 * eighth. */
void lk_ec_proof_draw(struct lk_ec_proof *proof, const struct lk_ec_curve *curve);
/* point := k G, or -k G. k[bytes]: not 0 modulo the order. */
void lk_ec_proof_point(const struct lk_ec_curve *curve, uint8_t *point, const uint8_t *k,
                       bool negative);

/* From right to wrong, but for one of 2^128. Those in which points stay points: */
enum lk_ec_wrong {
    LK_EC_WRONG_R,         /* a bit of r */
    LK_EC_WRONG_CHALLENGE, /* a bit of c */
    LK_EC_WRONG_KEY,       /* another bG */
    LK_EC_WRONG_V,         /* another vG */
    LK_EC_WRONG_SIGN,      /* -vG: x is the same */
    LK_EC_WRONG_X,         /* another point with y of vG, where there is one, else as WRONG_V */
    LK_EC_WRONG_ORDER,     /* r + n of a proof with a small r: all else is right */
    LK_EC_WRONG_COUNT
};
void lk_ec_proof_spoil(struct lk_ec_proof *proof, enum lk_ec_wrong how);
/* Points that are none: drawn coordinates, one bit of a point, x + p of a small x, zeros, ones. */
void lk_ec_proof_hostile_point(const struct lk_ec_curve *curve, uint8_t *point);

struct lk_operand lk_ec_proof_operand(const struct lk_ec_proof *proof);
struct lk_poo_job lk_ec_proof_job(const struct lk_ec_proof *proof);

/* A kernel of proofs, its row, and the library's. */
struct lk_poo_way {
    const struct lk_ec_curve *curve;
    const struct lk_poo_kernel *kernel;
    const struct lk_kernel *row;
    enum lk_kernel_row library;
};
/* Of a curve the portable model, then IFMA where the CPU runs it; returns how many. */
#define LK_POO_WAYS_MAX 2
unsigned lk_poo_ways(const struct lk_ec_curve *curve, struct lk_poo_way *ways);
bool lk_poo_way_is_model(const struct lk_poo_way *way);

#endif
