/* certificate: the one thing a vault reads in an X.509 certificate, its public key. Chain, names
 * and dates are not judged; nothing is decoded that does not have to be. Borrows. Thread any. Time
 * depends on the certificate, which is public. Source RFC 5280 4.1. */
#ifndef LK_CORE_KEYS_CERTIFICATE_H
#define LK_CORE_KEYS_CERTIFICATE_H

#include "core/base/bytes.h"

/* *spki := the SubjectPublicKeyInfo inside a DER certificate, its own header included. False when
 * the fields in front of it are not laid out as X.509 has them, or a length runs past its parent.
 */
bool lk_certificate_spki(struct lk_bytes der, struct lk_bytes *spki);

#endif
