/* ec_faulty: the kernels of curves once more, with a call into the test after each step of a
 * computation, where it may spoil numbers. They stand in the place of the library's (same names,
 * linked before it) in the programs that the Makefile names; with no fault set they are the same.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_EC_FAULTY_H
#define LK_TESTS_SUPPORT_EC_FAULTY_H

#include <stdbool.h>

#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/p256_poo.h"

/* A step is done: numbers[count][lanes] is what came out. */
void lk_ec_stage_done(enum lk_ec_stage stage, uint64_t *numbers, unsigned count, unsigned lanes);

#define STAGE(stage, numbers, count)                                                               \
    lk_ec_stage_done(stage, (uint64_t *)(void *)(numbers), count, LANES)

/* Flips one bit in one passing of one stage, once. */
struct lk_ec_flip {
    enum lk_ec_stage stage;
    unsigned passing; /* from 0 */
    unsigned digit;   /* modulo the stage's count */
    unsigned lane, bit;
};
/* From now on, and counts passings; NULL: counts only. */
void lk_ec_flip_set(const struct lk_ec_flip *flip);
/* Passings since then; no more flips. */
void lk_ec_flip_end(unsigned passings[LK_EC_STAGE_COUNT]);

extern const char *const lk_ec_stage_names[LK_EC_STAGE_COUNT];

/* The library's signature, which follows a wrong one, is wrong too (by a bit). */
extern bool lk_ec_fault_library;

/* What the kernel of proofs has said of lanes `live`, before the row hears it; NULL: nothing. */
extern void (*lk_p256_poo_spoil)(struct lk_p256_poo_verdicts *verdicts, uint64_t live);
/* A judge with that word in between (p256_poo.inc.c has made it). */
struct lk_p256_poo_verdicts lk_p256_poo_spoilt(struct lk_p256_poo_verdicts verdicts, uint64_t live);
/* Proofs that the library has judged. */
extern unsigned lk_p256_poo_looks;

#endif
