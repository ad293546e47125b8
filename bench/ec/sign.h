/* sign: what the benchmark of curves measures: ECDSA signatures of digests, by the library's EVP
 * face and by a kernel row. Each takes its keys in turn, lane by lane. Owner the caller. Thread
 * one. */
#ifndef LK_BENCH_EC_SIGN_H
#define LK_BENCH_EC_SIGN_H

#include "bench/ec/key.h"
#include "crypto/hash.h"

#define LK_EC_SIGN_BATCH_MAX 64
#define LK_EC_SIGN_BYTES_MAX 112

struct lk_ec_sign {
    /* The caller's. */
    const struct lk_bench_curve *curve;
    const struct lk_bench_ec_key *keys;
    unsigned key_count;
    unsigned batch;                 /* the library signs one by one */
    const struct lk_kernel *kernel; /* and work: of lk_ec_sign_row alone */
    struct lk_engine_work *work;
    /* Set by lk_ec_sign_init and the runs. */
    unsigned next; /* key of the next lane */
    size_t digest_bytes;
    const struct lk_bench_ec_key *key[LK_EC_SIGN_BATCH_MAX];
    uint8_t digest[LK_EC_SIGN_BATCH_MAX][LK_HASH_BYTES_MAX];
    uint8_t out[LK_EC_SIGN_BATCH_MAX][LK_EC_SIGN_BYTES_MAX];
    size_t out_bytes[LK_EC_SIGN_BATCH_MAX];
};

void lk_ec_sign_init(struct lk_ec_sign *sign);
/* A batch with EVP_PKEY_sign, and one with the row, in calls of at most lanes_max lanes. */
bool lk_ec_sign_openssl(void *sign);
bool lk_ec_sign_row(void *sign);
/* As many as there are keys, each signature verified by the library. */
bool lk_ec_sign_openssl_good(void *sign);
bool lk_ec_sign_row_good(void *sign);

#endif
