/* keyfile: what stands on an edge where a private key stood. It names a key that is in a key
 * server and holds no secret (docs/edge-side.md, The key file).
 *
 * DER both ways by the checked cursors, PEM by libcrypto. A parsed key file borrows the bytes it
 * was parsed from. Nothing here opens a file or leaves anything in libcrypto's error queue.
 * Thread any. Time depends on the file, which is public. */
#ifndef LK_TOOLS_PROVIDER_KEYFILE_H
#define LK_TOOLS_PROVIDER_KEYFILE_H

#include <openssl/bio.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "crypto/hash.h"

#define LK_KEYFILE_LABEL "LURK PRIVATE KEY"
#define LK_KEYFILE_LABEL_STANDARD "PRIVATE KEY" /* the same bytes, for tools that look for it */
#define LK_KEYFILE_VERSION 1
#define LK_KEYFILE_BYTES_MAX 8192 /* DER; an RSA key of 16,384 bits takes 2.2 KB */
#define LK_KEYFILE_AGENT_MAX 107  /* what a socket's address holds beside its end */
#define LK_KEYFILE_WHY_BYTES 160

/* In place of the provider's own setting; 0 leaves that alone. */
enum lk_keyfile_mode { LK_KEYFILE_MODE_NONE, LK_KEYFILE_MODE_FULL, LK_KEYFILE_MODE_SIGN };
enum lk_keyfile_fallback {
    LK_KEYFILE_FALLBACK_NONE,
    LK_KEYFILE_FALLBACK_REFUSE,
    LK_KEYFILE_FALLBACK_SIGN
};

/* Which signatures are checked with the public key before they are used. */
enum lk_keyfile_verify {
    LK_KEYFILE_VERIFY_NONE,
    LK_KEYFILE_VERIFY_EVERY,
    LK_KEYFILE_VERIFY_SAMPLE /* of keys other than RSA the first and one in 64 */
};

struct lk_keyfile {
    struct lk_bytes spki;            /* SubjectPublicKeyInfo, DER */
    uint8_t key_id[LK_SHA256_BYTES]; /* SHA-256 of spki; set by parse and init */
    struct lk_bytes agent;           /* "/path", "@abstract"; empty: the provider's setting */
    enum lk_keyfile_mode mode;
    enum lk_keyfile_fallback fallback;
    enum lk_keyfile_verify verify;
};

/* A key file for a public key, without agent and options. */
void lk_keyfile_init(struct lk_keyfile *file, struct lk_bytes spki);

/* Is der meant to be a key file, of whatever version? Looks at the first bytes only: no other
 * structure that comes under the label PRIVATE KEY, nor a certificate, begins so. */
bool lk_keyfile_is(struct lk_bytes der);

/* Cuts der to its last byte and checks key_id against spki. spki itself is for libcrypto to judge.
 * Errors  LK_ERR_FORMAT not laid out so · LK_ERR_UNKNOWN a version or option that is not known ·
 *         LK_ERR_KEY key_id is of another key. Each with a sentence in why. */
LK_MUST_USE lk_err lk_keyfile_parse(struct lk_bytes der, struct lk_keyfile *out,
                                    char why[LK_KEYFILE_WHY_BYTES]);

/* DER. Needs LK_KEYFILE_BYTES_MAX at most; a writer that is too short turns bad. */
void lk_keyfile_write(struct lk_writer *w, const struct lk_keyfile *in);

/* The next PEM block of in, which is consumed whatever it is.
 * Out     *der: OPENSSL_malloc'ed, the caller's, when it is a key file by its label, or a PRIVATE
 *         KEY whose bytes are one; else NULL
 * Returns whether there was a block at all. */
bool lk_keyfile_pem_read(BIO *in, uint8_t **der, size_t *len);

/* Under either label. False: out did not take it. */
bool lk_keyfile_pem_write(BIO *out, const struct lk_keyfile *in, const char *label);

#endif
