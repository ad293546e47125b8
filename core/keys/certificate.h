/* certificate: what a vault reads in an X.509 certificate: its public key, and the names in it.
 * Chain and dates are not judged; nothing is decoded that does not have to be. Borrows. Thread any.
 * Time depends on the certificate, which is public. Source RFC 5280 4.1, 4.2.1.6. */
#ifndef LK_CORE_KEYS_CERTIFICATE_H
#define LK_CORE_KEYS_CERTIFICATE_H

#include "core/keys/der.h"

/* *spki := the SubjectPublicKeyInfo inside a DER certificate, its own header included. False when
 * the fields in front of it are not laid out as X.509 has them, or a length runs past its parent.
 */
bool lk_certificate_spki(struct lk_bytes der, struct lk_bytes *spki);

struct lk_certificate_names {
    struct lk_bytes subject;   /* Name, header included */
    struct lk_bytes alt_names; /* in subjectAltName: GeneralNames, one behind the other; may be
                                * empty */
};
/* False when it is not laid out so to its last extension. */
bool lk_certificate_names(struct lk_bytes der, struct lk_certificate_names *out);

/* subjectAltName's value to what lk_certificate_names and requests hold; false: it is none. */
bool lk_alt_names_read(struct lk_bytes value, struct lk_bytes *alt_names);
/* Is this extnID that of subjectAltName? */
bool lk_alt_names_are(struct lk_bytes oid);

#endif
