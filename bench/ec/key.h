/* key: the curves of the benchmark, and keys of them, for our engine and for the library alike.
 * Made, not stored: their scalars are digests of small numbers, in anybody's hands. Owner the
 * caller. Thread one. Failures of libcrypto stop the program. */
#ifndef LK_BENCH_EC_KEY_H
#define LK_BENCH_EC_KEY_H

#include <openssl/evp.h>

#include "crypto/crypto.h"
#include "crypto/ec/ec_kernel.h"

struct lk_bench_curve {
    const char *name; /* "p256" */
    int nid;
    unsigned hash; /* that goes with it (hash.h) */
    const EVP_MD *(*md)(void);
    enum lk_kernel_row row;
    const struct lk_ec_kernel *kernel; /* of AVX-512 IFMA */
    double multiply_adds;              /* of a mixed addition, eight lanes (docs/kernels.md) */
};
#define LK_BENCH_CURVES 2
extern const struct lk_bench_curve lk_bench_curves[LK_BENCH_CURVES];

struct lk_bench_ec_key {
    struct lk_engine_key *engine;
    EVP_PKEY_CTX *sign, *verify; /* ECDSA with the curve's hash, prepared once */
};

struct lk_bench_ec_key *lk_bench_ec_keys_new(const struct lk_bench_curve *curve, unsigned count);
void lk_bench_ec_keys_free(struct lk_bench_ec_key *keys, unsigned count);

#endif
