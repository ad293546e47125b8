/* split: the payloads of our own extension that this program speaks, requests and replies, both
 * ways: rsa_premaster, sign_ske, sign_cert_verify, sign_cert_request and capabilities (ping is
 * empty).
 *
 * A request is cut to its last byte before anything is judged, except fields that decide how the
 * rest is cut (key id type, role, kx, curve, poo_prf), which are judged when met (lurk-tls12.md 2).
 * Parsed structs point into the payload and borrow it. Nothing here looks at keys, clocks or
 * policy.
 * Parsers return 0 or the wire status (enum lk_split_status) of the first fault.
 * Time depends on lengths and public fields only. Thread any.
 * Source lurk-split.md 1, 2, 4, 6, 10; docs/protocol.md for sign_cert_request. */
#ifndef LK_CORE_WIRE_SPLIT_H
#define LK_CORE_WIRE_SPLIT_H

#include "core/wire/tls12.h"

#define LK_SPLIT_PREMASTER_BYTES 48
#define LK_SPLIT_UNFRESH 255 /* server_random is used as it is */
#define LK_SPLIT_VERSION_TLS12 0x0303
#define LK_SPLIT_VERSION_DTLS12 0xfefd

struct lk_split_rsa_premaster {
    uint8_t key_id[1 + LK_KEY_ID_BYTES]; /* type byte, then the id */
    uint16_t client_version;             /* 0303 or fefd */
    struct lk_bytes ciphertext;
};
uint8_t lk_split_rsa_premaster_parse(struct lk_bytes payload, struct lk_split_rsa_premaster *out);
/* client_version, when its step comes: after the key's. The ciphertext's length is the key's. */
uint8_t lk_split_rsa_premaster_judge(const struct lk_split_rsa_premaster *out);
void lk_split_rsa_premaster_write(struct lk_writer *w, const struct lk_split_rsa_premaster *in);

enum lk_split_role { LK_SPLIT_SERVER = 0, LK_SPLIT_CLIENT = 1 };
struct lk_split_cert_verify {
    uint8_t key_id[1 + LK_KEY_ID_BYTES];
    uint8_t role; /* enum lk_split_role, known */
    uint16_t scheme;
    struct lk_bytes transcript_hash; /* any length: its step comes after the key's */
};
uint8_t lk_split_cert_verify_parse(struct lk_bytes payload, struct lk_split_cert_verify *out);
void lk_split_cert_verify_write(struct lk_writer *w, const struct lk_split_cert_verify *in);
/* 32 or 48 bytes that are not all the same: step 3. */
bool lk_split_digest_good(struct lk_bytes transcript_hash);
/* One byte, again and again: no random value and no hash is. */
bool lk_split_all_equal(struct lk_bytes bytes);

struct lk_split_cert_request {
    uint8_t key_id[1 + LK_KEY_ID_BYTES];
    uint16_t scheme;
    struct lk_bytes info; /* a CertificationRequestInfo; what is in it, core/keys/cert_request.h
                           * judges */
};
uint8_t lk_split_cert_request_parse(struct lk_bytes payload, struct lk_split_cert_request *out);
void lk_split_cert_request_write(struct lk_writer *w, const struct lk_split_cert_request *in);
/* The first finite-field group in capabilities; the four larger ones follow (RFC 7919). */
enum { LK_GROUP_FFDHE2048 = 0x0100 };

/* ServerDHParams to their last byte (RFC 5246 7.4.3). */
struct lk_split_dhe {
    struct lk_bytes p, g, share;
};
bool lk_split_dhe_read(struct lk_bytes params, struct lk_split_dhe *out);

enum lk_split_kx { LK_SPLIT_DHE = 1, LK_SPLIT_ECDHE = 3 };
struct lk_split_sign_ske {
    struct lk_tls12_common common; /* key id and freshness: 0, or LK_SPLIT_UNFRESH */
    const uint8_t *client_random;  /* [32] */
    const uint8_t *server_random;  /* [32], S */
    uint16_t sig_and_hash;         /* SignatureScheme */
    uint8_t kx;                    /* enum lk_split_kx, known */
    struct lk_bytes params;        /* ServerECDHParams or ServerDHParams byte for byte */
    uint16_t group;                /* kx 3: enum lk_group; kx 1: 0 */
    struct lk_bytes p, g;          /* kx 1, as TLS sends them */
    struct lk_bytes share;         /* bG, or Ys */
    uint8_t poo_prf;               /* 0 none, 1 sha256_128, 2 sha256_256 */
    struct lk_bytes poo_point;     /* vG, or V; empty with poo_prf 0 */
    struct lk_bytes poo_r;         /* as wide as the group's scalar, or as p */
};
/* Cut, curve (9) and poo_prf (12) where met. judge: the lengths of kx 3's points (8), after a good
 * cut, when its step comes. */
uint8_t lk_split_sign_ske_parse(struct lk_bytes payload, struct lk_split_sign_ske *out);
uint8_t lk_split_sign_ske_cut(struct lk_bytes payload, struct lk_split_sign_ske *out);
uint8_t lk_split_sign_ske_judge(const struct lk_split_sign_ske *out);
/* One of its two randoms is one byte, 32 times. */
bool lk_split_randoms_constant(const struct lk_split_sign_ske *request);
/* params as they are; group, p, g and share are not looked at. */
void lk_split_sign_ske_write(struct lk_writer *w, const struct lk_split_sign_ske *in);

/* Replies: the premaster [48] is the payload itself; a signature has a vec16 around it. */
bool lk_split_premaster_parse(struct lk_bytes payload, const uint8_t **premaster);
void lk_split_premaster_write(struct lk_writer *w,
                              const uint8_t premaster[LK_SPLIT_PREMASTER_BYTES]);
bool lk_split_signature_parse(struct lk_bytes payload, struct lk_bytes *signature);
void lk_split_signature_write(struct lk_writer *w, struct lk_bytes signature);

/* --- capabilities (lurk-split.md 10) -------------------------------------------------------- */

enum lk_split_kind {
    LK_SPLIT_KIND_RSA_DECRYPT = 1,
    LK_SPLIT_KIND_RSA_SIGN = 2,
    LK_SPLIT_KIND_RSA_PSS = 3,
    LK_SPLIT_KIND_ECDSA = 4,
    LK_SPLIT_KIND_EDDSA = 5,
    LK_SPLIT_KIND_DSA = 6,
    LK_SPLIT_KIND_DH = 7,
    LK_SPLIT_KIND_ECDH = 8
};
#define LK_SPLIT_KEY_BYTES 8 /* key_id[5], u8 kind, u16 uses (bit n: type n) */

struct lk_split_capabilities {
    struct lk_bytes types, freshness, forms, poo_prfs; /* u8 each */
    struct lk_bytes schemes, groups;                   /* u16 each */
    struct lk_bytes keys;                              /* LK_SPLIT_KEY_BYTES each */
};
/* A payload without its state: the caller cuts those last 4 bytes off first. False unless it ends
 * exactly, on whole elements. */
bool lk_split_capabilities_parse(struct lk_bytes payload, struct lk_split_capabilities *out);
void lk_split_capabilities_write(struct lk_writer *w, const struct lk_split_capabilities *in);

#endif
