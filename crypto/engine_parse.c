#include "crypto/engine_parse.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "crypto/engine_rounds.h"
#include "crypto/hash.h"

/* The direct decoders of RSA and EC keys are marked deprecated; the generic one tries every form it
 * knows and takes ten times as long. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define TEXT_BYTES_MAX 1048576

typedef enum lk_key_fault parse_fn(const uint8_t *der, long len, const char *passphrase,
                                   struct lk_key_parts *parts);

static enum lk_key_fault take_rsa(const uint8_t *der, long len, enum lk_key_kind kind,
                                  struct lk_key_parts *parts)
{
    const uint8_t *at = der;
    parts->kind = kind;
    parts->rsa = d2i_RSAPrivateKey(NULL, &at, len);
    return parts->rsa != NULL && at == der + len ? LK_KEY_GOOD : LK_KEY_NOT_A_KEY;
}

static bool curve_kind(const EC_KEY *ec, enum lk_key_kind *kind)
{
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    if (group == NULL || EC_KEY_decoded_from_explicit_params(ec) != 0) return false;
    switch (EC_GROUP_get_curve_name(group)) {
    case NID_X9_62_prime256v1: *kind = LK_KEY_P256; return true;
    case NID_secp384r1: *kind = LK_KEY_P384; return true;
    case NID_secp521r1: *kind = LK_KEY_P521; return true;
    default: return false;
    }
}

/* curve: from the PKCS#8 algorithm, NULL when the key names its own. */
static enum lk_key_fault take_ec(const uint8_t *der, long len, const ASN1_OBJECT *curve,
                                 struct lk_key_parts *parts)
{
    const uint8_t *at = der;
    EC_KEY *ec = curve != NULL ? EC_KEY_new_by_curve_name(OBJ_obj2nid(curve)) : EC_KEY_new();
    if (ec == NULL) return LK_KEY_KIND_UNKNOWN;
    parts->ec = ec;
    if (d2i_ECPrivateKey(&parts->ec, &at, len) == NULL) {
        parts->ec = ec; /* the decoder leaves a caller's object to the caller */
        unsigned long error = ERR_peek_error();
        bool form = ERR_GET_LIB(error) == ERR_LIB_ASN1;
        return form ? LK_KEY_NOT_A_KEY : LK_KEY_KIND_UNKNOWN;
    }
    if (at != der + len) return LK_KEY_NOT_A_KEY;
    if (!curve_kind(parts->ec, &parts->kind)) return LK_KEY_KIND_UNKNOWN;
    if (curve != NULL &&
        EC_GROUP_get_curve_name(EC_KEY_get0_group(parts->ec)) != OBJ_obj2nid(curve))
        return LK_KEY_INCONSISTENT; /* two curves in one file */
    return LK_KEY_GOOD;
}

/* RFC 8410 7: the octets of the key are an octet string of their own. */
static enum lk_key_fault take_ed(const uint8_t *der, long len, int type, struct lk_key_parts *parts)
{
    size_t bytes = type == EVP_PKEY_ED25519 ? 32 : 57;
    if ((size_t)len != bytes + 2 || der[0] != 0x04 || der[1] != bytes) return LK_KEY_NOT_A_KEY;
    parts->kind = type == EVP_PKEY_ED25519 ? LK_KEY_ED25519 : LK_KEY_ED448;
    parts->ed = EVP_PKEY_new_raw_private_key(type, NULL, der + 2, bytes);
    return parts->ed != NULL ? LK_KEY_GOOD : LK_KEY_NOT_A_KEY;
}

