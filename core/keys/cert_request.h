/* cert_request: what a certificate request may ask of a key whose private half is elsewhere. The
 * bytes are a CertificationRequestInfo, what is signed in a PKCS#10 request; they are read as DER
 * to their last byte, and there is nothing in them that is not named here:
 *
 *   version 0; the key's own public key, byte for byte
 *   subject: that of the key's certificate; or empty; or one CN that is among its DNS names
 *   attributes: none, or one extensionRequest, each extension once:
 *     subjectAltName   dNSName alone, each in the certificate's, each once
 *     keyUsage         without keyCertSign and cRLSign; extKeyUsage of TLS servers and clients
 *     basicConstraints CA:FALSE; TLS feature status_request
 *     subjectKeyIdentifier, one that RFC 5280 or RFC 7093 make of the key
 *
 * Borrows. Thread any. Time: for each name of the request a search in the certificate's, all
 * public; the first that is none ends it. Source RFC 2986 4, RFC 2985 5.4.2, RFC
 * 5280 4.2.1, RFC 7093 2, RFC 7633. */
#ifndef LK_CORE_KEYS_CERT_REQUEST_H
#define LK_CORE_KEYS_CERT_REQUEST_H

#include "core/keys/cert_names.h"

enum lk_cert_request_fault {
    LK_CERT_REQUEST_GOOD,
    LK_CERT_REQUEST_FORM, /* no CertificationRequestInfo in DER */
    LK_CERT_REQUEST_VERSION,
    LK_CERT_REQUEST_KEY,
    LK_CERT_REQUEST_PASSWORD, /* a challengePassword */
    LK_CERT_REQUEST_ATTRIBUTE,
    LK_CERT_REQUEST_EXTENSION,
    LK_CERT_REQUEST_USAGE,   /* extensions that go further than a certificate of TLS */
    LK_CERT_REQUEST_SUBJECT, /* names that the certificate does not have */
    LK_CERT_REQUEST_NAME,
    LK_CERT_REQUEST_FAULT_COUNT
};
/* The end of a sentence: "a challengePassword is not signed: leave it out". Never NULL. */
const char *lk_cert_request_text(enum lk_cert_request_fault fault);

struct lk_cert_request {
    struct lk_bytes subject;   /* Name, header included */
    struct lk_bytes spki;      /* the same */
    struct lk_bytes alt_names; /* as in struct lk_certificate_names */
};

/* Does a text of this many bytes begin as a CertificationRequestInfo that fills it: SEQUENCE, its
 * length, INTEGER 0, SEQUENCE? Nothing else that a key of TLS signs does: a CertificateVerify
 * begins with spaces, a ServerKeyExchange with a random that has these bytes once in 2^48. */
bool lk_cert_request_begins(struct lk_bytes text);

/* Might somebody take this text for a CertificationRequestInfo who reads it as BER, with lengths
 * and tags longer than they need be, and looks at no version? SEQUENCE to the end, INTEGER,
 * SEQUENCE, SEQUENCE. For texts of whose first bytes another had the choice: ServerKeyExchanges
 * of honest clients do once in 2^37, X25519 or P-256 (sampled behind a fixed outline). */
bool lk_cert_request_resembles(struct lk_bytes text);

/* All that needs no key: the first fault, or the request's parts. */
enum lk_cert_request_fault lk_cert_request_parse(struct lk_bytes info, struct lk_cert_request *out);

/* What was parsed, against the key's own public key and the names of its certificate. */
enum lk_cert_request_fault lk_cert_request_judge(const struct lk_cert_request *request,
                                                 struct lk_bytes spki,
                                                 const struct lk_cert_names *has);

#endif
