/* key: the P-256 keys of the benchmark, for our engine and for the library alike. Made, not stored:
 * their scalars are digests of small numbers, in anybody's hands.
 * Owner the caller. Thread one. Failures of libcrypto stop the program. */
#ifndef LK_BENCH_EC_KEY_H
#define LK_BENCH_EC_KEY_H

#include <openssl/evp.h>

#include "crypto/crypto.h"

struct lk_bench_ec_key {
    struct lk_engine_key *engine;
    EVP_PKEY_CTX *sign, *verify; /* ECDSA with SHA-256, prepared once */
};

struct lk_bench_ec_key *lk_bench_ec_keys_new(unsigned count);
void lk_bench_ec_keys_free(struct lk_bench_ec_key *keys, unsigned count);

#endif