static enum lk_key_fault take_pkcs8(const PKCS8_PRIV_KEY_INFO *p8, struct lk_key_parts *parts)
{
    const X509_ALGOR *algorithm;
    const ASN1_OBJECT *oid;
    const void *value;
    const uint8_t *der;
    int len, type;
    if (PKCS8_pkey_get0(NULL, &der, &len, &algorithm, p8) != 1) return LK_KEY_NOT_A_KEY;
    X509_ALGOR_get0(&oid, &type, &value, algorithm);
    switch (OBJ_obj2nid(oid)) {
    case NID_rsaEncryption: return take_rsa(der, len, LK_KEY_RSA, parts);
    case NID_rsassaPss:
        parts->algorithm = X509_ALGOR_dup(algorithm);
        if (parts->algorithm == NULL) return LK_KEY_NOT_A_KEY;
        return take_rsa(der, len, LK_KEY_RSA_PSS, parts);
    case NID_X9_62_id_ecPublicKey:
        if (type != V_ASN1_OBJECT) return LK_KEY_KIND_UNKNOWN;
        return take_ec(der, len, value, parts);
    case NID_ED25519: return take_ed(der, len, EVP_PKEY_ED25519, parts);
    case NID_ED448: return take_ed(der, len, EVP_PKEY_ED448, parts);
    default: return LK_KEY_KIND_UNKNOWN;
    }
}

static enum lk_key_fault parse_pkcs8(const uint8_t *der, long len, const char *passphrase,
                                     struct lk_key_parts *parts)
{
    (void)passphrase;
    const uint8_t *at = der;
    PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, len);
    if (p8 == NULL) return LK_KEY_NOT_A_KEY;
    enum lk_key_fault fault = take_pkcs8(p8, parts);
    PKCS8_PRIV_KEY_INFO_free(p8);
    return fault;
}

static enum lk_key_fault parse_encrypted(const uint8_t *der, long len, const char *passphrase,
                                         struct lk_key_parts *parts)
{
    const uint8_t *at = der;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &at, len);
    if (sealed == NULL) return LK_KEY_NOT_A_KEY;
    const X509_ALGOR *algorithm = NULL;
    X509_SIG_get0(sealed, &algorithm, NULL);
    if (!lk_rounds_bearable(algorithm)) {
        X509_SIG_free(sealed);
        return LK_KEY_COSTLY;
    }
    PKCS8_PRIV_KEY_INFO *p8 = NULL;
    if (passphrase != NULL) p8 = PKCS8_decrypt(sealed, passphrase, (int)strlen(passphrase));
    X509_SIG_free(sealed);
    if (p8 == NULL) return LK_KEY_PASSPHRASE;
    enum lk_key_fault fault = take_pkcs8(p8, parts);
    PKCS8_PRIV_KEY_INFO_free(p8);
    return fault;
}

static enum lk_key_fault parse_pkcs1(const uint8_t *der, long len, const char *passphrase,
                                     struct lk_key_parts *parts)
{
    (void)passphrase;
    return take_rsa(der, len, LK_KEY_RSA, parts);
}

static enum lk_key_fault parse_sec1(const uint8_t *der, long len, const char *passphrase,
                                    struct lk_key_parts *parts)
{
    (void)passphrase;
    return take_ec(der, len, NULL, parts);
}

static enum lk_key_fault take_pkcs12(PKCS12 *p12, const char *passphrase,
                                     struct lk_key_parts *parts)
{
    /* No passphrase and an empty one are two things in this form; PKCS12_verify_mac knows both. */
    const char *pass = passphrase != NULL ? passphrase : "";
    if (!lk_rounds_bearable_pkcs12(p12, passphrase)) return LK_KEY_COSTLY;
    if (PKCS12_verify_mac(p12, pass, -1) != 1 &&
        (passphrase != NULL || PKCS12_verify_mac(p12, NULL, 0) != 1))
        return LK_KEY_PASSPHRASE;
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    if (PKCS12_parse(p12, passphrase, &key, &certificate, NULL) != 1) return LK_KEY_NOT_A_KEY;
    X509_free(certificate);
    PKCS8_PRIV_KEY_INFO *p8 = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
    EVP_PKEY_free(key);
    if (p8 == NULL) return LK_KEY_NOT_A_KEY;
    enum lk_key_fault fault = take_pkcs8(p8, parts);
    PKCS8_PRIV_KEY_INFO_free(p8);
    return fault;
}

static enum lk_key_fault parse_pkcs12(const uint8_t *der, long len, const char *passphrase,
                                      struct lk_key_parts *parts)
{
    const uint8_t *at = der;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, len);
    if (p12 == NULL) return LK_KEY_NOT_A_KEY;
    enum lk_key_fault fault = take_pkcs12(p12, passphrase, parts);
    PKCS12_free(p12);
    return fault;
}

