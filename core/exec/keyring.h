/* keyring: the vault's private keys by handle, with what each may be used for.
 *
 * A handle is generation << 32 | index and is never reused. Built by the vault's control thread,
 * then frozen and read by workers through one atomic pointer; freed when every worker has begun a
 * turn under the new one. */
#ifndef LK_CORE_EXEC_KEYRING_H
#define LK_CORE_EXEC_KEYRING_H

#include "core/keys/cert_names.h"
#include "core/keys/certs.h"
#include "core/policy/policy.h"
#include "crypto/crypto.h"

struct lk_key {
    struct lk_engine_key *engine; /* owned by the keyring; NULL once withdrawn */
    uint64_t handle;
    uint32_t tenant;
    enum lk_key_kind kind;
    enum lk_kernel_row row;
    uint32_t bytes; /* RSA: k */
    struct lk_keyid keyid;
    const struct lk_certs *certs; /* the engine key's content's; NULL: none were given */
    const struct lk_cert_names *names; /* of its certificate; NULL: it has none that can be read */
    struct lk_key_rights rights;
};

struct lk_keyring {
    uint32_t generation;
    uint32_t count;
    struct lk_key *key; /* index = low half of the handle */
};

/* NULL: unknown or withdrawn. */
static inline const struct lk_key *lk_keyring_find(const struct lk_keyring *ring, uint64_t handle)
{
    uint32_t index = (uint32_t)handle;
    if (index >= ring->count) return NULL;
    const struct lk_key *key = &ring->key[index];
    return key->handle == handle && key->engine != NULL ? key : NULL;
}

#endif
