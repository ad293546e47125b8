#include "crypto/engine_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/engine_check.h"
#include "crypto/engine_ec_key.h"
#include "crypto/engine_rsa_key.h"

#pragma GCC diagnostic ignored                                                                     \
    "-Wdeprecated-declarations" /* reading the parts of an RSA or EC key */

static const char *const fault_texts[LK_KEY_FAULT_COUNT] = {
    [LK_KEY_GOOD] = "the key is good",
    [LK_KEY_NOT_A_KEY] = "no private key in PEM or DER found (PKCS#8, PKCS#1, SEC 1, PKCS#12)",
    [LK_KEY_PASSPHRASE] = "the key is encrypted and the passphrase is missing or wrong",
    [LK_KEY_COSTLY] = "the key is encrypted with more than 5 million rounds: encrypt it with fewer",
    [LK_KEY_KIND_UNKNOWN] = "algorithm or curve not served (RSA, RSA-PSS, P-256, P-384, P-521, "
                            "Ed25519, Ed448 are)",
    [LK_KEY_TOO_SMALL] = "RSA modulus below 2048 bits",
    [LK_KEY_TOO_LARGE] = "RSA modulus above 8192 bits",
    [LK_KEY_MULTI_PRIME] = "RSA key of more than two primes",
    [LK_KEY_EXPONENT] = "RSA public exponent even, or not above 65536",
    [LK_KEY_NO_D] = "RSA key without its private exponent d",
    [LK_KEY_INCONSISTENT] = "the numbers of the key do not belong together",
    [LK_KEY_OPERATION] = "a test operation with the key gave a wrong result",
    [LK_KEY_PSS_PARAMETERS] = "the parameters of the RSA-PSS key let it sign with none of SHA-256, "
                              "SHA-384, SHA-512 (hash and MGF1 alike, salt as long as the hash)",
    [LK_KEY_NOT_PRIME] = "a factor of the RSA modulus is not prime",
};

const char *lk_key_fault_text(enum lk_key_fault fault)
{
    return (unsigned)fault < LK_KEY_FAULT_COUNT ? fault_texts[fault] : "unknown fault";
}

/* --- public half ---------------------------------------------------------------------------- */

/* Hands the library's buffer over into one that free() takes. */
static uint8_t *own(uint8_t *from, int len)
{
    uint8_t *to = len > 0 ? malloc((size_t)len) : NULL;
    if (to != NULL) memcpy(to, from, (size_t)len);
    OPENSSL_free(from);
    return to;
}

/* The algorithm and key bits of a SubjectPublicKeyInfo, both taken over by it. */
static bool fill_spki(struct lk_engine_key *key, X509_PUBKEY *spki)
{
    struct lk_key_parts *parts = &key->parts;
    uint8_t *bits = NULL;
    int len, nid, type = V_ASN1_UNDEF;
    void *value = NULL;
    if (parts->rsa != NULL) {
        nid = NID_rsaEncryption;
        type = V_ASN1_NULL;
        len = i2d_RSAPublicKey(parts->rsa, &bits);
    } else if (parts->ec != NULL) {
        nid = NID_X9_62_id_ecPublicKey;
        type = V_ASN1_OBJECT;
        value = OBJ_nid2obj(EC_GROUP_get_curve_name(EC_KEY_get0_group(parts->ec)));
        EC_KEY_set_conv_form(parts->ec, POINT_CONVERSION_UNCOMPRESSED);
        len = i2o_ECPublicKey(parts->ec, &bits);
    } else {
        size_t size = 57;
        nid = EVP_PKEY_get_id(parts->ed);
        bits = OPENSSL_malloc(size);
        len = bits != NULL && EVP_PKEY_get_raw_public_key(parts->ed, bits, &size) == 1 ? (int)size
                                                                                       : 0;
    }
    if (len > 0 && X509_PUBKEY_set0_param(spki, OBJ_nid2obj(nid), type, value, bits, len) == 1)
        return true;
    OPENSSL_free(bits);
    return false;
}

/* An RSA-PSS key names its own parameters, which are part of its public key. */
static bool take_algorithm(struct lk_engine_key *key, X509_PUBKEY *spki)
{
    if (key->parts.algorithm == NULL) return true;
    X509_ALGOR *algorithm;
    return X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, spki) == 1 &&
           X509_ALGOR_copy(algorithm, key->parts.algorithm) == 1;
}

static bool make_spki(struct lk_engine_key *key)
{
    X509_PUBKEY *spki = X509_PUBKEY_new();
    uint8_t *der = NULL;
    int len = 0;
    if (spki != NULL && fill_spki(key, spki) && take_algorithm(key, spki))
        len = i2d_X509_PUBKEY(spki, &der);
    X509_PUBKEY_free(spki);
    key->spki = own(der, len);
    key->facts.spki = key->spki;
    key->facts.spki_bytes = (size_t)(len > 0 ? len : 0);
    return key->spki != NULL;
}

/* --- RSA ------------------------------------------------------------------------------------ */

