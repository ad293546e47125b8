#include "crypto/engine_p256_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "crypto/ct.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* reading the parts of an EC key */

#define DIGIT_BITS 52
#define R_BITS (DIGIT_BITS * LK_P256_DIGITS)

/* x cut into digits of 52 bits. */
static bool digits_of(const BIGNUM *x, uint64_t to[LK_P256_DIGITS])
{
    uint8_t bytes[R_BITS / 8 + sizeof(uint64_t)] = {0};
    bool good = BN_bn2lebinpad(x, bytes, R_BITS / 8) == R_BITS / 8;
    for (unsigned i = 0; i < LK_P256_DIGITS; i++) {
        uint64_t word;
        memcpy(&word, bytes + DIGIT_BITS * i / 8, sizeof word);
        to[i] = word >> (DIGIT_BITS * i % 8) & ((UINT64_C(1) << DIGIT_BITS) - 1);
    }
    LK_WIPE(bytes);
    return good;
}

/* d 2^bits mod n. */
static bool shifted(const BIGNUM *d, int bits, const BIGNUM *n, BN_CTX *ctx,
                    uint64_t to[LK_P256_DIGITS])
{
    BN_CTX_start(ctx);
    BIGNUM *x = BN_CTX_get(ctx);
    bool good = x != NULL && BN_lshift(x, d, bits) == 1 && BN_mod(x, x, n, ctx) == 1 &&
                digits_of(x, to);
    BN_CTX_end(ctx);
    return good;
}

/* A secret of its own for the nonces, so that d itself keys nothing else. */
static bool nonce_secret(struct lk_p256_key *key, const BIGNUM *d)
{
    uint8_t bytes[32], secret[LK_SHA256_BYTES];
    struct lk_piece label = {"lurk P-256 nonces", 17};
    bool good = BN_bn2binpad(d, bytes, sizeof bytes) == sizeof bytes;
    lk_hmac(0, bytes, sizeof bytes, &label, 1, secret);
    lk_hmac_states_init(&key->nonce, secret, sizeof secret);
    LK_WIPE(bytes);
    LK_WIPE(secret);
    return good;
}

struct lk_p256_key *lk_p256_key_new(const EC_KEY *ec)
{
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    if (EC_GROUP_get_curve_name(group) != NID_X9_62_prime256v1) return NULL;
    const BIGNUM *d = EC_KEY_get0_private_key(ec), *n = EC_GROUP_get0_order(group);
    struct lk_p256_key *key = OPENSSL_zalloc(sizeof *key); /* where the vault keeps secrets */
    BN_CTX *ctx = BN_CTX_secure_new();
    bool good = key != NULL && ctx != NULL && shifted(d, R_BITS, n, ctx, key->d_r) &&
                shifted(d, 2 * R_BITS, n, ctx, key->d_r2) && nonce_secret(key, d);
    BN_CTX_free(ctx);
    if (good) return key;
    lk_p256_key_free(key);
    ERR_clear_error();
    return NULL;
}

void lk_p256_key_free(struct lk_p256_key *key)
{
    if (key == NULL) return;
    LK_WIPE(*key);
    OPENSSL_free(key);
}
