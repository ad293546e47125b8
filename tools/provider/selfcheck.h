/* selfcheck: mode full leans on the order in which libssl calls; so before it is used for a version
 * of TLS, one handshake of that version is done in memory, with a key made for it, and has to show
 * everything a request needs. Once a process and version, at the first signature, in the thread
 * that asks, on a stack of its own; takes some milliseconds. */
#ifndef LK_TOOLS_PROVIDER_SELFCHECK_H
#define LK_TOOLS_PROVIDER_SELFCHECK_H

#include "tools/provider/key.h"

enum lk_check_version { LK_CHECK_TLS12, LK_CHECK_TLS13, LK_CHECK_VERSIONS };

/* Did it pass? Runs it when nobody has. Its failure is told once. */
bool lk_selfcheck_good(const struct lk_prov *prov, enum lk_check_version version);

/* Is this the key that a check in this process runs with? Sets key->check. */
void lk_selfcheck_claim(struct lk_pkey *key);

/* What mode full calls in place of an agent, for such a key: a request of this length was made. */
void lk_selfcheck_asked(const struct lk_pkey *key, size_t len);
/* The signature that a key server would have made. */
bool lk_selfcheck_sign(const struct lk_pkey *key, const char *digest, struct lk_bytes message,
                       uint8_t *signature, size_t room, size_t *len);

/* A key derivation of TLS 1.2 went through lurk's. */
void lk_selfcheck_saw_prf(void);

#endif