static bool make_rsa_public(struct lk_engine_key *key)
{
    RSA *rsa = key->parts.rsa;
    const BIGNUM *n, *e;
    RSA_get0_key(rsa, &n, &e, NULL);
    size_t k = (size_t)BN_num_bytes(n), e_bytes = (size_t)BN_num_bytes(e);
    uint8_t *der = NULL;
    int len = i2d_RSAPublicKey(rsa, &der);
    key->rsa_public = own(der, len);
    key->public_bytes = malloc(k + e_bytes);
    key->public_limbs = calloc(2 * lk_mont_limbs(k), sizeof *key->public_limbs);
    if (key->rsa_public == NULL || key->public_bytes == NULL || key->public_limbs == NULL)
        return false;
    key->facts.rsa_public = key->rsa_public;
    key->facts.rsa_public_bytes = (size_t)len;
    BN_bn2bin(n, key->public_bytes);
    BN_bn2bin(e, key->public_bytes + k);
    lk_rsa_public_init(&key->public, key->public_bytes, k, key->public_bytes + k, e_bytes,
                       key->public_limbs);
    return true;
}

static bool make_d_hash(struct lk_engine_key *key)
{
    const BIGNUM *d;
    uint8_t bytes[LK_ENGINE_RSA_BYTES_MAX];
    size_t k = key->public.k;
    RSA_get0_key(key->parts.rsa, NULL, NULL, &d);
    bool good = BN_bn2binpad(d, bytes, (int)k) == (int)k;
    if (good) lk_sha256(bytes, k, key->d_hash);
    LK_WIPE(bytes);
    return good;
}

static enum lk_key_fault take_pss_parameters(struct lk_engine_key *key)
{
    if (key->parts.algorithm == NULL) return LK_KEY_GOOD;
    uint32_t open = lk_pss_hashes(key->parts.algorithm);
    key->facts.barred_hashes = ~open;
    return open != 0 ? LK_KEY_GOOD : LK_KEY_PSS_PARAMETERS;
}

static bool make_rsa_copies(struct lk_engine_key *key)
{
    key->rsa = calloc(key->workers, sizeof(struct lk_rsa_private *));
    if (key->rsa == NULL) return false;
    for (unsigned w = 0; w < key->workers; w++) {
        key->rsa[w] = lk_rsa_private_new(key->parts.rsa);
        if (key->rsa[w] == NULL) return false;
    }
    return true;
}

/* Any number below n does for the test; this one has all its bytes set. */
static bool rsa_operation_good(struct lk_engine_key *key)
{
    uint8_t c[LK_ENGINE_RSA_BYTES_MAX], m[LK_ENGINE_RSA_BYTES_MAX];
    size_t k = key->public.k;
    memset(c, 0x5a, k);
    c[0] = 0;
    bool good = lk_rsa_private_raw(key->rsa[0], c, m, k) && lk_rsa_result_good(&key->public, m, c);
    lk_rsa_private_hand_over(key->rsa[0]);
    LK_WIPE(m);
    return good;
}

static enum lk_key_fault prepare_rsa(struct lk_engine_key *key)
{
    enum lk_key_fault fault = lk_rsa_check(key->parts.rsa);
    if (fault == LK_KEY_GOOD) fault = take_pss_parameters(key);
    if (fault != LK_KEY_GOOD) return fault;
    key->facts.bits = (uint32_t)RSA_bits(key->parts.rsa);
    key->facts.bytes = (uint32_t)RSA_size(key->parts.rsa);
    if (!make_rsa_public(key) || !make_rsa_copies(key)) return LK_KEY_OPERATION;
    if (!make_d_hash(key)) return LK_KEY_INCONSISTENT;
    key->kernel = lk_rsa_key_new(key->parts.rsa);
    return rsa_operation_good(key) ? LK_KEY_GOOD : LK_KEY_OPERATION;
}

/* --- EC, EdDSA ------------------------------------------------------------------------------ */

static bool ec_operation_good(struct lk_engine_key *key)
{
    uint8_t digest[32], signature[LK_ENGINE_SIGNATURE_BYTES_MAX];
    unsigned len = sizeof signature;
    memset(digest, 0x5a, sizeof digest);
    return ECDSA_sign(0, digest, sizeof digest, signature, &len, key->parts.ec) == 1 &&
           ECDSA_verify(0, digest, sizeof digest, signature, (int)len, key->parts.ec) == 1;
}

static enum lk_key_fault prepare_ec(struct lk_engine_key *key)
{
    enum lk_key_fault fault = lk_ec_check(key->parts.ec);
    if (fault != LK_KEY_GOOD) return fault;
    key->facts.bits = (uint32_t)EC_GROUP_get_degree(EC_KEY_get0_group(key->parts.ec));
    key->facts.bytes = (uint32_t)ECDSA_size(key->parts.ec);
    key->ec = lk_ec_key_new(key->parts.ec);
    return ec_operation_good(key) ? LK_KEY_GOOD : LK_KEY_OPERATION;
}

