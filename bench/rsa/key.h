/* key: the RSA keys of the benchmark, for our engine and for the library alike. Made, not stored:
 * products of pairs of LK_BENCH_PRIMES primes a size. They are in anybody's hands.
 * Owner the caller. Thread one. Failures of libcrypto stop the program. */
#ifndef LK_BENCH_RSA_KEY_H
#define LK_BENCH_RSA_KEY_H

#include <openssl/evp.h>

#include "crypto/crypto.h"

#define LK_BENCH_PRIMES 46
#define LK_BENCH_KEYS_MAX (LK_BENCH_PRIMES * (LK_BENCH_PRIMES - 1) / 2)

struct lk_bench_key {
    struct lk_engine_key *engine;
    /* PKCS#1 v1.5 with SHA-256, prepared once. */
    EVP_PKEY_CTX *sign, *verify;
};

/* The first `count` keys of 2048, 3072 or 4096 bits. */
struct lk_bench_key *lk_bench_keys_new(unsigned bits, unsigned count);
void lk_bench_keys_free(struct lk_bench_key *keys, unsigned count);

/* By the library and the public half: is `signature` one of this SHA-256 digest? */
bool lk_bench_key_verify(const struct lk_bench_key *key, const uint8_t *signature,
                         const uint8_t *digest);

#endif
