#include "crypto/engine_ec_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/ec/p256_const.h"
#include "crypto/ec/p384_const.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* reading the parts of an EC key */

#define DIGIT_BITS 52
#define NUMBER_BYTES_MAX 48

struct curve {
    int nid;
    int digits, bytes;
    struct lk_piece label; /* of the secret that nonces are drawn with */
};

static const struct curve curves[] = {
    {NID_X9_62_prime256v1, LK_P256_DIGITS, LK_P256_BYTES, {"lurk P-256 nonces", 17}},
    {NID_secp384r1, LK_P384_DIGITS, LK_P384_BYTES, {"lurk P-384 nonces", 17}},
};

static const struct curve *curve_of(const EC_KEY *ec)
{
    int nid = EC_GROUP_get_curve_name(EC_KEY_get0_group(ec));
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (curves[i].nid == nid) return &curves[i];
    return NULL;
}

/* x, below R, cut into digits of 52 bits. */
static bool digits_of(const BIGNUM *x, uint64_t to[LK_EC_DIGITS_MAX])
{
    uint8_t bytes[DIGIT_BITS * LK_EC_DIGITS_MAX / 8 + sizeof(uint64_t)] = {0};
    bool good = BN_bn2lebinpad(x, bytes, sizeof bytes) == sizeof bytes;
    for (unsigned i = 0; i < LK_EC_DIGITS_MAX; i++) {
        uint64_t word;
        memcpy(&word, bytes + DIGIT_BITS * i / 8, sizeof word);
        to[i] = word >> (DIGIT_BITS * i % 8) & ((UINT64_C(1) << DIGIT_BITS) - 1);
    }
    LK_WIPE(bytes);
    return good;
}

/* d 2^bits mod n. */
static bool shifted(const BIGNUM *d, int bits, const BIGNUM *n, BN_CTX *ctx,
                    uint64_t to[LK_EC_DIGITS_MAX])
{
    BN_CTX_start(ctx);
    BIGNUM *x = BN_CTX_get(ctx);
    bool good = x != NULL && BN_lshift(x, d, bits) == 1 && BN_mod(x, x, n, ctx) == 1 &&
                digits_of(x, to);
    BN_CTX_end(ctx);
    return good;
}

/* A secret of its own for the nonces, so that d itself keys nothing else. */
static bool nonce_secret(struct lk_ec_key *key, const struct curve *curve, const BIGNUM *d)
{
    uint8_t bytes[NUMBER_BYTES_MAX], secret[LK_SHA256_BYTES];
    bool good = BN_bn2binpad(d, bytes, curve->bytes) == curve->bytes;
    lk_hmac(0, bytes, (size_t)curve->bytes, &curve->label, 1, secret);
    lk_hmac_states_init(&key->nonce, secret, sizeof secret);
    LK_WIPE(bytes);
    LK_WIPE(secret);
    return good;
}

struct lk_ec_key *lk_ec_key_new(const EC_KEY *ec)
{
    const struct curve *curve = curve_of(ec);
    if (curve == NULL) return NULL;
    int bits = DIGIT_BITS * curve->digits; /* of R */
    const BIGNUM *d = EC_KEY_get0_private_key(ec);
    const BIGNUM *n = EC_GROUP_get0_order(EC_KEY_get0_group(ec));
    struct lk_ec_key *key = OPENSSL_zalloc(sizeof *key); /* where the vault keeps secrets */
    BN_CTX *ctx = BN_CTX_secure_new();
    bool good = key != NULL && ctx != NULL && shifted(d, bits, n, ctx, key->d_r) &&
                shifted(d, 2 * bits, n, ctx, key->d_r2) && nonce_secret(key, curve, d);
    BN_CTX_free(ctx);
    if (good) return key;
    lk_ec_key_free(key);
    ERR_clear_error();
    return NULL;
}

void lk_ec_key_free(struct lk_ec_key *key)
{
    if (key == NULL) return;
    LK_WIPE(*key);
    OPENSSL_free(key);
}
