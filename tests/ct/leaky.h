/* leaky: the RSA kernels once more, with leaks that a checker of constant time must find: what it
 * does not find here, it would not find in the real ones. Thread one. */
#ifndef LK_TESTS_CT_LEAKY_H
#define LK_TESTS_CT_LEAKY_H

#include "crypto/rsa/rsa_kernel.h"

enum lk_leak {
    LK_LEAK_NONE,
    LK_LEAK_LOOKUP,    /* reads the entry that a window names */
    LK_LEAK_GATHER,    /* the same by a gather; over AVX-512 only */
    LK_LEAK_BRANCH,    /* takes longer where a window is zero */
    LK_LEAK_JUMP,      /* through a table of addresses, by a window */
    LK_LEAK_DIVISION,  /* by a window */
    LK_LEAK_EARLY_OUT, /* takes longer for each zero digit at the top of a result */
    LK_LEAK_BORROW,    /* and where a digit of it is less than the next */
    LK_LEAK_COUNT
};

extern const char *const lk_leak_names[LK_LEAK_COUNT];
/* Which of them the leaky kernels have; LK_LEAK_NONE at start. */
extern enum lk_leak lk_leak;

extern const struct lk_rsa_kernel lk_rsa_leaky_x8_ifma[LK_RSA_CLASS_COUNT];
extern const struct lk_rsa_kernel lk_rsa_leaky_x2_ref[LK_RSA_CLASS_COUNT];

#endif
