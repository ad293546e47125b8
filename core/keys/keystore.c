#include "core/keys/keystore.h"

#include "core/base/limits.h"

/* A cell is one (tenant, id) of one key; an RSA key has two. */
struct cell {
    uint32_t tenant;
    uint32_t key; /* index in key[] plus 1; 0: free */
    uint8_t id[LK_KEY_ID_BYTES];
};

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
    while (cells < 4 * count) /* two ids a key, at most half full: short runs */
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
    for (uint32_t i = 0; i < store->count; i++)
        free((void *)store->key[i].spki.data); /* spki and chain are one block */
    free(store->key);
    free(store->cell);
    free(store);
}

/* The cell of this name, or the free one where it belongs. Ids are hashes, but a tenant chooses its
 * keys: the product spreads those it makes alike. */
static struct cell *place(const struct lk_keystore *store, uint32_t tenant, const uint8_t *id)
{
    uint32_t word;
    memcpy(&word, id, sizeof word);
    uint64_t mixed = ((uint64_t)tenant << 32 | word) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(mixed >> 32) & store->mask;
    for (;;) {
        struct cell *cell = &store->cell[at];
        if (cell->key == 0) return cell;
        if (cell->tenant == tenant && memcmp(cell->id, id, LK_KEY_ID_BYTES) == 0) return cell;
        at = (at + 1) & store->mask;
    }
}

/* A key's two ids may be equal by chance: one cell then serves both. */
static void enter(struct lk_keystore *store, const struct lk_key_public *key, uint32_t index)
{
    for (uint32_t i = 0; i < key->keyid.id_count; i++) {
        struct cell *cell = place(store, key->tenant, key->keyid.id[i]);
        cell->tenant = key->tenant;
        cell->key = index + 1;
        memcpy(cell->id, key->keyid.id[i], LK_KEY_ID_BYTES);
    }
}

static bool own_bytes(struct lk_key_public *key)
{
    uint8_t *block = malloc(key->spki.len + key->chain.len + 1);
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
    for (uint32_t i = 0; i < key->keyid.id_count; i++) {
        const struct cell *cell = place(store, key->tenant, key->keyid.id[i]);
        if (cell->key == 0) continue;
        *other = &store->key[cell->key - 1];
        return LK_ERR_COLLISION;
    }
    struct lk_key_public copy = *key;
    LK_REQUIRE(own_bytes(&copy), LK_ERR_MEMORY);
    store->key[store->count] = copy;
    enter(store, &copy, store->count);
    store->count++;
    return LK_OK;
}

const struct lk_key_public *lk_keystore_find(const struct lk_keystore *store, uint32_t tenant,
                                             const uint8_t *id)
{
    const struct cell *cell = place(store, tenant, id);
    return cell->key != 0 ? &store->key[cell->key - 1] : NULL;
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
