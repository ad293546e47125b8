/* rsa_bank: RSA keys of every kind that a kernel meets: p above and below q, of one length and of
 * two, moduli between the usual sizes, primes whose digits are all ones or nearly all zeros or
 * whose lowest digit is 1 or 2^52 - 1, exponents from 3 to 2^64 - 1. Made in milliseconds: of a
 * prime only the offset from where it was searched is kept. Owner the caller. Thread one. */
#ifndef LK_TESTS_SUPPORT_RSA_BANK_H
#define LK_TESTS_SUPPORT_RSA_BANK_H

#include "tests/support/rsa_subject.h"

#define LK_BANK_KEYS_MAX 24

/* Keys of one class; the first LK_BANK_PLAIN have nothing special but their order of p and q: the
 * engine takes them, and e is 65537. */
#define LK_BANK_PLAIN 4
struct lk_bank {
    unsigned count;
    struct lk_subject key[LK_BANK_KEYS_MAX];
};

void lk_bank_open(struct lk_bank *bank, enum lk_rsa_class size);
/* No more than the first `count` of them, for who cannot wait. */
void lk_bank_open_first(struct lk_bank *bank, enum lk_rsa_class size, unsigned count);
void lk_bank_close(struct lk_bank *bank);

/* Keys that the engine takes and no kernel does: e of 65 bits, of 2048, 3072, 4096 bits; and one
 * whose primes are too long for any kernel (4154 bits). */
#define LK_BANK_LONE 4
void lk_bank_open_lone(struct lk_bank *bank);

#endif
