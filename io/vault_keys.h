/* vault_keys: the private keys of the vault over generations. Each load of a configuration gives
 * its keys fresh handles; the keys of the generation before stay usable beside them until they are
 * retired, so that a reload breaks no request in flight.
 *
 * A key that has not changed (SHA-256 of file, passphrase and chain) is not loaded twice:
 * generations share the engine's key. Primality is judged once per content, by a low-priority
 * thread. Owner the vault's control thread. Keyrings it hands out are frozen; the caller frees
 * each when no worker looks at it any more. */
#ifndef LK_IO_VAULT_KEYS_H
#define LK_IO_VAULT_KEYS_H

#include "core/conf/conf.h"
#include "core/exec/keyring.h"
#include "io/channel.h"

struct lk_vault_keys;

/* event_fd: written when a primality verdict is ready for lk_vault_keys_judged. */
LK_MUST_USE lk_err lk_vault_keys_new(unsigned workers, int event_fd, struct lk_vault_keys **out);

/* Waits for the primality test under way. No worker may look at a key any more. */
void lk_vault_keys_free(struct lk_vault_keys *keys);

/* A load: begin, add each key, then commit or abandon. conf is borrowed until then. */
LK_MUST_USE lk_err lk_vault_keys_begin(struct lk_vault_keys *keys, uint64_t generation,
                                       const struct lk_conf *conf);
/* What is loaded of one key; -1: none. The chain, in PEM, is for exchanges that compose TLS's
 * Certificate; one that does not fit the key is left out, as the front refuses it anyway. */
struct lk_vault_key_files {
    int key_fd, passphrase_fd, chain_fd;
};
/* Reads the descriptors. LK_ERR_KEY: *fault says why. Other errors: memory. */
LK_MUST_USE lk_err lk_vault_keys_add(struct lk_vault_keys *keys, uint32_t index,
                                     const struct lk_vault_key_files *files,
                                     enum lk_key_fault *fault);
/* The public half of the key just added, as the message that reports it. */
void lk_vault_keys_public(const struct lk_vault_keys *keys, uint32_t index, struct lk_message *out);
void lk_vault_keys_abandon(struct lk_vault_keys *keys);
void lk_vault_keys_commit(struct lk_vault_keys *keys);
/* Drops the keys of generations before this one; engine keys nobody shares any more are wiped by
 * lk_vault_keys_sweep, once no worker can hold them. */
void lk_vault_keys_retire(struct lk_vault_keys *keys, uint64_t generation);
/* Drops the keys of one generation; `stays` is the newest again. */
void lk_vault_keys_take_back(struct lk_vault_keys *keys, uint64_t generation, uint64_t stays);
void lk_vault_keys_sweep(struct lk_vault_keys *keys);

/* A frozen copy of what may be used now. NULL: no memory. Free it with lk_keyring_free. */
struct lk_keyring *lk_vault_keys_ring(const struct lk_vault_keys *keys);
void lk_keyring_free(struct lk_keyring *ring);

/* Takes the primality verdicts that came in: withdraws each key that failed and gives its handle to
 * `tell`. Returns how many keys were withdrawn. */
unsigned lk_vault_keys_judged(struct lk_vault_keys *keys, void (*tell)(void *to, uint64_t handle),
                              void *to);

/* Keys of the newest generation. */
uint32_t lk_vault_keys_count(const struct lk_vault_keys *keys);

#endif
