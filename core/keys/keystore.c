#include "core/keys/keystore.h"

#include "core/base/limits.h"

/* A cell is one (tenant, name, id) of one key: its key ids, two of RSA, and the fingerprint of each
 * certificate of its own. That of its public key is its first key id. */
enum name { KEY_ID, CERTIFICATE };
struct cell {
    uint32_t tenant;
    uint32_t key; /* index in key[] plus 1; 0: free */
    uint8_t id[LK_KEY_ID_BYTES];
    uint8_t name; /* enum name */
};

_Static_assert(LK_KEY_ID_BYTES == LK_TLS13_FINGERPRINT_BYTES, "one table serves both");

struct lk_keystore {
    struct lk_key_public *key;
    uint32_t count, room;
    struct cell *cell;
    uint32_t mask;
};

lk_err lk_keystore_new(uint32_t count, struct lk_keystore **out)
{
    LK_REQUIRE(count <= LK_KEYS_MAX, LK_ERR_FULL);
    uint32_t cells = 16;
    while (cells <
           8 * count) /* three or four names a key, at most half full: short runs; six at most */
        cells *= 2;
    struct lk_keystore *store = calloc(1, sizeof *store);
    LK_REQUIRE(store != NULL, LK_ERR_MEMORY);
    store->key = calloc(count > 0 ? count : 1, sizeof *store->key);
    store->cell = calloc(cells, sizeof *store->cell);
    store->room = count;
    store->mask = cells - 1;
    if (store->key == NULL || store->cell == NULL) {
        lk_keystore_free(store);
        return LK_ERR_MEMORY;
    }
    *out = store;
    return LK_OK;
}

void lk_keystore_free(struct lk_keystore *store)
{
    if (store == NULL) return;
    for (uint32_t i = 0; i < store->count; i++) {
        free((void *)store->key[i].spki.data); /* spki and chain are one block */
        free(store->key[i].certs);
    }
    free(store->key);
    free(store->cell);
    free(store);
}

/* The cell of this name, or the free one where it belongs. Ids are hashes, but a tenant chooses its
 * keys: the product spreads those it makes alike. */
static struct cell *place(const struct lk_keystore *store, uint32_t tenant, enum name name,
                          const uint8_t *id)
{
    uint32_t word;
    memcpy(&word, id, sizeof word);
    uint64_t mixed = ((uint64_t)tenant << 33 | (uint64_t)name << 32 | word) *
                     UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(mixed >> 32) & store->mask;
    for (;;) {
        struct cell *cell = &store->cell[at];
        if (cell->key == 0) return cell;
        if (cell->tenant == tenant && cell->name == name &&
            memcmp(cell->id, id, LK_KEY_ID_BYTES) == 0)
            return cell;
        at = (at + 1) & store->mask;
    }
}

static void enter_as(struct lk_keystore *store, uint32_t tenant, enum name name, const uint8_t *id,
                     uint32_t index)
{
    struct cell *cell = place(store, tenant, name, id);
    cell->tenant = tenant;
    cell->name = (uint8_t)name;
    cell->key = index + 1;
    memcpy(cell->id, id, LK_KEY_ID_BYTES);
}

/* The next certificate of its own, from *at on; NULL: no more. Behind them stands the public key,
 * which key ids name already. */
static const struct lk_cert *own_next(const struct lk_key_public *key, uint32_t *at)
{
    while (*at + 1 < key->certs->count) {
        const struct lk_cert *cert = &key->certs->cert[(*at)++];
        if (cert->own) return cert;
    }
    return NULL;
}

/* A key's two ids may be equal by chance: one cell then serves both. */
static void enter(struct lk_keystore *store, const struct lk_key_public *key, uint32_t index)
{
    for (uint32_t i = 0; i < key->keyid.id_count; i++)
        enter_as(store, key->tenant, KEY_ID, key->keyid.id[i], index);
    const struct lk_cert *cert;
    for (uint32_t at = 0; (cert = own_next(key, &at)) != NULL;)
        enter_as(store, key->tenant, CERTIFICATE, cert->fingerprint, index);
}

