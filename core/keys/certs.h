/* certs: the certificates that an edge may name for a key by their fingerprints: those of its
 * chains, its own first, and its raw public key (RFC 7250). While a certificate is renewed a key
 * has two, each with what is above it: edges show the one or the other. A fingerprint is the first
 * 4 bytes of SHA-256 over the DER.
 *
 * Owner   whoever made it; free(). The DER is borrowed. Any thread reads. Public data only.
 * Source lurk-tls13.md 2. */
#ifndef LK_CORE_KEYS_CERTS_H
#define LK_CORE_KEYS_CERTS_H

#include "core/base/err.h"
#include "core/keys/keyid.h"
#include "core/wire/tls13.h"

struct lk_cert {
    struct lk_bytes der;
    bool own; /* of the key itself: where a chain begins */
    uint8_t fingerprint[LK_TLS13_FINGERPRINT_BYTES];
};

struct lk_certs {
    uint32_t count;        /* at least 1 */
    struct lk_cert cert[]; /* the chains', then the SubjectPublicKeyInfo */
};

/* chain: DER certificates, each behind a u24 length; may be empty. The first is the key's own, and
 * so is whatever carries spki. LK_ERR_MEMORY; LK_ERR_FORMAT: a length runs past the end;
 * LK_ERR_FULL: more of its own than LK_KEY_CERTIFICATES_MAX; LK_ERR_COLLISION: two have one
 * fingerprint. */
LK_MUST_USE lk_err lk_certs_new(struct lk_bytes chain, struct lk_bytes spki, struct lk_certs **out);
/* The key's own certificate, the first of its chains; NULL: it has none. */
const struct lk_cert *lk_certs_own(const struct lk_certs *certs);
/* NULL: none of the key's. */
const struct lk_cert *lk_certs_find(const struct lk_certs *certs, const uint8_t *fingerprint);

/* Does this Cert of a request, cut, name the key: no context, a first entry that is its
 * certificate or its public key, and by fingerprints only what is the key's? */
bool lk_certs_name_key(const struct lk_certs *certs, const struct lk_keyid *keyid,
                       const struct lk_tls13_cert *cert);

/* The public key of a first entry given in full: a certificate's, or the entry itself where it is a
 * raw one. */
struct lk_bytes lk_certs_spki(struct lk_bytes der);

#endif
