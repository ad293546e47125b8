/* tls13: the payloads of the `tls13` extension that this program speaks, requests and replies, both
 * ways: s_init_cert_verify and capabilities (ping is empty). The server parses requests and writes
 * replies, clients do the opposite, with the same code.
 *
 * A request is cut to its last byte before anything is judged, but the form of the certificate (it
 * decides how the rest is cut), which is judged when met. Then the steps of lurk-tls13.md 5.1, as
 * far as they need no key: freshness (7), method (8), the handshake (6).
 * Parsed structs point into the payload and borrow it. Nothing here looks at keys or policy.
 * Parsers return 0 or the wire status (enum lk_tls13_status) of the first fault.
 * Time depends on lengths and public fields only; a shared secret is never looked into. Thread any.
 * Source lurk-tls13.md 1, 2, 5.1, 7; RFC 8446 4. */
#ifndef LK_CORE_WIRE_TLS13_H
#define LK_CORE_WIRE_TLS13_H

#include "core/base/bytes.h"
#include "core/wire/registry.h"

#define LK_TLS13_SESSION_ID_BYTES 4
#define LK_TLS13_FINGERPRINT_BYTES 4
#define LK_TLS13_RANDOM_BYTES 32
#define LK_TLS13_LAST_EXCHANGE 0x80 /* bit of the tag; the others are sent 0 and ignored */

enum lk_tls13_method {
    LK_TLS13_NO_SECRET = 0,
    LK_TLS13_E_GENERATED = 1,
    LK_TLS13_CS_GENERATED = 2,
};

enum lk_tls13_cert_type {
    LK_TLS13_CERT_ZLIB = 1, /* to 3, zstd: not offered */
    LK_TLS13_CERT_NONE = 128,
    LK_TLS13_CERT_FINGER_PRINT = 129,
    LK_TLS13_CERT_UNCOMPRESSED = 130,
};

/* Codes in SecretList; their bits in SecretRequest: LK_TLS13_SECRET_BIT. */
enum lk_tls13_secret {
    LK_TLS13_B = 0,
    LK_TLS13_E_C = 1,
    LK_TLS13_E_X = 2,
    LK_TLS13_H_C = 3,
    LK_TLS13_H_S = 4,
    LK_TLS13_A_C = 5,
    LK_TLS13_A_S = 6,
    LK_TLS13_X = 7,
    LK_TLS13_R = 8,
    LK_TLS13_SECRET_COUNT
};
#define LK_TLS13_SECRET_BIT(code) ((uint16_t)(0x8000u >> (code)))

/* Ephemeral. Request: bytes is the shared secret of method 1. Reply: bytes is the key_exchange of
 * method 2, the rest of the KeyShareEntry for ServerHello. Else group 0, no bytes. */
struct lk_tls13_ephemeral {
    uint8_t method; /* enum lk_tls13_method, or unknown */
    uint16_t group;
    struct lk_bytes bytes;
};

/* Cert. entries: those of the form, one after the other, without their vec24 count; empty with form
 * 128. */
struct lk_tls13_cert {
    uint16_t type; /* enum lk_tls13_cert_type */
    struct lk_bytes context;
    struct lk_bytes entries;
};

struct lk_tls13_entry {
    struct lk_bytes certificate; /* a fingerprint [4], or DER */
    struct lk_bytes extensions;
};
/* One entry off the front; false at a fault and at the end. */
bool lk_tls13_entry_read(struct lk_cursor *c, uint16_t cert_type, struct lk_tls13_entry *out);
void lk_tls13_entry_write(struct lk_writer *w, uint16_t cert_type, const struct lk_tls13_entry *in);

/* The messages of `handshake` as laid out and judged (5.1 step 2); views into it. */
struct lk_tls13_handshake {
    struct lk_bytes first_hello;  /* with HelloRetryRequest: ClientHello1, whole; else empty */
    struct lk_bytes retry;        /* HelloRetryRequest, whole; else empty */
    struct lk_bytes client_hello; /* the last, whole */
    struct lk_bytes server_hello; /* whole */
    struct lk_bytes rest;         /* EncryptedExtensions, CertificateRequest if there is one */
    bool certificate_request;
    const uint8_t *server_random;  /* [32], S, in server_hello */
    uint16_t suite;                /* 1301 to 1305 */
    uint8_t hash;                  /* enum lk_hash of the suite */
    struct lk_bytes schemes;       /* signature_algorithms of the client: u16 each */
    struct lk_bytes client_shares; /* { u16 group; vec16 key_exchange } each */
    uint16_t group;                /* ServerHello's key_share */
    struct lk_bytes server_share;  /* its key_exchange; empty: the server is to make one */
    /* In server_hello: where its extensions' count and key_share's data begin, for a share that is
     * put in. */
    size_t extensions_at, key_share_at;
};