/* --- parameters of RSA-PSS (RFC 4055) ------------------------------------------------------- */

/* Numbered as in hash.h. An algorithm that is left out is SHA-1, which nobody is served with. */
static int hash_of(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = NULL;
    if (algorithm != NULL) X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    switch (oid != NULL ? OBJ_obj2nid(oid) : NID_undef) {
    case NID_sha256: return 0;
    case NID_sha384: return 1;
    case NID_sha512: return 2;
    default: return -1;
    }
}

static int mask_hash_of(const X509_ALGOR *mask)
{
    const ASN1_OBJECT *oid = NULL;
    const void *value = NULL;
    int type = V_ASN1_UNDEF;
    if (mask != NULL) X509_ALGOR_get0(&oid, &type, &value, mask);
    if (oid == NULL || OBJ_obj2nid(oid) != NID_mgf1 || type != V_ASN1_SEQUENCE) return -1;
    X509_ALGOR *inner = ASN1_item_unpack(value, ASN1_ITEM_rptr(X509_ALGOR));
    int hash = hash_of(inner);
    X509_ALGOR_free(inner);
    return hash;
}

static uint32_t hashes_of_pss(const RSA_PSS_PARAMS *pss)
{
    int hash = hash_of(pss->hashAlgorithm);
    if (hash < 0 || mask_hash_of(pss->maskGenAlgorithm) != hash) return 0;
    int64_t salt_min = 20, trailer = 1; /* where they are left out */
    if (pss->saltLength != NULL && ASN1_INTEGER_get_int64(&salt_min, pss->saltLength) != 1)
        return 0;
    if (pss->trailerField != NULL && ASN1_INTEGER_get_int64(&trailer, pss->trailerField) != 1)
        return 0;
    bool fits = salt_min >= 0 && salt_min <= (int64_t)lk_hash_bytes((unsigned)hash) && trailer == 1;
    return fits ? 1u << hash : 0;
}

uint32_t lk_pss_hashes(const X509_ALGOR *algorithm)
{
    int type;
    const void *value;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    if (type == V_ASN1_UNDEF) return UINT32_MAX;
    RSA_PSS_PARAMS *pss = NULL;
    if (type == V_ASN1_SEQUENCE) pss = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    uint32_t hashes = pss != NULL ? hashes_of_pss(pss) : 0;
    RSA_PSS_PARAMS_free(pss);
    ERR_clear_error();
    return hashes;
}

/* --- which form ----------------------------------------------------------------------------- */

/* The tag and content of the next element of a DER text; false when it does not fit. */
static bool element_next(const uint8_t **at, long *left, int *tag, const uint8_t **content,
                         long *len)
{
    int class;
    const uint8_t *p = *at;
    int flags = ASN1_get_object(&p, len, tag, &class, *left);
    if ((flags & 0x80) != 0 || (flags & 1) != 0) return false; /* broken, or without a length */
    *left -= p - *at + *len;
    *at = p + *len;
    *content = p;
    return true;
}

/* The first two elements inside the outer sequence tell the forms apart. */
static parse_fn *form_of(const uint8_t *der, long len)
{
    static const struct {
        int first, second;
        int version; /* of an integer in first; -1 any */
        parse_fn *parse;
    } forms[] = {
        {V_ASN1_INTEGER, V_ASN1_SEQUENCE, 3, parse_pkcs12},
        {V_ASN1_INTEGER, V_ASN1_SEQUENCE, -1, parse_pkcs8},
        {V_ASN1_INTEGER, V_ASN1_INTEGER, -1, parse_pkcs1},
        {V_ASN1_INTEGER, V_ASN1_OCTET_STRING, -1, parse_sec1},
        {V_ASN1_SEQUENCE, V_ASN1_OCTET_STRING, -1, parse_encrypted},
    };
    const uint8_t *inside, *content;
    long inside_len, content_len;
    int outer, first, second;
    if (!element_next(&der, &len, &outer, &inside, &inside_len)) return NULL;
    if (outer != V_ASN1_SEQUENCE || len != 0) return NULL;
    if (!element_next(&inside, &inside_len, &first, &content, &content_len)) return NULL;
    int version = content_len == 1 ? content[0] : -2;
    if (!element_next(&inside, &inside_len, &second, &content, &content_len)) return NULL;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].first != first || forms[i].second != second) continue;
        if (forms[i].version == -1 || forms[i].version == version) return forms[i].parse;
    }
    return NULL;
}

