/* keystore: the front's index of public keys, (tenant, key id) to record. No private byte is here.
 *
 * Built by the control thread from the records the vault reports, then frozen; any thread reads.
 * Two keys of one tenant that share an id, or a fingerprint of their certificates, are refused
 * (T11).
 * Time of lk_keystore_find depends on the table's fill, not on whether the key exists. */
#ifndef LK_CORE_KEYS_KEYSTORE_H
#define LK_CORE_KEYS_KEYSTORE_H

#include "core/base/err.h"
#include "core/keys/certs.h"
#include "crypto/crypto.h"

struct lk_key_public {
    uint64_t handle; /* the vault's name of the private half; never reused */
    uint32_t index;  /* in the configuration's keys */
    uint32_t tenant;
    uint32_t uses;  /* enum lk_key_use */
    uint32_t flags; /* enum lk_conf_flag */
    enum lk_key_kind kind;
    uint32_t bits, bytes;
    uint32_t barred_hashes; /* bit per hash that the key's own parameters rule out */
    struct lk_keyid keyid;
    struct lk_bytes spki;  /* owned by the keystore */
    struct lk_bytes chain; /* DER certificates, each behind a u24 length; may be empty; owned */
    struct lk_certs *certs; /* of chain and spki; made and owned by the keystore */
};

struct lk_keystore;

/* Room for count keys. */
LK_MUST_USE lk_err lk_keystore_new(uint32_t count, struct lk_keystore **out);
void lk_keystore_free(struct lk_keystore *store);
/* Copies the record and the bytes it views. LK_ERR_COLLISION: *other is the one it hits. */
LK_MUST_USE lk_err lk_keystore_add(struct lk_keystore *store, const struct lk_key_public *key,
                                   const struct lk_key_public **other);
/* NULL when the tenant has no such key. id: 4 bytes. */
const struct lk_key_public *lk_keystore_find(const struct lk_keystore *store, uint32_t tenant,
                                             const uint8_t *id);
/* By the fingerprint of its certificate or of its public key; as long as the other. */
const struct lk_key_public *lk_keystore_find_certificate(const struct lk_keystore *store,
                                                         uint32_t tenant,
                                                         const uint8_t *fingerprint);
uint32_t lk_keystore_count(const struct lk_keystore *store);
const struct lk_key_public *lk_keystore_at(const struct lk_keystore *store, uint32_t i);

#endif
