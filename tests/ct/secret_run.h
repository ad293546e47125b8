/* secret_run: RSA private operations of which all that is secret is marked as undefined, for a
 * checker that reports the branch or the address that hangs on it. Marked are the primes and all
 * that follows from them, exponents, operands, and the scratch that a kernel finds; the modulus, e
 * and lengths are public. Thread one. */
#ifndef LK_TESTS_CT_SECRET_RUN_H
#define LK_TESTS_CT_SECRET_RUN_H

#include <stdbool.h>

#include "crypto/rsa/rsa_kernel.h"

/* How this checker is told. */
struct lk_marker {
    void (*secret)(const void *data, size_t len);
    void (*public)(const void *data, size_t len);
    bool (*is_secret)(const void *data, size_t len); /* any byte of it */
    void (*watch)(bool on); /* a kernel is about to run, has run; NULL: not of interest */
};

/* The first `keys` keys of the class once or more, as many requests a call as live has bits.
 * Results must come out right, and marked: else the mark was lost on the way, and the run would
 * show nothing. Ends the program where they do not. */
void lk_secret_run(const struct lk_rsa_kernel *kernel, const struct lk_marker *marker,
                   uint64_t live, unsigned keys);

#endif
