/* flip: one bit of a kernel's computation goes wrong. Kernels are compiled once more with STAGE of
 * here (rsa_faulty_*.c, ec_faulty_*.c, ecdh_faulty_*.c), which calls into the test after each step;
 * these stand in the place of the library's (same names, linked before it) in the programs that the
 * Makefile names. With nothing set they are the same.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_FLIP_H
#define LK_TESTS_SUPPORT_FLIP_H

#include <stdint.h>

/* Of any kernel: enum lk_rsa_stage, lk_ec_stage, lk_x25519_stage. */
#define LK_FLIP_STAGES_MAX 16

/* A step is done: numbers[count][lanes] is what came out. */
void lk_flip_stage(unsigned stage, uint64_t *numbers, unsigned count, unsigned lanes);

#define STAGE(stage, numbers, count)                                                               \
    lk_flip_stage(stage, (uint64_t *)(void *)(numbers), count, LANES)

/* Called after each step as well: it may spoil numbers in its own way. NULL: nothing. */
typedef void lk_flip_fn(unsigned stage, uint64_t *numbers, unsigned count, unsigned lanes);
extern lk_flip_fn *lk_flip_also;

/* Flips one bit in one passing of one stage, once. */
struct lk_flip {
    unsigned stage;
    unsigned passing; /* from 0 */
    unsigned digit;   /* modulo the stage's count */
    unsigned lane, bit;
};
/* From now on, and counts passings; NULL: counts only. */
void lk_flip_set(const struct lk_flip *flip);
/* Passings since then; no more flips. */
void lk_flip_end(unsigned passings[LK_FLIP_STAGES_MAX]);

#endif
