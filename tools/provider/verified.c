#include "tools/provider/verified.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "core/keys/scheme.h"
#include "crypto/hash.h"

const char *lk_verified_digest(uint16_t scheme)
{
    static const char *const names[LK_HASH_COUNT] = {"SHA2-256", "SHA2-384", "SHA2-512"};
    const struct lk_scheme_row *row = lk_scheme_find(scheme);
    return row != NULL && row->hash < LK_HASH_COUNT ? names[row->hash] : NULL;
}

static bool is_of(uint16_t scheme, enum lk_scheme_form form)
{
    const struct lk_scheme_row *row = lk_scheme_find(scheme);
    return row != NULL && row->form == form;
}

static bool good_by_library(const struct lk_pkey *key, uint16_t scheme, struct lk_bytes message,
                            struct lk_bytes signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    ERR_set_mark();
    bool good = ctx != NULL &&
                EVP_DigestVerifyInit_ex(ctx, &pctx, lk_verified_digest(scheme), key->prov->libctx,
                                        NULL, key->public_half, NULL) == 1;
    if (good && is_of(scheme, LK_SCHEME_PSS))
        good = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good &&
           EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;
    ERR_pop_to_mark();
    EVP_MD_CTX_free(ctx);
    return good;
}

/* Returns whether they were left before. */
static bool lanes_leave(const struct lk_pkey *key)
{
    bool *off = (bool *)(uintptr_t)&key->lanes_off;
    return __atomic_exchange_n(off, true, __ATOMIC_RELAXED);
}

/* Of all keys of the process. */
static unsigned *combs_of(const struct lk_pkey *key)
{
    return (unsigned *)(uintptr_t)&key->prov->combs;
}

static void comb_free(const struct lk_pkey *key, struct lk_ecdsa_check *comb)
{
    lk_ecdsa_check_free(comb);
    __atomic_sub_fetch(combs_of(key), 1, __ATOMIC_RELAXED);
}

/* NULL: this CPU has no lanes for the key, or so many keys have one that this goes without. */
static struct lk_ecdsa_check *comb_new(const struct lk_pkey *key)
{
    struct lk_ecdsa_check *comb = NULL;
    if (__atomic_add_fetch(combs_of(key), 1, __ATOMIC_RELAXED) <= LK_COMBS_MAX) {
        comb = lk_ecdsa_check_new(key->prov->cpu, key->public_half);
        if (comb == NULL) lanes_leave(key);
    }
    if (comb == NULL)
        comb_free(key, NULL);
    else
        lk_prov_trace(key->prov, "signatures of a key are checked in lanes of this CPU");
    return comb;
}

/* Made by the second check, since it costs more than one by libcrypto: many a key never signs, or
 * once, as where a program reads it at each handshake. NULL: none for this key. */
static const struct lk_ecdsa_check *lanes_of(const struct lk_pkey *key)
{
    struct lk_ecdsa_check **lanes = (struct lk_ecdsa_check **)(uintptr_t)&key->lanes;
    if (__atomic_load_n(&key->lanes_off, __ATOMIC_RELAXED)) return NULL;
    struct lk_ecdsa_check *there = __atomic_load_n(lanes, __ATOMIC_ACQUIRE);
    if (there != NULL || __atomic_load_n(&key->answers, __ATOMIC_RELAXED) < 2) return there;
    struct lk_ecdsa_check *made = comb_new(key);
    if (made == NULL || __atomic_compare_exchange_n(lanes, &there, made, false, __ATOMIC_ACQ_REL,
                                                    __ATOMIC_ACQUIRE))
        return made;
    comb_free(key, made); /* another thread was first */
    return there;
}

void lk_verified_free(struct lk_pkey *key)
{
    if (key->lanes != NULL) comb_free(key, key->lanes);
    key->lanes = NULL;
}

static enum lk_verify word_of_lanes(const struct lk_pkey *key, uint16_t scheme,
                                    struct lk_bytes message, struct lk_bytes signature)
{
    uint8_t digest[LK_HASH_BYTES_MAX];
    const struct lk_ecdsa_check *lanes = is_of(scheme, LK_SCHEME_DIGEST) ? lanes_of(key) : NULL;
    if (lanes == NULL) return LK_VERIFY_UNDECIDED;
    unsigned hash = lk_scheme_find(scheme)->hash;
    lk_hash(hash, message.data, message.len, digest);
    const struct lk_ecdsa_signed what = {digest, lk_hash_bytes(hash), signature.data,
                                         signature.len};
    return lk_ecdsa_check_verify(lanes, &what);
}

/* Once a key: other threads may be at the same signature's like. */
static void lanes_blame(const struct lk_pkey *key)
{
    if (lanes_leave(key)) return;
    lk_prov_say(key->prov,
                "the check of signatures in this CPU's lanes refused one that is right: a fault of "
                "the machine, or of lurk.so; libcrypto checks the signatures of this key from here "
                "on (LURK_CPU=-ifma: of all keys)");
}

bool lk_verified(const struct lk_pkey *key, uint16_t scheme, struct lk_bytes message,
                 struct lk_bytes signature)
{
    enum lk_verify word = word_of_lanes(key, scheme, message, signature);
    if (word == LK_VERIFY_GOOD) return true;
    bool good = good_by_library(key, scheme, message, signature);
    if (good && word == LK_VERIFY_BAD) lanes_blame(key);
    return good;
}
