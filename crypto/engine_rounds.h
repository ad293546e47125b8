/* engine_rounds: what an encrypted key file asks for before it can be read. The file names the
 * rounds itself, and libcrypto would turn them for hours: a file above the bound is refused
 * instead. Thread the control thread, at load. Allocates (libcrypto). */
#ifndef LK_CRYPTO_ENGINE_ROUNDS_H
#define LK_CRYPTO_ENGINE_ROUNDS_H

#include <openssl/pkcs12.h>
#include <stdbool.h>

#define LK_ROUNDS_MAX 5000000L /* of PBKDF2 and its like: two seconds */

/* The algorithm of an encrypted PKCS#8 file. What cannot be understood is libcrypto's to refuse. */
bool lk_rounds_bearable(const X509_ALGOR *algorithm);
/* The seal of a PKCS#12 file and all that is encrypted inside. passphrase may be NULL. */
bool lk_rounds_bearable_pkcs12(PKCS12 *p12, const char *passphrase);

#endif
