#include "tools/lurk-bench/key.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/hash.h"

/* --- kinds of keys and schemes ---------------------------------------------------------------- */

static const struct kind {
    const char *type; /* libcrypto's name */
    const char *curve;
    uint16_t scheme;
    bool rsa;
} kinds[] = {
    {"RSA", NULL, 0x0401, true},         {"RSA-PSS", NULL, 0x0809, false},
    {"EC", "prime256v1", 0x0403, false}, {"EC", "secp384r1", 0x0503, false},
    {"EC", "secp521r1", 0x0603, false},  {"ED25519", NULL, 0x0807, false},
    {"ED448", NULL, 0x0808, false},
};

static const struct scheme {
    uint16_t number;
    const char *type;
    const char *digest; /* NULL: the algorithm has its own */
    bool pss;
} schemes[] = {
    {0x0401, "RSA", "SHA256", false},    {0x0501, "RSA", "SHA384", false},
    {0x0601, "RSA", "SHA512", false},    {0x0804, "RSA", "SHA256", true},
    {0x0805, "RSA", "SHA384", true},     {0x0806, "RSA", "SHA512", true},
    {0x0809, "RSA-PSS", "SHA256", true}, {0x080a, "RSA-PSS", "SHA384", true},
    {0x080b, "RSA-PSS", "SHA512", true}, {0x0403, "EC", "SHA256", false},
    {0x0503, "EC", "SHA384", false},     {0x0603, "EC", "SHA512", false},
    {0x0807, "ED25519", NULL, false},    {0x0808, "ED448", NULL, false},
};

static const struct scheme *scheme_find(const struct lk_bench_key *key, uint16_t number)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (schemes[i].number == number && EVP_PKEY_is_a(key->pkey, schemes[i].type))
            return &schemes[i];
    return NULL;
}

bool lk_bench_key_scheme_fits(const struct lk_bench_key *key, uint16_t scheme)
{
    return scheme_find(key, scheme) != NULL;
}

bool lk_bench_key_check(const struct lk_bench_key *key, uint16_t number, struct lk_bytes tbs,
                        struct lk_bytes signature)
{
    const struct scheme *scheme = scheme_find(key, number);
    if (!scheme) return false;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    bool good = md && EVP_DigestVerifyInit_ex(md, &pctx, scheme->digest, NULL, NULL, key->pkey,
                                              NULL) == 1;
    if (good && scheme->pss)
        good = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestVerify(md, signature.data, signature.len, tbs.data, tbs.len) == 1;
    EVP_MD_CTX_free(md);
    return good;
}

/* --- files ------------------------------------------------------------------------------------ */

static const struct kind *kind_find(EVP_PKEY *pkey)
{
    char curve[64] = "";
    size_t n = 0;
    EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof(curve), &n);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (EVP_PKEY_is_a(pkey, kinds[i].type) &&
            (!kinds[i].curve || !strcmp(kinds[i].curve, curve)))
            return &kinds[i];
    return NULL;
}

/* A certificate or a public key, PEM or DER; the first that parses. */
static EVP_PKEY *read_public(BIO *in, X509 **certificate)
{
    EVP_PKEY *pkey = NULL;
    *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
    if (!*certificate && BIO_reset(in) == 0) *certificate = d2i_X509_bio(in, NULL);
    if (*certificate) return X509_get_pubkey(*certificate);
    if (BIO_reset(in) == 0) pkey = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    if (!pkey && BIO_reset(in) == 0) pkey = d2i_PUBKEY_bio(in, NULL);
    return pkey;
}

static bool key_fill(struct lk_bench_key *key, X509 *certificate)
{
    uint8_t *spki = NULL;
    int bytes = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki)
                            : i2d_PUBKEY(key->pkey, &spki);
    if (bytes <= 0) return false;
    uint8_t digest[LK_SHA256_BYTES];
    lk_sha256(spki, (size_t)bytes, digest);
    OPENSSL_free(spki);
    key->id[0] = 0;
    memcpy(key->id + 1, digest, LK_KEY_ID_BYTES);
    key->bytes = (uint32_t)EVP_PKEY_get_size(key->pkey);
    int der = certificate ? i2d_X509(certificate, &key->certificate) : 0;
    key->certificate_bytes = der > 0 ? (uint32_t)der : 0;
    return der >= 0;
}

