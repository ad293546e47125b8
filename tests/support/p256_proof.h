/* p256_proof: proofs of ownership over P-256 as an edge sends them, right by libcrypto's word, and
 * the ways in which one may be wrong.
 * Owner the caller. Thread one. Failures of libcrypto stop the program. */
#ifndef LK_TESTS_SUPPORT_P256_PROOF_H
#define LK_TESTS_SUPPORT_P256_PROOF_H

#include "crypto/crypto.h"
#include "crypto/ec/p256_poo.h"

struct lk_p256_proof {
    uint8_t bg[65], vg[65], r[32], c[32];
    size_t c_bytes; /* 16 or 32 */
};

/* vg := [r]G + [c]bG. False: that is infinity, or bG no point; vg is G then, and the proof wrong. */
bool lk_p256_proof_close(struct lk_p256_proof *proof);
/* A right one: r, c drawn (draw.h), bG one of a walk over the curve; c of 16 bytes but for every
 * eighth. */
void lk_p256_proof_draw(struct lk_p256_proof *proof);
/* point := k G, or -k G. k: 32 bytes, not 0 modulo the order. */
void lk_p256_proof_point(uint8_t point[65], const uint8_t k[32], bool negative);

/* From right to wrong, but for one of 2^128. Those in which points stay points: */
enum lk_p256_wrong {
    LK_P256_WRONG_R,         /* a bit of r */
    LK_P256_WRONG_CHALLENGE, /* a bit of c */
    LK_P256_WRONG_KEY,       /* another bG */
    LK_P256_WRONG_V,         /* another vG */
    LK_P256_WRONG_SIGN,      /* -vG: x is the same */
    LK_P256_WRONG_X,         /* another point with y of vG, where there is one, else as WRONG_V */
    LK_P256_WRONG_ORDER,     /* r + n of a proof with a small r: all else is right */
    LK_P256_WRONG_COUNT
};
void lk_p256_proof_spoil(struct lk_p256_proof *proof, enum lk_p256_wrong how);
/* Points that are none: drawn coordinates, one bit of a point, x + p of a small x, zeros, ones. */
void lk_p256_proof_hostile_point(uint8_t point[65]);

struct lk_operand lk_p256_proof_operand(const struct lk_p256_proof *proof);
struct lk_p256_poo_job lk_p256_proof_job(const struct lk_p256_proof *proof);

/* The portable model and IFMA, each where the CPU runs it; returns how many. */
#define LK_P256_POO_KERNELS_MAX 2
unsigned lk_p256_poo_kernels(const struct lk_p256_poo_kernel **kernels);

#endif
