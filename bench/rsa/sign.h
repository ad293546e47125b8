/* sign: what the benchmark of RSA measures: signatures, PKCS#1 v1.5 over a SHA-256 digest, by the
 * library's EVP face and by a kernel row, and the check of a result alone.
 * Each takes its keys in turn, lane by lane. Owner the caller. Thread one. */
#ifndef LK_BENCH_RSA_SIGN_H
#define LK_BENCH_RSA_SIGN_H

#include "bench/rsa/key.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_check.h"

#define LK_SIGN_BATCH_MAX 8
#define LK_SIGN_BYTES_MAX 512

struct lk_sign {
    /* The caller's. */
    const struct lk_bench_key *keys;
    unsigned key_count;
    unsigned batch;                 /* the library signs one by one */
    const struct lk_kernel *kernel; /* and work: of lk_sign_row alone */
    struct lk_engine_work *work;
    /* Set by lk_sign_init and the runs. */
    unsigned next; /* key of the next lane */
    const struct lk_bench_key *key[LK_SIGN_BATCH_MAX];
    uint8_t digest[LK_SIGN_BATCH_MAX][LK_SHA256_BYTES];
    uint8_t in[LK_SIGN_BATCH_MAX][LK_SIGN_BYTES_MAX], out[LK_SIGN_BATCH_MAX][LK_SIGN_BYTES_MAX];
};

void lk_sign_init(struct lk_sign *sign);
/* A batch with EVP_PKEY_sign. */
bool lk_sign_openssl(void *sign);
/* A batch with the row: encoded, run in calls of at most lanes_max lanes, wiped. */
bool lk_sign_row(void *sign);
/* As many as there are keys, each signature verified. They bring what belongs to a key into being,
 * as blinding, so that nothing of that is measured. */
bool lk_sign_openssl_good(void *sign);
bool lk_sign_row_good(void *sign);

struct lk_check {
    /* The caller's. */
    const struct lk_bench_key *key;
    /* Set by lk_check_init. */
    struct lk_rsa_public public;
    uint64_t limbs[2 * LK_MONT_LIMBS_MAX];
    uint8_t digest[LK_SHA256_BYTES], em[LK_SIGN_BYTES_MAX], signature[LK_SIGN_BYTES_MAX];
};

/* Makes a signature to be checked. */
void lk_check_init(struct lk_check *check);
/* EVP_PKEY_verify. */
bool lk_check_openssl(void *check);
/* What stands behind each result of the library rows. */
bool lk_check_portable(void *check);
/* Each says yes to the signature, and no to one that is wrong by a bit. */
bool lk_check_openssl_good(void *check);
bool lk_check_portable_good(void *check);

#endif