static enum lk_key_fault parse_der(const uint8_t *der, long len, const char *passphrase,
                                   struct lk_key_parts *parts)
{
    parse_fn *parse = form_of(der, len);
    return parse != NULL ? parse(der, len, passphrase, parts) : LK_KEY_NOT_A_KEY;
}

/* --- PEM ------------------------------------------------------------------------------------ */

static bool is_key_label(const char *name)
{
    static const char *const labels[] = {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY",
                                         "EC PRIVATE KEY"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(name, labels[i]) == 0) return true;
    return false;
}

/* -1 refuses: without this function libcrypto would ask the terminal. */
static int give_passphrase(char *to, int size, int writing, void *passphrase)
{
    (void)writing;
    if (passphrase == NULL) return -1;
    size_t len = strlen(passphrase);
    if (len > (size_t)size) return -1;
    memcpy(to, passphrase, len);
    return (int)len;
}

/* The old form of encryption, with its parameters in the header of the block. */
static bool unseal(const char *header, uint8_t *data, long *len, const char *passphrase)
{
    EVP_CIPHER_INFO cipher;
    char *found = NULL; /* libcrypto parses the header in place */
    if (header != NULL) found = OPENSSL_strdup(header);
    bool good = found != NULL && PEM_get_EVP_CIPHER_INFO(found, &cipher) == 1 &&
                PEM_do_header(&cipher, data, len, give_passphrase, (void *)(uintptr_t)passphrase) ==
                    1;
    OPENSSL_free(found);
    return good;
}

/* The first private key of the text. *blocks counts what stood before it. */
static enum lk_key_fault parse_pem(BIO *text, const char *passphrase, struct lk_key_parts *parts,
                                   int *blocks)
{
    char *name, *header;
    uint8_t *data;
    long len;
    for (; PEM_read_bio(text, &name, &header, &data, &len) == 1; ++*blocks) {
        enum lk_key_fault fault = LK_KEY_NOT_A_KEY;
        bool is_key = is_key_label(name);
        long size = len;
        if (is_key && !unseal(header, data, &len, passphrase))
            fault = LK_KEY_PASSPHRASE;
        else if (is_key)
            fault = parse_der(data, len, passphrase, parts);
        /* One wrong passphrase in 256 leaves what looks like padding. */
        if (is_key && fault == LK_KEY_NOT_A_KEY && header != NULL && header[0] != 0)
            fault = LK_KEY_PASSPHRASE;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)size);
        if (!is_key) continue;
        ++*blocks;
        return fault;
    }
    return LK_KEY_NOT_A_KEY;
}

enum lk_key_fault lk_key_parse(const void *text, size_t len, const char *passphrase,
                               struct lk_key_parts *parts)
{
    int blocks = 0;
    *parts = (struct lk_key_parts){.rsa = NULL};
    if (len == 0 || len > TEXT_BYTES_MAX) return LK_KEY_NOT_A_KEY;
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    if (bio == NULL) return LK_KEY_NOT_A_KEY;
    enum lk_key_fault fault = parse_pem(bio, passphrase, parts, &blocks);
    BIO_free(bio);
    if (blocks == 0) fault = parse_der(text, (long)len, passphrase, parts);
    if (fault != LK_KEY_GOOD) lk_key_parts_free(parts);
    ERR_clear_error();
    return fault;
}

void lk_key_parts_free(struct lk_key_parts *parts)
{
    RSA_free(parts->rsa);
    EC_KEY_free(parts->ec);
    EVP_PKEY_free(parts->ed);
    X509_ALGOR_free(parts->algorithm);
    *parts = (struct lk_key_parts){.rsa = NULL};
}
