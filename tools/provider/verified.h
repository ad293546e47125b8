/* verified: is what a key server answered a signature of the key? Signatures of ECDSA go to the
 * lanes of this CPU where it has them (crypto/ecdsa_check.h), and what those do not call good, and
 * all others, to libcrypto: it alone refuses. A key of which the lanes refused a right signature
 * does without them from then on, and an operator is told.
 * Thread any. */
#ifndef LK_TOOLS_PROVIDER_VERIFIED_H
#define LK_TOOLS_PROVIDER_VERIFIED_H

#include "tools/provider/key.h"

/* Keys of a process that have what lanes need (ecdsa_check.h: 5 or 12 kB each); of more signatures
 * libcrypto checks. A server of very many sites has several processes. */
#define LK_COMBS_MAX 4096

/* OpenSSL's name of the digest that a signature scheme of TLS signs; NULL: the text itself. */
const char *lk_verified_digest(uint16_t scheme);

/* signature: over message, with this scheme, by the key. */
bool lk_verified(const struct lk_pkey *key, uint16_t scheme, struct lk_bytes message,
                 struct lk_bytes signature);
/* The key's end: what the lanes needed of it. */
void lk_verified_free(struct lk_pkey *key);

#endif
