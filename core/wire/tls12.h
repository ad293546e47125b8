/* tls12: the payloads of the `tls12` extension, requests and replies, both ways. The server parses
 * requests and writes replies, clients (liblurk, lurk-bench, tests) do the opposite, with the same
 * code.
 *
 * A request is cut to its last byte before anything is judged, except fields that decide how the
 * rest is cut (key id type, curve type, poo_prf), which are judged when met (lurk-tls12.md 2, order
 * of faults).
 * Parsed structs point into the payload and borrow it. Nothing here looks at keys, clocks or
 * policy.
 * Parsers return 0 or the wire status (enum lk_tls12_status) of the first fault.
 * Time depends on lengths and public fields only. Thread any.
 * Source lurk-tls12.md 1-4, 6, 8. */
#ifndef LK_CORE_WIRE_TLS12_H
#define LK_CORE_WIRE_TLS12_H

#include "core/base/bytes.h"
#include "core/wire/registry.h"

#define LK_KEY_ID_BYTES 4
#define LK_RANDOM_BYTES 32
#define LK_MASTER_BYTES 48
#define LK_VERIFY_DATA_BYTES 12
#define LK_TLS12_HANDSHAKE_MESSAGES_MAX 16

/* Fields every request but ping and capabilities starts with. */
struct lk_tls12_common {
    uint8_t key_id[1 + LK_KEY_ID_BYTES]; /* type byte, then the id */
    uint8_t freshness;                   /* judged by the steps, not by the parser */
};

struct lk_tls12_rsa_master {
    struct lk_tls12_common common;
    uint8_t prf_hash;
    const uint8_t *client_random; /* [32] */
    const uint8_t *server_random; /* [32], S */
    struct lk_bytes encrypted_premaster;
};

/* The handshake list of types 3, 4, 5 as cut and laid out (lurk-tls12.md 4, steps 1 to 3); every
 * view points into the payload. */
struct lk_tls12_handshake {
    struct lk_tls12_common common;
    struct lk_bytes messages;           /* all of them, with their headers */
    const uint8_t *verify_data;         /* [12], NULL in type 4 */
    bool datagram;                      /* DTLS layout */
    uint16_t client_version;            /* 0303 or fefd */
    uint16_t cipher_suite;              /* ServerHello's; offered by the client */
    const uint8_t *client_random;       /* [32] */
    const uint8_t *server_random;       /* [32], S, inside messages */
    bool ems_client, ems_server;        /* extended_master_secret in the hello, empty */
    struct lk_bytes certificate;        /* DER of the first certificate of the server */
    struct lk_bytes encrypted_premaster;
    size_t through_key_exchange;        /* bytes of messages up to and with client_key_exchange */
};

struct lk_tls12_ecdhe {
    struct lk_tls12_common common;
    const uint8_t *client_random; /* [32] */
    const uint8_t *server_random; /* [32], S */
    uint16_t sig_and_hash;        /* SignatureScheme */
    struct lk_bytes params;       /* ecdhe_params byte for byte, curve_type first */
    uint16_t group;               /* enum lk_group */
    struct lk_bytes point;        /* bG; its length fits the group */
    uint8_t poo_prf;              /* 0 null, 1 sha256_128, 2 sha256_256 */
    struct lk_bytes poo_point;    /* vG; empty with poo_prf 0 */
    struct lk_bytes poo_r;        /* as wide as the group's scalar */
};

/* Sizes of a group: point bytes on the wire, scalar bytes, name; NULL for one that is not ours. */
struct lk_group_row {
    uint16_t group;
    uint16_t point_bytes;
    uint16_t scalar_bytes;
    const char *name;
};
const struct lk_group_row *lk_group_find(uint16_t group);

