/* algorithm: AlgorithmIdentifier of X.509 for a signature scheme of TLS: what stands beside a
 * signature in a certificate request. Stateless. Thread any. Source RFC 5280 4.1.1.2, RFC 4055
 * (RSA, RSASSA-PSS), RFC 5758 (ECDSA), RFC 8410 (EdDSA). */
#ifndef LK_TOOLS_PROVIDER_ALGORITHM_H
#define LK_TOOLS_PROVIDER_ALGORITHM_H

#include "core/base/bytes.h"

#define LK_ALGORITHM_BYTES 80

/* out := its DER, *len bytes. False: X.509 has no name for this scheme here. */
bool lk_algorithm_of(uint16_t scheme, uint8_t out[LK_ALGORITHM_BYTES], size_t *len);

#endif
