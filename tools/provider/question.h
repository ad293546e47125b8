/* question: what libssl hands to a key to have it signed, told apart by its bytes, and in which
 * signature scheme. Nothing that is neither part of a TLS handshake nor a certificate request gets
 * past here: the server would refuse it too, but a clear word beside the program that asked is
 * better.
 *
 * Views borrow the message. Thread any. Time depends on the message, which is public.
 * Source  RFC 8446 4.4.3 · RFC 8422 5.4 · RFC 5246 7.4.3 */
#ifndef LK_TOOLS_PROVIDER_QUESTION_H
#define LK_TOOLS_PROVIDER_QUESTION_H

#include "core/base/bytes.h"
#include "tools/provider/key.h"

enum lk_question_kind {
    LK_QUESTION_NONE,        /* nothing that may be signed */
    LK_QUESTION_SKE,         /* TLS 1.2: client_random, server_random, params */
    LK_QUESTION_CERT_VERIFY, /* TLS 1.3: 64 spaces, context, 0, transcript hash */
    LK_QUESTION_CERT_REQUEST /* begins as a CertificationRequestInfo (core/keys/cert_request.h) */
};

struct lk_question {
    enum lk_question_kind kind;
    const uint8_t *client_random, *server_random; /* SKE */
    bool dhe;                                     /* SKE: ServerDHParams; else ServerECDHParams */
    uint16_t group;                               /* SKE, ECDHE */
    struct lk_bytes params;                       /* SKE: all behind the randoms */
    struct lk_bytes point;                        /* SKE, ECDHE: bG */
    bool client;                                  /* CERT_VERIFY: of a TLS client */
    struct lk_bytes transcript_hash;
};

struct lk_question lk_question_of(struct lk_bytes message);

enum lk_padding { LK_PADDING_PKCS1, LK_PADDING_PSS };
#define LK_DIGEST_NONE 255 /* EdDSA */

/* enum lk_hash of a digest by any of its names ("SHA256", "SHA2-256"); NULL and "" are
 * LK_DIGEST_NONE. False: a digest that no scheme here has. */
bool lk_digest_find(const char *name, unsigned *digest);

/* SignatureScheme of RFC 8446; 0: there is none of this kind of key, digest and padding. */
uint16_t lk_scheme_of(enum lk_pkey_kind kind, unsigned digest, enum lk_padding padding);

#endif
