/* rsa_key: an RSA private key as the kernels want it. Every constant a request would otherwise
 * compute anew stands here, in digits of 52 bits, least significant first.
 *
 * Owner   the engine key; made once at load (engine_rsa_key.h), read only after.
 * Secrets all but k, e, n and rr; in one block, wiped when it is freed. Thread any. */
#ifndef LK_CRYPTO_RSA_KEY_H
#define LK_CRYPTO_RSA_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_RSA_DIGIT_BITS 52
#define LK_RSA_DIGITS_MAX 40 /* of a prime */
#define LK_RSA_WINDOW_BITS 4
#define LK_RSA_WINDOWS_MAX 520 /* of four bits, for an exponent of 40 digits */

/* Kernels are made for primes of 20, 30 and 40 digits, less four bits of headroom: moduli up to
 * 2072, 3112 and 4152 bits when the primes are of one length. */
enum lk_rsa_class { LK_RSA_2048, LK_RSA_3072, LK_RSA_4096, LK_RSA_CLASS_COUNT };
#define LK_RSA_HEADROOM_BITS 4

static inline unsigned lk_rsa_class_digits(enum lk_rsa_class size)
{
    return 20 + 10 * (unsigned)size;
}

/* One prime and its half of the exponent; R = 2^(52 digits). */
struct lk_rsa_prime {
    const uint64_t *n;     /* [digits] the prime */
    const uint64_t *r2;    /* [digits] R^2 mod it */
    const uint64_t *r3;    /* [digits] R^3 mod it */
    uint64_t n0;           /* -1/it mod 2^52 */
    const uint8_t *window; /* [windows] of d mod (it - 1), four bits each, highest first */
};

struct lk_rsa_key {
    enum lk_rsa_class size;
    unsigned digits;  /* of a prime; the modulus has twice as many */
    unsigned windows; /* of the longer prime's bits */
    size_t k;         /* bytes of the modulus */
    struct lk_rsa_prime p, q;
    const uint64_t *qinv;   /* [digits] 1/q mod p */
    const uint64_t *n, *rr; /* [2 digits] the modulus; 2^(208 digits) mod it */
    uint64_t n0;            /* -1/n mod 2^52 */
    uint64_t e;
    size_t bytes; /* of this and what it points at */
};

/* The smallest class whose digits a prime of `bits` bits fits, or LK_RSA_CLASS_COUNT. */
static inline enum lk_rsa_class lk_rsa_class_of(unsigned bits)
{
    unsigned size = 0;
    while (size < LK_RSA_CLASS_COUNT &&
           bits > LK_RSA_DIGIT_BITS * lk_rsa_class_digits((enum lk_rsa_class)size) -
                      LK_RSA_HEADROOM_BITS)
        size++;
    return (enum lk_rsa_class)size;
}

/* Reads what a batch with this key will read, so that it is there when the batch needs it. */
static inline void lk_rsa_key_prefetch(const struct lk_rsa_key *key)
{
    for (size_t i = 0; i < key->bytes; i += 64)
        __builtin_prefetch((const uint8_t *)key + i);
}

#endif