struct lk_tls13_cert_verify {
    bool last;                 /* last_exchange */
    const uint8_t *session_id; /* [4]; NULL with last */
    uint8_t freshness;         /* enum lk_hash, known */
    struct lk_tls13_ephemeral ephemeral;
    struct lk_bytes messages; /* handshake, without its vec32 count */
    struct lk_tls13_handshake handshake;
    struct lk_tls13_cert certificate;
    uint16_t secret_request; /* bits by LK_TLS13_SECRET_BIT; others are ignored */
    uint16_t sig_algo;       /* SignatureScheme */
};

/* Format (3), form of the certificate (12), freshness (7), method (8), handshake (6), in this
 * order. Not here: session_id 0, certificate, key, scheme, key share. */
uint8_t lk_tls13_cert_verify_parse(struct lk_bytes payload, struct lk_tls13_cert_verify *out);
/* Its two halves. cut fills all but handshake; judge the rest, after a good cut. */
uint8_t lk_tls13_cert_verify_cut(struct lk_bytes payload, struct lk_tls13_cert_verify *out);
uint8_t lk_tls13_cert_verify_judge(struct lk_tls13_cert_verify *out);
/* From all but handshake. */
void lk_tls13_cert_verify_write(struct lk_writer *w, const struct lk_tls13_cert_verify *in);

/* messages to their views; false: invalid_handshake. */
bool lk_tls13_handshake_parse(struct lk_bytes messages, struct lk_tls13_handshake *out);
/* The client's share of a group, empty where it offered none. */
struct lk_bytes lk_tls13_share_find(struct lk_bytes client_shares, uint16_t group);

struct lk_tls13_cert_verify_reply {
    bool last;
    const uint8_t *session_id; /* [4]; NULL with last */
    struct lk_tls13_ephemeral ephemeral;
    struct lk_bytes secrets; /* SecretList without its count: lk_tls13_secret_read */
    struct lk_bytes signature;
};
/* False unless it ends exactly, and every secret of the list is whole and in code order. */
bool lk_tls13_cert_verify_reply_parse(struct lk_bytes payload,
                                      struct lk_tls13_cert_verify_reply *out);
void lk_tls13_cert_verify_reply_write(struct lk_writer *w,
                                      const struct lk_tls13_cert_verify_reply *in);

/* One secret off the front of a list; false at a fault and at the end. */
bool lk_tls13_secret_read(struct lk_cursor *c, uint8_t *code, struct lk_bytes *value);
void lk_tls13_secret_write(struct lk_writer *w, uint8_t code, struct lk_bytes value);

/* Groups that carry a key share. secret_bytes: what TLS feeds to its key schedule. share_bytes: of
 * either side's key_exchange where the server may make one; 0: e_generated only. */
struct lk_tls13_group_row {
    uint16_t group;
    uint16_t secret_bytes;
    uint16_t share_bytes;
    const char *name;
};
const struct lk_tls13_group_row *lk_tls13_group_find(uint16_t group);
/* The rows, ascending; *count set. */
const struct lk_tls13_group_row *lk_tls13_groups(size_t *count);

/* Cipher suites with their hash; NULL: not one of TLS 1.3. */
struct lk_tls13_suite_row {
    uint16_t suite;
    uint8_t hash; /* enum lk_hash */
};
const struct lk_tls13_suite_row *lk_tls13_suite_find(uint16_t suite);
const struct lk_tls13_suite_row *lk_tls13_suites(size_t *count);

/* --- capabilities (lurk-tls13.md 7) --------------------------------------------------------- */

struct lk_tls13_capabilities {
    struct lk_bytes types, freshness, methods;      /* u8 each */
    struct lk_bytes groups, suites, schemes, certs; /* u16 each */
    struct lk_bytes fingerprints;                   /* [4] each */
};
/* A payload without its state: the caller cuts those last 4 bytes off first. False unless it ends
 * exactly, on whole elements. */
bool lk_tls13_capabilities_parse(struct lk_bytes payload, struct lk_tls13_capabilities *out);
void lk_tls13_capabilities_write(struct lk_writer *w, const struct lk_tls13_capabilities *in);

#endif