/* Cipher suites with RSA key exchange: which PRF hash, allowed by default or not at all. */
struct lk_rsa_suite_row {
    uint16_t suite;
    uint8_t prf_hash; /* enum lk_hash */
    const char *name;
};
const struct lk_rsa_suite_row *lk_rsa_suite_find(uint16_t suite);
/* The rows, ascending; *count set. */
const struct lk_rsa_suite_row *lk_rsa_suites(size_t *count);

uint8_t lk_tls12_rsa_master_parse(struct lk_bytes payload, struct lk_tls12_rsa_master *out);
void lk_tls12_rsa_master_write(struct lk_writer *w, const struct lk_tls12_rsa_master *in);

/* type: 3, 4 or 5. Covers layout, order and number of messages, versions, suite offered and known,
 * extended master secret as the type needs it. Faults 3, 4 and 14 as lurk-tls12.md 4 steps 1-3
 * assign them. Not here: freshness funct, key, window, certificate's key, suites a policy
 * closes. */
uint8_t lk_tls12_handshake_parse(struct lk_bytes payload, uint8_t type,
                                 struct lk_tls12_handshake *out);

/* Its two halves, for a caller that judges key and funct between them. cut: common, messages and
 * verify_data, with the faults that precede every step. judge: the messages inside, after a good
 * cut. */
uint8_t lk_tls12_handshake_cut(struct lk_bytes payload, uint8_t type,
                               struct lk_tls12_handshake *out);
uint8_t lk_tls12_handshake_judge(struct lk_tls12_handshake *out, uint8_t type);

/* From common, messages, verify_data. */
void lk_tls12_handshake_write(struct lk_writer *w, uint8_t type,
                              const struct lk_tls12_handshake *in);

/* Judges curve_type (10), named_curve (11), lengths of points for the group (3), poo_prf known
 * (12).
 * Whether a point lies on its curve, and whether null is allowed, is for the steps. */
uint8_t lk_tls12_ecdhe_parse(struct lk_bytes payload, struct lk_tls12_ecdhe *out);
/* Its two halves. judge: the lengths of points, lurk-tls12.md 6 step 4, after a good cut. */
uint8_t lk_tls12_ecdhe_cut(struct lk_bytes payload, struct lk_tls12_ecdhe *out);
uint8_t lk_tls12_ecdhe_judge(const struct lk_tls12_ecdhe *out);
void lk_tls12_ecdhe_write(struct lk_writer *w, const struct lk_tls12_ecdhe *in);

/* What the front judges before the vault sees a request, of type 2 to 6: key, freshness funct, S.
 * Returns 0 or the fault of the cut (3; 4, 10, 11, 12 where met), which precedes every step and is
 * what the full parser returns too.
 * *server_random points into payload. It is NULL where a later step of the full parser is sure to
 * refuse the layout of the handshake: the steps judge key and funct before it and S after it, so
 * the front judges those two, leaves S alone, and the vault answers. */
uint8_t lk_tls12_peek(struct lk_bytes payload, uint8_t type, struct lk_tls12_common *common,
                      const uint8_t **server_random);

/* Replies: master[48] is the payload itself; a signature has a vec16 around it. */
bool lk_tls12_signature_parse(struct lk_bytes payload, struct lk_bytes *signature);
void lk_tls12_signature_write(struct lk_writer *w, struct lk_bytes signature);

/* --- capabilities (lurk-tls12.md 8) --------------------------------------------------------- */

struct lk_tls12_capability {
    uint8_t type;
    struct lk_bytes key_id_types, certificates, freshness_functs;
    struct lk_bytes cipher_suites, prf_hashes;
    struct lk_bytes sig_and_hash, ecdsa_curves, ecdhe_curves, poo_prfs; /* type 6 only */
};
/* One entry off the front of the cursor; false at a fault. The last 4 bytes of a payload are the
 * state: the caller cuts them off first. */
bool lk_tls12_capability_parse(struct lk_cursor *c, struct lk_tls12_capability *out);
void lk_tls12_capability_write(struct lk_writer *w, const struct lk_tls12_capability *in);

#endif