static bool make_ed_contexts(struct lk_engine_key *key)
{
    key->ed_ctx = calloc(key->workers, sizeof(EVP_MD_CTX *));
    key->ed_check = calloc(key->workers, sizeof(EVP_MD_CTX *));
    if (key->ed_ctx == NULL || key->ed_check == NULL) return false;
    for (unsigned w = 0; w < key->workers; w++) {
        key->ed_ctx[w] = EVP_MD_CTX_new();
        key->ed_check[w] = EVP_MD_CTX_new();
        if (key->ed_ctx[w] == NULL || key->ed_check[w] == NULL) return false;
        if (EVP_DigestSignInit(key->ed_ctx[w], NULL, NULL, NULL, key->parts.ed) != 1) return false;
        if (EVP_DigestVerifyInit(key->ed_check[w], NULL, NULL, NULL, key->parts.ed) != 1)
            return false;
    }
    return true;
}

static bool ed_operation_good(struct lk_engine_key *key)
{
    static const uint8_t text[] = "test";
    uint8_t signature[LK_ENGINE_SIGNATURE_BYTES_MAX];
    size_t len = sizeof signature;
    return EVP_DigestSign(key->ed_ctx[0], signature, &len, text, sizeof text) == 1 &&
           EVP_DigestVerify(key->ed_check[0], signature, len, text, sizeof text) == 1;
}

static enum lk_key_fault prepare_ed(struct lk_engine_key *key)
{
    key->facts.bits = (uint32_t)EVP_PKEY_get_bits(key->parts.ed);
    key->facts.bytes = (uint32_t)EVP_PKEY_get_size(key->parts.ed);
    return make_ed_contexts(key) && ed_operation_good(key) ? LK_KEY_GOOD : LK_KEY_OPERATION;
}

/* --- life ----------------------------------------------------------------------------------- */

static enum lk_key_fault prepare(struct lk_engine_key *key)
{
    key->facts.kind = key->parts.kind;
    enum lk_key_fault fault;
    if (key->parts.rsa != NULL)
        fault = prepare_rsa(key);
    else if (key->parts.ec != NULL)
        fault = prepare_ec(key);
    else
        fault = prepare_ed(key);
    if (fault != LK_KEY_GOOD) return fault;
    return make_spki(key) ? LK_KEY_GOOD : LK_KEY_OPERATION;
}

struct lk_engine_key *lk_engine_key_new(const void *text, size_t len, const char *passphrase,
                                        unsigned workers, enum lk_key_fault *fault)
{
    struct lk_engine_key *key = calloc(1, sizeof *key);
    *fault = LK_KEY_OPERATION;
    if (key == NULL) return NULL;
    key->workers = workers > 0 ? workers : 1;
    *fault = lk_key_parse(text, len, passphrase, &key->parts);
    if (*fault == LK_KEY_GOOD) *fault = prepare(key);
    ERR_clear_error();
    if (*fault == LK_KEY_GOOD) return key;
    lk_engine_key_free(key);
    return NULL;
}

void lk_engine_key_free(struct lk_engine_key *key)
{
    if (key == NULL) return;
    for (unsigned w = 0; w < key->workers; w++) {
        if (key->rsa != NULL) lk_rsa_private_free(key->rsa[w]);
        if (key->ed_ctx != NULL) EVP_MD_CTX_free(key->ed_ctx[w]);
        if (key->ed_check != NULL) EVP_MD_CTX_free(key->ed_check[w]);
    }
    lk_key_parts_free(&key->parts);
    lk_rsa_key_free(key->kernel);
    lk_ec_key_free(key->ec);
    free(key->rsa);
    free(key->ed_ctx);
    free(key->ed_check);
    free(key->spki);
    free(key->rsa_public);
    free(key->public_bytes);
    free(key->public_limbs);
    LK_WIPE(*key);
    free(key);
}

const struct lk_key_facts *lk_engine_key_facts(const struct lk_engine_key *key)
{
    return &key->facts;
}

bool lk_engine_key_primes_good(const struct lk_engine_key *key)
{
    return key->parts.rsa == NULL || lk_rsa_primes_good(key->parts.rsa);
}

const uint8_t *lk_engine_key_d_hash(const struct lk_engine_key *key)
{
    return key->d_hash;
}

const uint8_t *lk_engine_key_modulus(const struct lk_engine_key *key)
{
    return key->public.n;
}

enum lk_kernel_row lk_engine_key_row(const struct lk_engine_key *key)
{
    static const enum lk_kernel_row rows[LK_KEY_KIND_COUNT] = {
        [LK_KEY_P256] = LK_ROW_P256,   [LK_KEY_P384] = LK_ROW_P384,
        [LK_KEY_P521] = LK_ROW_P521,   [LK_KEY_ED25519] = LK_ROW_ED25519,
        [LK_KEY_ED448] = LK_ROW_ED448,
    };
    if (key->parts.rsa == NULL) return rows[key->facts.kind];
    if (key->kernel != NULL) return (enum lk_kernel_row)(LK_ROW_RSA2048 + key->kernel->size);
    if (key->facts.bits <= 2048) return LK_ROW_RSA2048;
    if (key->facts.bits <= 3072) return LK_ROW_RSA3072;
    return key->facts.bits <= 4096 ? LK_ROW_RSA4096 : LK_ROW_RSA8192;
}
