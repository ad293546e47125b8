/* rsa_faulty: the RSA kernels once more, with a call into the test after each step of a
 * computation, where it may spoil numbers. They stand in the place of the library's (same names,
 * linked before it) in the programs that the Makefile names; with no fault set they are the same.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_RSA_FAULTY_H
#define LK_TESTS_SUPPORT_RSA_FAULTY_H

#include <stdbool.h>

#include "crypto/rsa/rsa_kernel.h"

/* A step is done: numbers[count][lanes] is what came out. */
typedef void lk_rsa_fault_fn(enum lk_rsa_stage stage, uint64_t *numbers, unsigned count,
                             unsigned lanes);
extern lk_rsa_fault_fn *lk_rsa_fault; /* NULL: no faults */

#define STAGE(stage, numbers, count)                                                               \
    do {                                                                                           \
        if (lk_rsa_fault != NULL)                                                                  \
            lk_rsa_fault(stage, (uint64_t *)(void *)(numbers), count, LANES);                      \
    } while (0)

/* Flips one bit in one passing of one stage, once. */
struct lk_rsa_flip {
    enum lk_rsa_stage stage;
    unsigned passing; /* from 0 */
    unsigned digit;   /* modulo the stage's count */
    unsigned lane, bit;
};
/* Sets lk_rsa_fault to do so, and to count passings; NULL: to count only. */
void lk_rsa_flip_set(const struct lk_rsa_flip *flip);
/* Passings since then; lk_rsa_fault is off again. */
void lk_rsa_flip_end(unsigned passings[LK_RSA_STAGE_COUNT]);

/* The computation without CRT, which follows a wrong result, is wrong too (by a bit). */
extern bool lk_rsa_fault_plain;

#endif