/* Who has one of the key's names already; NULL: nobody. */
static const struct lk_key_public *rival(const struct lk_keystore *store,
                                         const struct lk_key_public *key)
{
    for (uint32_t i = 0; i < key->keyid.id_count; i++) {
        const struct cell *cell = place(store, key->tenant, KEY_ID, key->keyid.id[i]);
        if (cell->key != 0) return &store->key[cell->key - 1];
    }
    /* its certificates, as anybody's certificate or public key, and its public key as anybody's
     * certificate */
    const struct lk_cert *own;
    for (uint32_t at = 0; (own = own_next(key, &at)) != NULL;) {
        const struct lk_key_public *other = lk_keystore_find_certificate(store, key->tenant,
                                                                         own->fingerprint);
        if (other != NULL) return other;
    }
    const struct cell *cell = place(store, key->tenant, CERTIFICATE, key->keyid.id[0]);
    return cell->key != 0 ? &store->key[cell->key - 1] : NULL;
}

static bool own_bytes(struct lk_key_public *key)
{
    uint8_t *block = malloc(key->spki.len + key->chain.len + 1);
    key->certs = NULL;
    if (block == NULL) return false;
    if (key->spki.len > 0) memcpy(block, key->spki.data, key->spki.len);
    if (key->chain.len > 0) memcpy(block + key->spki.len, key->chain.data, key->chain.len);
    key->chain.data = block + key->spki.len;
    key->spki.data = block;
    return true;
}

lk_err lk_keystore_add(struct lk_keystore *store, const struct lk_key_public *key,
                       const struct lk_key_public **other)
{
    LK_REQUIRE(store->count < store->room, LK_ERR_FULL);
    LK_REQUIRE(key->keyid.id_count >= 1 && key->keyid.id_count <= 2, LK_ERR_RANGE);
    struct lk_key_public copy = *key;
    LK_REQUIRE(own_bytes(&copy), LK_ERR_MEMORY);
    lk_err err = lk_certs_new(copy.chain, copy.spki, &copy.certs);
    if (err == LK_OK) {
        *other = rival(store, &copy);
        if (*other != NULL) err = LK_ERR_COLLISION;
    }
    if (err != LK_OK) {
        free((void *)copy.spki.data);
        free(copy.certs);
        return err;
    }
    store->key[store->count] = copy;
    enter(store, &copy, store->count);
    store->count++;
    return LK_OK;
}

const struct lk_key_public *lk_keystore_find(const struct lk_keystore *store, uint32_t tenant,
                                             const uint8_t *id)
{
    const struct cell *cell = place(store, tenant, KEY_ID, id);
    return cell->key != 0 ? &store->key[cell->key - 1] : NULL;
}

const struct lk_key_public *lk_keystore_find_certificate(const struct lk_keystore *store,
                                                         uint32_t tenant,
                                                         const uint8_t *fingerprint)
{
    const struct cell *cell = place(store, tenant, CERTIFICATE, fingerprint);
    const struct cell *raw = place(store, tenant, KEY_ID, fingerprint);
    if (cell->key != 0) return &store->key[cell->key - 1];
    if (raw->key == 0) return NULL;
    const struct lk_key_public *key = &store->key[raw->key - 1];
    /* not by the hash of the RSAPublicKey, which is no certificate's */
    return memcmp(key->keyid.id[0], fingerprint, LK_KEY_ID_BYTES) == 0 ? key : NULL;
}

uint32_t lk_keystore_count(const struct lk_keystore *store)
{
    return store->count;
}

const struct lk_key_public *lk_keystore_at(const struct lk_keystore *store, uint32_t i)
{
    LK_ASSERT(i < store->count);
    return &store->key[i];
}
