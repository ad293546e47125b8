/* remote: what a key's private half would have done, done by the key server. Which exchange that
 * takes, docs/edge-side.md says in a table: mode sign uses those of `split`, mode full those of
 * tls12 and tls13, for which the handshake around the call has to be known (full.h).
 * Thread any. Waits as lk_call does. False: the error queue says why. */
#ifndef LK_TOOLS_PROVIDER_REMOTE_H
#define LK_TOOLS_PROVIDER_REMOTE_H

#include "tools/provider/kept.h"
#include "tools/provider/key.h"

/* signature[*len] := the signature of message in scheme, checked with the public half. */
bool lk_remote_sign(const struct lk_pkey *key, uint16_t scheme, struct lk_bytes message,
                    uint8_t *signature, size_t room, size_t *len);

/* premaster[48] := what TLS's key exchange goes on with, whatever the ciphertext holds. In mode
 * full that is a handle, of random bytes: the PRF that gets it asks for the master secret. */
bool lk_remote_decrypt(const struct lk_pkey *key, uint16_t client_version,
                       struct lk_bytes ciphertext, uint8_t premaster[LK_PREMASTER_BYTES]);

/* What the handle stands for, seed being what the PRF got beside it: secret[48] := the master
 * secret, or where the key may fall back the premaster (*is_premaster). The handle is spent. */
bool lk_remote_master(struct lk_kept_handle *handle, unsigned hash, struct lk_bytes seed,
                      uint8_t secret[LK_PREMASTER_BYTES], bool *is_premaster);

#endif
