/* key: a key of the provider: the public half, and where the private one is asked for. Counted by
 * reference, since OpenSSL shares keys between threads; what is in it is set before it is shared
 * and then only read, but for what says so. No private byte is ever in it. */
#ifndef LK_TOOLS_PROVIDER_KEY_H
#define LK_TOOLS_PROVIDER_KEY_H

#include <openssl/evp.h>

#include "crypto/ecdsa_check.h"
#include "tools/provider/provider.h"

enum lk_pkey_kind {
    LK_PKEY_RSA,
    LK_PKEY_RSA_PSS,
    LK_PKEY_EC,
    LK_PKEY_ED25519,
    LK_PKEY_ED448,
    LK_PKEY_KINDS
};
/* OpenSSL's name, "RSA-PSS". */
const char *lk_pkey_name(enum lk_pkey_kind kind);

struct lk_check;

struct lk_pkey {
    const struct lk_prov *prov;
    int references;
    enum lk_pkey_kind kind;
    EVP_PKEY *public_half; /* of the provider's own library context; NULL: empty so far */
    bool remote;           /* from a key file: signs. Else it is only compared, and verifies */
    uint8_t key_id[LK_SHA256_BYTES];
    char agent[LK_KEYFILE_AGENT_MAX + 1];
    enum lk_keyfile_mode mode;
    enum lk_keyfile_fallback fallback;
    enum lk_keyfile_verify verify;
    /* Of verified.h and remote.c, any thread's, by atomic operations: */
    struct lk_ecdsa_check *lanes; /* NULL: not yet */
    bool lanes_off;   /* this CPU's are not for the key, or refused a right signature */
    unsigned answers; /* signatures that came back */
    unsigned whole; /* so many more signatures before its certificates go by fingerprint again */
    struct lk_check *check; /* the self-check that made this key; else NULL */
};

/* Empty, of a kind; one reference. */
struct lk_pkey *lk_pkey_new(const struct lk_prov *prov, enum lk_pkey_kind kind);
struct lk_pkey *lk_pkey_up(struct lk_pkey *key);
void lk_pkey_free(struct lk_pkey *key);

/* From a key file's DER. NULL: the error queue says why. */
struct lk_pkey *lk_pkey_from_file(const struct lk_prov *prov, struct lk_bytes der);
/* From a public key, its agent and options those of the provider. NULL: the same. */
struct lk_pkey *lk_pkey_from_spki(const struct lk_prov *prov, struct lk_bytes spki);

/* Hands a key to OpenSSL as an object, by reference (keymgmt's load takes it from there), and the
 * caller's reference with it. */
int lk_pkey_hand_on(struct lk_pkey *key, OSSL_CALLBACK *callback, void *arg);

/* How a signature, or a premaster, may be asked for. */
bool lk_pkey_full(const struct lk_pkey *key);
bool lk_pkey_may_fall_back(const struct lk_pkey *key);

#endif
