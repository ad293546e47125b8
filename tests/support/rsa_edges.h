/* rsa_edges: operands of the RSA private operation, the awkward ones above all.
 * Thread one. */
#ifndef LK_TESTS_SUPPORT_RSA_EDGES_H
#define LK_TESTS_SUPPORT_RSA_EDGES_H

#include "tests/support/rsa_subject.h"

enum lk_edge {
    LK_EDGE_ZERO,
    LK_EDGE_ONE,
    LK_EDGE_MINUS_ONE,  /* n - 1 */
    LK_EDGE_ONES,       /* all digits of 52 bits are ones, as many as stay below n */
    LK_EDGE_DIGITS,     /* each digit 0, 1, 2^51, 2^52 - 1 or anything */
    LK_EDGE_SPARSE,     /* three bits */
    LK_EDGE_DENSE,      /* n less a sparse one */
    LK_EDGE_P,          /* p or q; next to it; */
    LK_EDGE_P_MULTIPLE, /* a multiple of it: the half of one prime is 0 */
    LK_EDGE_POWER,      /* 2^i, next to it: where digits, blocks and R begin */
    LK_EDGE_SMALL,      /* below 2^64 */
    LK_EDGE_SIGNATURE,  /* 00 01 ff .. 00 and a digest */
    LK_EDGE_CIPHERTEXT, /* (00 02 .. 00 and a premaster)^e */
    LK_EDGE_BAD,        /* the same with a byte of the padding wrong */
    LK_EDGE_RANDOM,
    LK_EDGE_BELOW_COUNT, /* those above are below n, those to come are not */
    LK_EDGE_N = LK_EDGE_BELOW_COUNT,
    LK_EDGE_ABOVE, /* more than n */
    LK_EDGE_FF,    /* all bytes ff */
    LK_EDGE_COUNT
};

/* c[k] := an operand of this kind. */
void lk_edge_draw(struct lk_subject *subject, enum lk_edge kind, uint8_t *c);

#endif