static void key_clear(struct lk_bench_key *key)
{
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key->certificate);
    free(key->file);
}

/* Appends the key, or gives its certificate to the same key that is there already; takes it
 * over. */
static lk_err keys_put(struct lk_bench_keys *keys, struct lk_bench_key *key)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        struct lk_bench_key *old = &keys->key[i];
        if (EVP_PKEY_eq(old->pkey, key->pkey) != 1) continue;
        if (!old->certificate) {
            old->certificate = key->certificate;
            old->certificate_bytes = key->certificate_bytes;
            key->certificate = NULL;
        }
        key_clear(key);
        return LK_OK;
    }
    struct lk_bench_key *grown = realloc(keys->key, (keys->count + 1) * sizeof(*grown));
    if (!grown) {
        key_clear(key);
        return LK_ERR_MEMORY;
    }
    keys->key = grown;
    grown[keys->count++] = *key;
    return LK_OK;
}

static lk_err fail(char *error, uint32_t bytes, lk_err err, const char *path, const char *what)
{
    snprintf(error, bytes, "%s: %s", path, what);
    return err;
}

static lk_err add_file(struct lk_bench_keys *keys, const char *path, char *error,
                       uint32_t error_bytes)
{
    BIO *in = BIO_new_file(path, "rb");
    if (!in) return fail(error, error_bytes, -errno, path, strerror(errno));
    X509 *certificate = NULL;
    struct lk_bench_key key = {.pkey = read_public(in, &certificate), .file = strdup(path)};
    BIO_free(in);
    const struct kind *kind = key.pkey ? kind_find(key.pkey) : NULL;
    bool good = kind && key.file && key_fill(&key, certificate);
    X509_free(certificate);
    if (!good) {
        const char *what = key.pkey ? "a kind of key that LURK does not use"
                                    : "neither a public key nor a certificate, PEM or DER";
        key_clear(&key);
        return fail(error, error_bytes, LK_ERR_FORMAT, path, what);
    }
    key.rsa = kind->rsa;
    key.scheme = kind->scheme;
    return keys_put(keys, &key);
}

static int is_key_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (!strcmp(dot, ".pub") || !strcmp(dot, ".crt") || !strcmp(dot, ".pem"));
}

static lk_err add_folder(struct lk_bench_keys *keys, const char *path, char *error,
                         uint32_t error_bytes)
{
    struct dirent **entry = NULL;
    int count = scandir(path, &entry, is_key_file, alphasort);
    if (count < 0) return fail(error, error_bytes, -errno, path, strerror(errno));
    lk_err err = LK_OK;
    if (count == 0)
        err = fail(error, error_bytes, LK_ERR_UNKNOWN, path,
                   "no .pub, .crt or .pem file in this folder");
    for (int i = 0; i < count; i++) {
        char file[4096 + NAME_MAX + 2];
        snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
        if (err == LK_OK) err = add_file(keys, file, error, error_bytes);
        free(entry[i]);
    }
    free(entry);
    return err;
}

lk_err lk_bench_keys_add(struct lk_bench_keys *keys, const char *paths, char *error,
                         uint32_t error_bytes)
{
    char path[4096];
    while (*paths) {
        size_t len = strcspn(paths, ",");
        snprintf(path, sizeof(path), "%.*s", (int)len, paths);
        paths += len + (paths[len] == ',');
        struct stat st;
        if (len == 0) continue;
        if (stat(path, &st) != 0) return fail(error, error_bytes, -errno, path, strerror(errno));
        LK_TRY(S_ISDIR(st.st_mode) ? add_folder(keys, path, error, error_bytes)
                                   : add_file(keys, path, error, error_bytes));
    }
    return LK_OK;
}

void lk_bench_keys_free(struct lk_bench_keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++)
        key_clear(&keys->key[i]);
    free(keys->key);
    *keys = (struct lk_bench_keys){0};
}
