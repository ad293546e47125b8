/* ec_faulty: what goes wrong around the kernels of curves that tests spoil (flip.h): the library's
 * signature that follows, and the word of the kernel of proofs.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_EC_FAULTY_H
#define LK_TESTS_SUPPORT_EC_FAULTY_H

#include <stdbool.h>

#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/poo_kernel.h"
#include "tests/support/flip.h"

_Static_assert((int)LK_EC_STAGE_COUNT <= LK_FLIP_STAGES_MAX, "room for all");

extern const char *const lk_ec_stage_names[LK_EC_STAGE_COUNT];

/* The library's signature, which follows a wrong one, is wrong too (by a bit). */
extern bool lk_ec_fault_library;

/* What the kernel of proofs has said of lanes `live`, before the row hears it; NULL: nothing. */
extern void (*lk_poo_spoil)(struct lk_poo_verdicts *verdicts, uint64_t live);
/* A judge with that word in between (ec_poo.inc.c has made it). */
struct lk_poo_verdicts lk_poo_spoilt(struct lk_poo_verdicts verdicts, uint64_t live);
/* Proofs that the library has judged. */
extern unsigned lk_poo_looks;

#endif
