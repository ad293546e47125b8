#include "bench/rsa/key.h"

#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/hash.h"
#include "tests/support/test_keys.h"

#define PRIME_BYTES_MAX 256

#include "bench/rsa/offsets.inc.c"

static const uint16_t *offsets_of(unsigned bits)
{
    if (bits == 2048) return offsets_2048;
    return bits == 3072 ? offsets_3072 : offsets_4096;
}

/* A string of digests with its ends fixed, plus the offset: tools/dev/testprimes.py says the same.
 * In hex, to be freed by the library. */
static char *prime(unsigned bits, unsigned which)
{
    uint8_t digits[PRIME_BYTES_MAX];
    unsigned bytes = bits / 16;
    for (unsigned i = 0; i < bytes / LK_SHA256_BYTES; i++) {
        uint8_t label[4] = {(uint8_t)(bits >> 8), (uint8_t)bits, (uint8_t)which, (uint8_t)i};
        lk_sha256(label, sizeof label, digits + i * LK_SHA256_BYTES);
    }
    digits[0] |= 0xc0;
    memcpy(digits + bytes - 3, (uint8_t[3]){0, 0, 1}, 3);
    BIGNUM *number = BN_bin2bn(digits, (int)bytes, NULL);
    LK_ASSERT(number != NULL && BN_add_word(number, offsets_of(bits)[which]));
    char *hex = BN_bn2hex(number);
    LK_ASSERT(hex != NULL);
    BN_free(number);
    return hex;
}

static EVP_PKEY_CTX *context(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    LK_ASSERT(ctx != NULL && init(ctx) == 1);
    LK_ASSERT(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
    LK_ASSERT(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    return ctx;
}

static void load(struct lk_bench_key *key, struct lk_bytes der)
{
    enum lk_key_fault fault;
    const uint8_t *at = der.data;
    key->engine = lk_engine_key_new(der.data, der.len, NULL, 1, &fault);
    EVP_PKEY *library = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);
    LK_ASSERT(key->engine != NULL && library != NULL);
    key->sign = context(library, EVP_PKEY_sign_init);
    key->verify = context(library, EVP_PKEY_verify_init);
    EVP_PKEY_free(library); /* the contexts hold it */
}

static void make(struct lk_bench_key *key, const char *p, const char *q)
{
    struct lk_test_rsa numbers;
    lk_test_rsa_init(&numbers, "10001", p, q, NULL);
    struct lk_bytes der = lk_test_rsa_der(&numbers);
    load(key, der);
    lk_test_rsa_fini(&numbers);
    free((void *)der.data);
}

struct lk_bench_key *lk_bench_keys_new(unsigned bits, unsigned count)
{
    LK_ASSERT(count <= LK_BENCH_KEYS_MAX);
    struct lk_bench_key *keys = calloc(count, sizeof *keys);
    LK_ASSERT(keys != NULL);
    char *primes[LK_BENCH_PRIMES];
    for (unsigned i = 0; i < LK_BENCH_PRIMES; i++)
        primes[i] = prime(bits, i);
    unsigned made = 0;
    for (unsigned p = 1; p < LK_BENCH_PRIMES; p++)
        for (unsigned q = 0; q < p && made < count; q++)
            make(&keys[made++], primes[p], primes[q]);
    for (unsigned i = 0; i < LK_BENCH_PRIMES; i++)
        OPENSSL_free(primes[i]);
    return keys;
}

void lk_bench_keys_free(struct lk_bench_key *keys, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        lk_engine_key_free(keys[i].engine);
        EVP_PKEY_CTX_free(keys[i].sign);
        EVP_PKEY_CTX_free(keys[i].verify);
    }
    free(keys);
}

bool lk_bench_key_verify(const struct lk_bench_key *key, const uint8_t *signature,
                         const uint8_t *digest)
{
    size_t bytes = lk_engine_key_facts(key->engine)->bytes;
    return EVP_PKEY_verify(key->verify, signature, bytes, digest, LK_SHA256_BYTES) == 1;
}
