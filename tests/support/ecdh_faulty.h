/* ecdh_faulty: the kernels of key agreement once more, with a call into the test after each step of
 * a computation, where it may spoil numbers. They stand in the place of the library's (same names,
 * linked before it) in the program that the Makefile names; with no fault set they are the same.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_ECDH_FAULTY_H
#define LK_TESTS_SUPPORT_ECDH_FAULTY_H

#include <stdint.h>

#include "crypto/ec/ecdh_kernel.h"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/x25519_const.h"

/* Of either curve: enum lk_x25519_stage, enum lk_ec_stage. */
#define LK_ECDH_STAGES_MAX 16
_Static_assert((int)LK_X25519_STAGE_COUNT <= LK_ECDH_STAGES_MAX &&
                   (int)LK_EC_STAGE_COUNT <= LK_ECDH_STAGES_MAX,
               "room for all");

/* A step is done: numbers[count][lanes] is what came out. */
void lk_ecdh_stage_done(unsigned stage, uint64_t *numbers, unsigned count, unsigned lanes);

#define STAGE(stage, numbers, count)                                                               \
    lk_ecdh_stage_done(stage, (uint64_t *)(void *)(numbers), count, LANES)

/* Flips one bit in one passing of one stage, once. */
struct lk_ecdh_flip {
    unsigned stage;
    unsigned passing; /* from 0 */
    unsigned digit;   /* modulo the stage's count */
    unsigned lane, bit;
};
/* From now on, and counts passings; NULL: counts only. */
void lk_ecdh_flip_set(const struct lk_ecdh_flip *flip);
/* Passings since then; no more flips. */
void lk_ecdh_flip_end(unsigned passings[LK_ECDH_STAGES_MAX]);

#endif
