#include "tools/provider/key.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "tools/provider/selfcheck.h"
#include "tools/provider/verified.h"

static const char *const names[LK_PKEY_KINDS] = {"RSA", "RSA-PSS", "EC", "ED25519", "ED448"};

const char *lk_pkey_name(enum lk_pkey_kind kind)
{
    return names[kind];
}

struct lk_pkey *lk_pkey_new(const struct lk_prov *prov, enum lk_pkey_kind kind)
{
    struct lk_pkey *key = OPENSSL_zalloc(sizeof *key);
    if (key == NULL) return NULL;
    key->prov = prov;
    key->references = 1;
    key->kind = kind;
    return key;
}

struct lk_pkey *lk_pkey_up(struct lk_pkey *key)
{
    __atomic_add_fetch(&key->references, 1, __ATOMIC_RELAXED);
    return key;
}

void lk_pkey_free(struct lk_pkey *key)
{
    if (key == NULL || __atomic_sub_fetch(&key->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    lk_verified_free(key);
    EVP_PKEY_free(key->public_half);
    OPENSSL_free(key);
}

static struct lk_pkey *unusable(const struct lk_prov *prov, struct lk_pkey *key, const char *why)
{
    lk_prov_error(prov, LK_REASON_KEY_FILE, "%s", why);
    lk_pkey_free(key);
    return NULL;
}

/* libcrypto's reading of a SubjectPublicKeyInfo, to its last byte. */
static EVP_PKEY *public_read(const struct lk_prov *prov, struct lk_bytes spki)
{
    const unsigned char *at = spki.data;
    ERR_set_mark();
    EVP_PKEY *pkey = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, prov->libctx, NULL);
    ERR_pop_to_mark();
    if (pkey == NULL || at == spki.data + spki.len) return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

struct lk_pkey *lk_pkey_from_spki(const struct lk_prov *prov, struct lk_bytes spki)
{
    struct lk_pkey *key = lk_pkey_new(prov, LK_PKEY_RSA);
    if (key == NULL) return NULL;
    key->public_half = public_read(prov, spki);
    if (key->public_half == NULL) return unusable(prov, key, "the public key cannot be read");
    while (key->kind < LK_PKEY_KINDS && !EVP_PKEY_is_a(key->public_half, names[key->kind]))
        key->kind++;
    if (key->kind == LK_PKEY_KINDS)
        return unusable(prov, key, "the public key is neither RSA, ECDSA nor EdDSA");
    key->remote = true;
    lk_sha256(spki.data, spki.len, key->key_id);
    memcpy(key->agent, prov->settings.agent, sizeof key->agent);
    key->mode = prov->settings.mode;
    key->fallback = prov->settings.fallback;
    key->verify = prov->settings.verify;
    return key;
}

struct lk_pkey *lk_pkey_from_file(const struct lk_prov *prov, struct lk_bytes der)
{
    struct lk_keyfile file;
    char why[LK_KEYFILE_WHY_BYTES];
    if (lk_keyfile_parse(der, &file, why) != LK_OK) return unusable(prov, NULL, why);
    struct lk_pkey *key = lk_pkey_from_spki(prov, file.spki);
    if (key == NULL) return NULL;
    if (file.agent.len > 0) {
        memcpy(key->agent, file.agent.data, file.agent.len);
        key->agent[file.agent.len] = 0;
    }
    if (file.mode != LK_KEYFILE_MODE_NONE) key->mode = file.mode;
    if (file.fallback != LK_KEYFILE_FALLBACK_NONE) key->fallback = file.fallback;
    if (file.verify != LK_KEYFILE_VERIFY_NONE) key->verify = file.verify;
    lk_selfcheck_claim(key);
    return key;
}

int lk_pkey_hand_on(struct lk_pkey *key, OSSL_CALLBACK *callback, void *arg)
{
    int type = OSSL_OBJECT_PKEY;
    char name[16];
    snprintf(name, sizeof name, "%s", names[key->kind]);
    OSSL_PARAM params[] = {OSSL_PARAM_int(OSSL_OBJECT_PARAM_TYPE, &type),
                           OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, name, strlen(name)),
                           OSSL_PARAM_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &key, sizeof key),
                           OSSL_PARAM_END};
    int done = callback(params, arg);
    lk_pkey_free(key); /* load has left NULL where it took the key */
    return done;
}

bool lk_pkey_full(const struct lk_pkey *key)
{
    return key->mode == LK_KEYFILE_MODE_FULL;
}

bool lk_pkey_may_fall_back(const struct lk_pkey *key)
{
    return key->fallback == LK_KEYFILE_FALLBACK_SIGN;
}
