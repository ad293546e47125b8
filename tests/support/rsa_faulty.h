/* rsa_faulty: what goes wrong around the RSA kernels that tests spoil (flip.h): the computation
 * without CRT, which follows a wrong result.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_RSA_FAULTY_H
#define LK_TESTS_SUPPORT_RSA_FAULTY_H

#include <stdbool.h>

#include "crypto/rsa/rsa_kernel.h"
#include "tests/support/flip.h"

_Static_assert((int)LK_RSA_STAGE_COUNT <= LK_FLIP_STAGES_MAX, "room for all");

/* It is wrong too (by a bit). */
extern bool lk_rsa_fault_plain;

#endif
