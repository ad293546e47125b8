/* lurk: the client side of the LURK protocol (draft-mglt-lurk-lurk-01, draft-mglt-lurk-tls12-05,
 * draft-mglt-lurk-tls13-05, and `split`, our own): an edge asks a key server for what needs the
 * private key.
 *
 * Three floors, each usable alone:
 *   messages    fields in a struct <-> bytes of a whole message; F(S); proof of ownership. No I/O.
 *   client      calls in flight on one connection: ids, deadlines, repeats, what may be accepted.
 *               Bytes in, bytes out, time as an argument. No I/O.
 *   transport   a client with a descriptor: TLS, DTLS, or the socket of a lurk-agent. Never blocks,
 *               but for lurk_call, which waits, and for a bounded time.
 *
 * Errors    0 or positive is good; a negative enum lurk_error is not. Nothing aborts on what a
 *           caller or a peer hands in, nothing is logged, no signal is raised or touched.
 * Thread    functions on messages: any. An object (client, transport, prover, cache): one thread at
 *           a time, which may change. An identity: any, at once.
 * Fork      an object that finds itself in another process closes its copy of the descriptor, says
 *           nothing to the peer, and fails its calls with LURK_ERR_FORKED; a transport can then be
 *           opened again.
 * Memory    *_new allocates, *_free(NULL) does nothing. Views borrow: how long stands beside them.
 * Time      uint64_t nanoseconds of one clock that never goes back (CLOCK_MONOTONIC);
 *           LURK_NEVER: no deadline. Integers in structs are numbers, not wire order.
 * Growth    a struct that may grow starts with `size`: the caller writes its sizeof there. Bytes it
 *           does not have count as zero. What is not named here is not exported; symbols carry
 *           the version they came with, LURK_1 or LURK_1_1.
 * Secrets   the client and the prover wipe what they held of shared secrets, private numbers and
 *           answers; buffers of the caller's are the caller's. */
#ifndef LURK_H
#define LURK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define LURK_NEVER UINT64_MAX
#define LURK_HEADER_BYTES 16
#define LURK_MESSAGE_BYTES_MAX 65535
#define LURK_KEY_ID_BYTES 4
#define LURK_RANDOM_BYTES 32
#define LURK_MASTER_BYTES 48
#define LURK_STATE_BYTES 4
#define LURK_POINT_BYTES_MAX 133
#define LURK_SCALAR_BYTES_MAX 66
#define LURK_DH_BYTES_MAX 1024

struct lurk_bytes {
    const uint8_t *data;
    size_t len;
};

/* --- errors --------------------------------------------------------------------------------- */

enum lurk_error {
    LURK_OK = 0,
    LURK_ERR_ARGUMENT = -1, /* a field is missing, unknown, or longer than the wire has room for */
    LURK_ERR_ROOM = -2,     /* the buffer is too small for the message */
    LURK_ERR_MEMORY = -3,
    LURK_ERR_SYSTEM = -4,   /* the system refused: lurk_transport_text says what and why */
    LURK_ERR_CRYPTO = -5,   /* libcrypto or libssl refused, or there were no random bytes */
    LURK_ERR_SHARE = -6,    /* b is not the private number of bG, or bG is no point */
    LURK_ERR_REFUSED = -7,  /* the server answered with a fault: final, answer.status says which */
    LURK_ERR_BUSY = -8,     /* the server answered temporary_failure: another server, or later */
    LURK_ERR_ANSWER = -9,   /* an answer no client may accept: the connection has to go */
    LURK_ERR_STRAY = -10,   /* not an answer to this request: leave it, count it */
    LURK_ERR_TIMEOUT = -11, /* the deadline passed */
    LURK_ERR_FULL = -12,    /* too many calls in flight, too much queued; the agent: the same */
    LURK_ERR_CLOSED = -13,  /* there is no connection, or the other end closed it */
    LURK_ERR_PEER = -14,    /* TLS: one side did not accept the other */
    LURK_ERR_FORKED = -15,  /* made by another process: open anew */
    LURK_ERR_NO_SERVER = -16, /* the agent: no key server is healthy */
    LURK_ERR_PACKET = -17,    /* the agent: the packet or the message in it is malformed */
    LURK_ERR_VERSION = -18,   /* the agent: it does not speak this version or kind */
    LURK_ERR_FORBIDDEN = -19, /* the agent: not for this user */
    LURK_ERR_LEAVING = -20    /* the agent: goes away, and its successor was not there either */
};

/* "LURK_ERR_SHARE" and a sentence. Never NULL, also for numbers that are none. */
const char *lurk_error_name(int error);
const char *lurk_error_text(int error);

/* --- registry ------------------------------------------------------------------------------- */

enum lurk_extension { LURK_LURK = 0, LURK_TLS12 = 1, LURK_TLS13 = 2, LURK_SPLIT = 240 };

enum lurk_type {
    LURK_TYPE_CAPABILITIES = 0, /* of every extension */
    LURK_TYPE_PING = 1,
    LURK_TLS12_RSA_MASTER = 2,
    LURK_TLS12_RSA_MASTER_WITH_POH = 3,
    LURK_TLS12_RSA_EXTENDED_MASTER = 4,
    LURK_TLS12_RSA_EXTENDED_MASTER_WITH_POH = 5,
    LURK_TLS12_ECDHE = 6,
    LURK_TLS13_S_INIT_CERT_VERIFY = 2,
    LURK_SPLIT_RSA_PREMASTER = 2,
    LURK_SPLIT_SIGN_SKE = 4,
    LURK_SPLIT_SIGN_CERT_VERIFY = 6,
    LURK_SPLIT_SIGN_CERT_REQUEST = 10
};

/* "tls12.ecdhe", "invalid_poo". "unknown" where there is no such number. */
const char *lurk_exchange_name(uint8_t extension, uint8_t type);
const char *lurk_status_name(uint8_t extension, uint8_t status);

/* id := first 4 bytes of SHA-256 of a SubjectPublicKeyInfo's DER, as certificates have it. */
int lurk_key_id(struct lurk_bytes spki, uint8_t id[LURK_KEY_ID_BYTES]);
/* The same of a whole certificate's DER: fingerprint of tls13. */
int lurk_fingerprint(struct lurk_bytes certificate, uint8_t fingerprint[4]);

/* --- freshness ------------------------------------------------------------------------------ */

/* S is what the edge draws and sends to the key server; the TLS peer sees F(S) in ServerHello. S is
 * secret until the answer is there: wipe it then. Source lurk-tls12.md 2, lurk-tls13.md 3. */

/* RFC 8446 4.1.3: a server that could speak 1.3 and negotiates less. */
enum lurk_mark {
    LURK_MARK_NONE,
    LURK_MARK_TLS12, /* ..01 in the last 8 bytes of S, and so of F(S) */
    LURK_MARK_TLS11  /* ..00 */
};

/* s := seconds since 1970, 28 random bytes, the mark at their end. */
int lurk_tls12_s_draw(uint32_t unix_s, enum lurk_mark mark, uint8_t s[LURK_RANDOM_BYTES]);
/* s := 32 random bytes. */
int lurk_tls13_s_draw(uint8_t s[LURK_RANDOM_BYTES]);
/* random := F(s). random may be s. */
void lurk_tls12_hello_random(const uint8_t s[LURK_RANDOM_BYTES], uint8_t random[LURK_RANDOM_BYTES]);
/* freshness: 0 sha256, 1 sha384, 2 sha512. Errors LURK_ERR_ARGUMENT: another. */
int lurk_tls13_hello_random(uint8_t freshness, const uint8_t s[LURK_RANDOM_BYTES],
                            uint8_t random[LURK_RANDOM_BYTES]);

/* --- requests ------------------------------------------------------------------------------- */

/* Each writes a whole message, header included, with id 0: the client puts the id in. A caller
 * without a client uses lurk_id_set.
 * Out     message[*len]; *len is at most LURK_MESSAGE_BYTES_MAX
 * Errors  LURK_ERR_ARGUMENT: a field the wire has no room for, or size too small
 *         LURK_ERR_ROOM: *len would be more than room; message is not to be used
 * Time    depends on lengths only
 * A message with a shared secret or S in it is secret: wipe it when it was submitted. */

uint64_t lurk_id_get(const uint8_t message[LURK_HEADER_BYTES]);
void lurk_id_set(uint8_t message[LURK_HEADER_BYTES], uint64_t id);

int lurk_ping_write(enum lurk_extension extension, uint8_t *message, size_t room, size_t *len);
int lurk_capabilities_write(enum lurk_extension extension, uint8_t *message, size_t room,
                            size_t *len);

struct lurk_tls12_rsa_master {
    size_t size;
    uint8_t key_id[LURK_KEY_ID_BYTES];
    uint8_t freshness; /* 0 sha256 */
    uint8_t prf_hash;  /* 0 sha256, 1 sha384, 2 sha512: PRF of the cipher suite */
    uint8_t client_random[LURK_RANDOM_BYTES];
    uint8_t server_random[LURK_RANDOM_BYTES]; /* S */
    struct lurk_bytes encrypted_premaster;    /* without the count TLS has in front */
};
int lurk_tls12_rsa_master_write(const struct lurk_tls12_rsa_master *in, uint8_t *message,
                                size_t room, size_t *len);

/* Types 3 to 5. messages: client_hello .. as lurk-tls12.md 4 lists them, S in the place of
 * ServerHello.random. */
struct lurk_tls12_handshake {
    size_t size;
    uint8_t type; /* LURK_TLS12_RSA_MASTER_WITH_POH, LURK_TLS12_RSA_EXTENDED_MASTER(_WITH_POH) */
    uint8_t key_id[LURK_KEY_ID_BYTES];
    uint8_t freshness;
    struct lurk_bytes messages;
    uint8_t verify_data[12]; /* body of the peer's Finished; only with a proof of handshake */
};
int lurk_tls12_handshake_write(const struct lurk_tls12_handshake *in, uint8_t *message, size_t room,
                               size_t *len);

/* A proof that the edge knows b of bG. Public: it may be seen by anyone who sees the request. */
enum lurk_poo_prf { LURK_POO_NULL = 0, LURK_POO_SHA256_128 = 1, LURK_POO_SHA256_256 = 2 };
struct lurk_proof {
    size_t size;
    uint8_t prf;
    uint8_t point_len, r_len;
    uint8_t point[LURK_POINT_BYTES_MAX]; /* vG */
    uint8_t r[LURK_SCALAR_BYTES_MAX];
};

struct lurk_tls12_ecdhe {
    size_t size;
    uint8_t key_id[LURK_KEY_ID_BYTES];
    uint8_t freshness;
    uint8_t client_random[LURK_RANDOM_BYTES];
    uint8_t server_random[LURK_RANDOM_BYTES]; /* S */
    uint16_t sig_and_hash;                    /* SignatureScheme of RFC 8446 */
    struct lurk_bytes params;       /* ServerECDHParams as TLS sends it: 03, group, vec8 bG */
    const struct lurk_proof *proof; /* NULL: LURK_POO_NULL, which most key servers refuse */
};
int lurk_tls12_ecdhe_write(const struct lurk_tls12_ecdhe *in, uint8_t *message, size_t room,
                           size_t *len);

/* tls13.s_init_cert_verify: the server's side of a full TLS 1.3 handshake. */
enum lurk_ephemeral { LURK_NO_SECRET = 0, LURK_E_GENERATED = 1, LURK_CS_GENERATED = 2 };
enum lurk_cert_type {
    LURK_CERT_NONE = 128,
    LURK_CERT_FINGERPRINT = 129,
    LURK_CERT_UNCOMPRESSED = 130
};
/* Bits of secret_request: 0x8000 >> enum lurk_secret. */
enum lurk_secret_bit {
    LURK_SECRET_CLIENT_HANDSHAKE = 0x1000,
    LURK_SECRET_SERVER_HANDSHAKE = 0x0800,
    LURK_SECRET_CLIENT_APPLICATION = 0x0400,
    LURK_SECRET_SERVER_APPLICATION = 0x0200,
    LURK_SECRET_EXPORTER = 0x0100
};
/* Code in SecretList, index of secret[]. */
enum lurk_secret {
    LURK_CLIENT_HANDSHAKE_TRAFFIC = 3,
    LURK_SERVER_HANDSHAKE_TRAFFIC = 4,
    LURK_CLIENT_APPLICATION_TRAFFIC = 5,
    LURK_SERVER_APPLICATION_TRAFFIC = 6,
    LURK_EXPORTER_MASTER = 7,
    LURK_SECRET_COUNT = 16
};
struct lurk_tls13_entry {
    struct lurk_bytes certificate; /* fingerprint[4] or DER, as cert_type says */
    struct lurk_bytes extensions;  /* of the CertificateEntry, without their count */
};
struct lurk_tls13_s_init_cert_verify {
    size_t size;
    bool last;             /* last_exchange: no session is opened, session_id is not sent */
    uint8_t session_id[4]; /* what the edge wants to see in later answers */
    uint8_t freshness;     /* 0 sha256, 1 sha384, 2 sha512 */
    uint8_t ephemeral;     /* LURK_E_GENERATED or LURK_CS_GENERATED */
    uint16_t group;        /* LURK_E_GENERATED */
    struct lurk_bytes shared_secret; /* LURK_E_GENERATED; secret */
    struct lurk_bytes handshake; /* ClientHello .. [CertificateRequest], S in ServerHello.random;
                                  * LURK_CS_GENERATED: the server's share is empty */
    uint16_t cert_type;
    const struct lurk_tls13_entry *entry;
    size_t entry_count;
    uint16_t secret_request; /* enum lurk_secret_bit */
    uint16_t sig_algo;       /* SignatureScheme */
};
int lurk_tls13_s_init_cert_verify_write(const struct lurk_tls13_s_init_cert_verify *in,
                                        uint8_t *message, size_t room, size_t *len);

struct lurk_split_rsa_premaster {
    size_t size;
    uint8_t key_id[LURK_KEY_ID_BYTES];
    uint16_t client_version; /* 0303 or fefd */
    struct lurk_bytes encrypted_premaster;
};
int lurk_split_rsa_premaster_write(const struct lurk_split_rsa_premaster *in, uint8_t *message,
                                   size_t room, size_t *len);

/* The same of DHE: both numbers as wide as p. */
struct lurk_dh_proof {
    size_t size;
    uint8_t prf;
    uint16_t len; /* of p */
    uint8_t v[LURK_DH_BYTES_MAX]; /* V = g^v */
    uint8_t r[LURK_DH_BYTES_MAX];
};

enum lurk_kx { LURK_KX_DHE = 1, LURK_KX_ECDHE = 3 };
#define LURK_FRESHNESS_NONE 255 /* sign_ske: server_random is used as it is */
struct lurk_split_sign_ske {
    size_t size;
    uint8_t key_id[LURK_KEY_ID_BYTES];
    uint8_t freshness; /* 0: server_random is S; LURK_FRESHNESS_NONE */
    uint8_t client_random[LURK_RANDOM_BYTES];
    uint8_t server_random[LURK_RANDOM_BYTES];
    uint16_t sig_and_hash;
    uint8_t kx;                     /* enum lurk_kx */
    struct lurk_bytes params;       /* ServerDHParams or ServerECDHParams */
    const struct lurk_proof *proof; /* LURK_KX_ECDHE only; NULL: LURK_POO_NULL */
    const struct lurk_dh_proof *dh_proof; /* LURK_KX_DHE only; NULL: the same */
};
int lurk_split_sign_ske_write(const struct lurk_split_sign_ske *in, uint8_t *message, size_t room,
                              size_t *len);

struct lurk_split_sign_cert_verify {
    size_t size;
    uint8_t key_id[LURK_KEY_ID_BYTES];
    uint8_t role; /* 0 server, 1 client */
    uint16_t scheme;
    struct lurk_bytes transcript_hash; /* 32 or 48 bytes */
};
int lurk_split_sign_cert_verify_write(const struct lurk_split_sign_cert_verify *in,
                                      uint8_t *message, size_t room, size_t *len);

/* The signature of a certificate request (PKCS#10) for the key: info is what is signed in it, a
 * CertificationRequestInfo in DER. Key servers sign what is for this key and for names of its
 * certificate alone (docs/protocol.md); status 20 is what has to be left out, 21 a name. The answer
 * is read by lurk_signature_read. Since LURK_1_1. */
struct lurk_split_sign_cert_request {
    size_t size;
    uint8_t key_id[LURK_KEY_ID_BYTES];
    uint16_t scheme; /* SignatureScheme of RFC 8446, PKCS#1 v1.5 among them */
    struct lurk_bytes info;
};
int lurk_split_sign_cert_request_write(const struct lurk_split_sign_cert_request *in,
                                       uint8_t *message, size_t room, size_t *len);

/* --- proof of ownership --------------------------------------------------------------------- */

/* Curves and scratch numbers of one thread, in a library context of its own, so that neither the
 * program's openssl.cnf nor a random source of its choice has a part in it. NULL: no memory, or
 * libcrypto refused. */
struct lurk_prover *lurk_prover_new(void);
void lurk_prover_free(struct lurk_prover *prover);

/* b is the private number as TLS libraries keep it: secp256r1, 384r1, 521r1 big-endian in the
 * scalar's width (32, 48, 66), bits above the order's length ignored; x25519, x448 the 32 or 56
 * bytes of RFC 7748, clamped here. Secret: neither time nor memory accesses depend on it, as far as
 * libcrypto's own multiplication goes.
 * Errors  LURK_ERR_ARGUMENT: params or b of a wrong length, a group without a proof, an unknown prf
 *         LURK_ERR_SHARE: [b]G is not bG; nothing was computed with b but that
 *         LURK_ERR_CRYPTO */

/* LURK_OK when b belongs to bG: for who holds several numbers and one point. */
int lurk_share_check(struct lurk_prover *prover, uint16_t group, struct lurk_bytes b,
                     struct lurk_bytes point);
/* *proof (its size set by the caller) := a fresh proof for this request, whose own proof is not
 * looked at. A second call with the same b is harmless: v is drawn anew. */
int lurk_tls12_ecdhe_prove(struct lurk_prover *prover, const struct lurk_tls12_ecdhe *request,
                           enum lurk_poo_prf prf, struct lurk_bytes b, struct lurk_proof *proof);
int lurk_split_sign_ske_prove(struct lurk_prover *prover, const struct lurk_split_sign_ske *request,
                              enum lurk_poo_prf prf, struct lurk_bytes b, struct lurk_proof *proof);
/* The same with LURK_KX_DHE, in the groups of RFC 7919, and of RFC 3526 from 2048 bits on. b is
 * big-endian, of any length up to p's; that length is not secret. 2 ms with 2048 bits, 0.2 s with
 * 8192. Errors as above; LURK_ERR_ARGUMENT is also what p and g of no such group get. Since
 * LURK_1_1. */
int lurk_split_sign_ske_prove_dhe(struct lurk_prover *prover,
                                  const struct lurk_split_sign_ske *request, enum lurk_poo_prf prf,
                                  struct lurk_bytes b, struct lurk_dh_proof *proof);

/* --- answers -------------------------------------------------------------------------------- */

struct lurk_answer {
    size_t size;
    uint8_t extension; /* whose status it is: the request's, or LURK_LURK */
    uint8_t type;
    uint8_t status; /* 1 success; lurk_status_name(extension, status) */
    bool has_state; /* the 4-byte state of a fault; capabilities have theirs in the payload */
    uint8_t state[LURK_STATE_BYTES];
    struct lurk_bytes message; /* all of it, as it came; as long as the bytes that were read */
    struct lurk_bytes payload; /* of a success */
};

/* Judges a whole answer against its request (16 bytes of it are enough): lurk.md 6.
 * Returns LURK_OK: a success, whose payload is for the functions below · LURK_ERR_REFUSED ·
 * LURK_ERR_BUSY · LURK_ERR_STRAY: another id, or status 0 · LURK_ERR_ANSWER */
int lurk_answer_judge(const uint8_t request[LURK_HEADER_BYTES], struct lurk_bytes message,
                      struct lurk_answer *answer);

/* Fields of a successful answer. Views borrow answer->message.
 * Errors  LURK_ERR_ANSWER: not such a payload, to its last byte: close the connection
 *         LURK_ERR_ARGUMENT: the answer is no success, or of another exchange */

int lurk_ping_read(const struct lurk_answer *answer);
/* Types 2 to 5 of tls12. */
int lurk_tls12_master_read(const struct lurk_answer *answer, uint8_t master[LURK_MASTER_BYTES]);
/* tls12.ecdhe, split.sign_ske, split.sign_cert_verify. Not checked with the public key: that is the
 * TLS library's, or the caller's. */
int lurk_signature_read(const struct lurk_answer *answer, struct lurk_bytes *signature);
int lurk_split_premaster_read(const struct lurk_answer *answer,
                              uint8_t premaster[LURK_MASTER_BYTES]);

struct lurk_tls13_signed {
    size_t size;
    bool last;
    uint8_t session_id[4]; /* for later requests, where not last */
    uint8_t ephemeral;     /* as asked */
    uint16_t group;        /* LURK_CS_GENERATED, with key_exchange, for ServerHello's key_share */
    struct lurk_bytes key_exchange;
    struct lurk_bytes secret[LURK_SECRET_COUNT]; /* by enum lurk_secret; empty: not granted */
    struct lurk_bytes signature;                 /* for CertificateVerify */
};
int lurk_tls13_s_init_cert_verify_read(const struct lurk_answer *answer,
                                       struct lurk_tls13_signed *out);

/* Capabilities of `lurk`: pairs of u8 extension, u8 version, ascending. */
struct lurk_capabilities {
    size_t size;
    struct lurk_bytes extensions;
    uint8_t state[LURK_STATE_BYTES];
};
int lurk_capabilities_read(const struct lurk_answer *answer, struct lurk_capabilities *out);

/* One entry of tls12's capabilities for each type that is open; lists as on the wire, without their
 * counts: numbers of one or two bytes, certificates as u8 type, u24 length, DER. */
struct lurk_tls12_capability {
    size_t size;
    uint8_t type;
    struct lurk_bytes key_id_types, certificates, freshness, cipher_suites;
    struct lurk_bytes prf_hashes;                                   /* types 2 to 5 */
    struct lurk_bytes sig_and_hash, ecdsa_curves, groups, poo_prfs; /* type 6 */
};
/* entry[room]: sizes set by the caller in each. *count: how many there are, also where room is
 * less. state may be NULL. */
int lurk_tls12_capabilities_read(const struct lurk_answer *answer,
                                 struct lurk_tls12_capability *entry, size_t room, size_t *count,
                                 uint8_t state[LURK_STATE_BYTES]);

struct lurk_tls13_capabilities {
    size_t size;
    struct lurk_bytes types, freshness, ephemeral, groups, cipher_suites, schemes, cert_types;
    struct lurk_bytes fingerprints; /* 4 bytes each */
    uint8_t state[LURK_STATE_BYTES];
};
int lurk_tls13_capabilities_read(const struct lurk_answer *answer,
                                 struct lurk_tls13_capabilities *out);

struct lurk_split_capabilities {
    size_t size;
    struct lurk_bytes types, freshness, forms, poo_prfs, schemes, groups;
    struct lurk_bytes keys; /* 8 bytes each: key id with its type, u8 kind, u16 uses */
    uint8_t state[LURK_STATE_BYTES];
};
int lurk_split_capabilities_read(const struct lurk_answer *answer,
                                 struct lurk_split_capabilities *out);

/* --- capabilities, kept --------------------------------------------------------------------- */

/* The capabilities of one server, by extension, each with the state it was made of. A fault with
 * another state, or with none, tells that they may be old: ask again before concluding (lurk.md 6,
 * rule 4). Servers that are replicas share one cache. */
struct lurk_cache *lurk_cache_new(void);
void lurk_cache_free(struct lurk_cache *cache);
/* Whether capabilities of answer->extension are to be asked again: it is a fault, and nothing is
 * kept, or it has no state, or another one. */
bool lurk_cache_stale(const struct lurk_cache *cache, const struct lurk_answer *answer);
/* Keeps a capabilities answer in place of the one there was.
 * Errors LURK_ERR_ARGUMENT, LURK_ERR_ANSWER, LURK_ERR_MEMORY: the old one stays. */
int lurk_cache_put(struct lurk_cache *cache, const struct lurk_answer *answer);
/* *answer := what is kept of an extension, for its *_capabilities_read; borrowed until the next
 * put. False: nothing is. */
bool lurk_cache_get(const struct lurk_cache *cache, enum lurk_extension extension,
                    struct lurk_answer *answer);

/* --- client --------------------------------------------------------------------------------- */

/* Calls in flight on one connection, without the connection. The caller moves bytes: what
 * lurk_client_output gives goes out, what came goes into lurk_client_input, and results come out of
 * lurk_client_take. */

enum lurk_framing {
    LURK_STREAM,   /* messages back to back */
    LURK_DATAGRAM, /* one message a datagram; requests are repeated */
    LURK_PACKET    /* one packet of lurk-agent's socket a message */
};

struct lurk_client_options {
    size_t size;
    enum lurk_framing framing;
    uint32_t calls_max;       /* in flight, up to 65,536; 0: 1,024, what key servers allow */
    uint32_t queue_bytes_max; /* not yet sent; 0: 1 MiB */
};

struct lurk_result {
    size_t size;
    int outcome; /* LURK_OK, REFUSED, BUSY: there is an answer; TIMEOUT, CLOSED, ...: there is not
                  */
    uint64_t id; /* of the call */
    void *token; /* the caller's own */
    const struct lurk_answer *answer; /* or NULL; borrowed until the next take, input or reset */
    uint64_t elapsed_ns;              /* from the submit to the input of the answer, or to now */
    uint32_t sends;                   /* 1, or more where it was repeated; 0: it never went out */
};

struct lurk_counts {
    size_t size;
    uint64_t submitted, answered, refused; /* refused: of answered */
    uint64_t expired, failed;              /* without an answer */
    uint64_t repeated;                     /* sendings after the first */
    uint64_t strays;                       /* answers to nothing that is in flight, or status 0 */
    uint64_t malformed;                    /* datagrams that are no message */
};

struct lurk_client *lurk_client_new(const struct lurk_client_options *options);
void lurk_client_free(struct lurk_client *client);

/* Queues one whole request for sending. It is copied. The client draws an unpredictable id and puts
 * it into its copy; with keep_id the id of the message stays, as an agent needs it that tries one
 * request at several servers.
 * Errors  LURK_ERR_ARGUMENT: no whole message (its length, its status), or an id in flight already
 *         LURK_ERR_FULL · LURK_ERR_CLOSED: after a fail or an unacceptable answer, until reset
 *         LURK_ERR_CRYPTO: no random bytes · LURK_ERR_MEMORY */
struct lurk_submit {
    size_t size;
    struct lurk_bytes message;
    uint64_t deadline_ns; /* LURK_NEVER is allowed, and unwise */
    void *token;
    bool keep_id;
};
int lurk_client_submit(struct lurk_client *client, const struct lurk_submit *submit,
                       uint64_t now_ns, uint64_t *id);
/* The call is forgotten, its answer will count as a stray. Errors LURK_ERR_STRAY: no such call. */
int lurk_client_cancel(struct lurk_client *client, uint64_t id);

/* What is to be sent next: on streams all there is, else one datagram or packet; len 0: nothing.
 * Borrowed until any other call. `sent` takes what went out off the queue; on datagrams and packets
 * that is the whole of it, sent or lost. */
struct lurk_bytes lurk_client_output(struct lurk_client *client, uint64_t now_ns);
void lurk_client_sent(struct lurk_client *client, size_t bytes);

/* Bytes that came: a piece of the stream, or one datagram or packet. Returns how many were taken:
 * less than len where results wait to be taken first (streams), or LURK_ERR_FULL (others: take,
 * then hand it in again). LURK_ERR_CLOSED: after a fail or an unacceptable answer. */
int lurk_client_input(struct lurk_client *client, const void *bytes, size_t len, uint64_t now_ns);

/* The next result, in the order answers came; then calls whose deadline has passed by now_ns, and
 * those of a connection that is gone. False: none now. Call it until then. */
bool lurk_client_take(struct lurk_client *client, uint64_t now_ns, struct lurk_result *result);

/* When take or output may have something to do without any input: never later than the next
 * deadline or repeat, and sometimes earlier. */
uint64_t lurk_client_due_ns(const struct lurk_client *client);

/* LURK_OK, or why the connection has to go: LURK_ERR_ANSWER; what fail was told. */
int lurk_client_state(const struct lurk_client *client);
/* The connection is gone: take gives every call in flight with this outcome. */
void lurk_client_fail(struct lurk_client *client, enum lurk_error why);
/* A new connection; what came over the old one is forgotten. Calls that are in flight still fail
 * with LURK_ERR_CLOSED; with keep they are queued again, byte for byte (not on LURK_STREAM, which
 * keeps no copies). */
void lurk_client_reset(struct lurk_client *client, bool keep);

uint32_t lurk_client_calls(const struct lurk_client *client);  /* whose result was not taken yet */
uint64_t lurk_client_rtt_ns(const struct lurk_client *client); /* smoothed; 0: not known yet */
void lurk_client_counts(const struct lurk_client *client, struct lurk_counts *counts);

/* --- transport ------------------------------------------------------------------------------ */

/* Who we are towards key servers, and whom we believe: certificates are demanded and checked on
 * both sides; TLS 1.2 or 1.3, DTLS 1.2; no compression, renegotiation, tickets, early data.
 * Counted: transports keep it. */
struct lurk_identity_options {
    size_t size;
    const char *authority;   /* PEM file of those who may sign the server's certificate */
    const char *certificate; /* PEM file: ours, then its chain */
    const char *key;         /* PEM file, not encrypted */
    const char *revoked;     /* PEM file of revocation lists, or NULL: none is looked at */
    uint16_t tls_min;        /* 0x0303 or 0x0304; 0: 0x0303 */
};
/* NULL: text[text_bytes] says which file and what is wrong with it. Reads the files, and only
 * now. */
struct lurk_identity *lurk_identity_new(const struct lurk_identity_options *options, char *text,
                                        size_t text_bytes);
void lurk_identity_free(struct lurk_identity *identity);

enum lurk_transport_kind { LURK_TLS, LURK_DTLS, LURK_AGENT };

struct lurk_transport_options {
    size_t size;
    enum lurk_transport_kind kind;
    const char *host; /* a number or a name: a name is looked up by open, which then may block;
                       * LURK_AGENT: "/path" or "@abstract" */
    uint16_t port;
    const char *server_name;        /* whom the server's certificate has to name; NULL: host */
    struct lurk_identity *identity; /* LURK_TLS, LURK_DTLS */
    uint32_t connect_ms;            /* to be open after open; 0: 2,000 */
    uint32_t calls_max, queue_bytes_max;
    int fd_min; /* LURK_AGENT: its descriptor is no lower than this, where there is room: low ones
                 * may be scarce in a program that keeps a table of them. 0: as it comes */
};
/* NULL: no memory, or text says which option is wrong. Opens nothing. */
struct lurk_transport *lurk_transport_new(const struct lurk_transport_options *options, char *text,
                                          size_t text_bytes);
/* Closes, politely where that takes no wait. */
void lurk_transport_free(struct lurk_transport *transport);

enum lurk_transport_state {
    LURK_DOWN, /* never opened, or ended: lurk_transport_error says why */
    LURK_CONNECTING,
    LURK_OPEN
};
/* Starts to connect; what is submitted meanwhile goes out once the transport is open. Does nothing
 * where it is not down. Errors LURK_ERR_SYSTEM: not even that. */
int lurk_transport_open(struct lurk_transport *transport, uint64_t now_ns);
void lurk_transport_close(struct lurk_transport *transport);
enum lurk_transport_state lurk_transport_state(const struct lurk_transport *transport);
/* Why it ended, LURK_OK before; and a sentence with the address and the system's or libssl's
 * word. */
int lurk_transport_error(const struct lurk_transport *transport);
const char *lurk_transport_text(const struct lurk_transport *transport);

/* What a poll loop needs: the descriptor (-1 when down; it changes with each open, and an agent's
 * transport may open anew by itself, in ready), POLLIN and POLLOUT as wanted now, and when ready is
 * to be called at the latest. */
int lurk_transport_fd(const struct lurk_transport *transport);
short lurk_transport_events(const struct lurk_transport *transport);
uint64_t lurk_transport_due_ns(const struct lurk_transport *transport);

/* Does all that can be done without waiting: connects, shakes hands, sends what is queued (on TLS
 * in as few records as it fits), receives. Spurious calls are fine. Take results until there are
 * none after it, then look at state, fd, events and due anew: what came before an end is taken
 * first. Returns LURK_OK, or why the transport has ended. */
int lurk_transport_ready(struct lurk_transport *transport, uint64_t now_ns);
/* The sending half of ready alone: at the end of a turn in which much was submitted. */
int lurk_transport_flush(struct lurk_transport *transport, uint64_t now_ns);

/* As their namesakes of the client; what a result borrows, it borrows until the transport is used
 * again. LURK_ERR_ROOM: too long for a datagram of LURK_DTLS, ask over TLS. An answer that may not
 * be accepted ends the transport. An agent that goes away or answers that it does is connected to
 * once more, and gets the same bytes, before a call fails with LURK_ERR_CLOSED or LURK_ERR_LEAVING.
 */
int lurk_transport_submit(struct lurk_transport *transport, const struct lurk_submit *submit,
                          uint64_t now_ns, uint64_t *id);
int lurk_transport_cancel(struct lurk_transport *transport, uint64_t id);
bool lurk_transport_take(struct lurk_transport *transport, uint64_t now_ns,
                         struct lurk_result *result);
/* For its counts and its round trip; borrowed. */
const struct lurk_client *lurk_transport_client(const struct lurk_transport *transport);

/* One call that waits: opens the transport where it is down, submits, polls, takes. wait_ms bounds
 * all of it, but for the look-up of a name. Only where nothing else is in flight
 * (LURK_ERR_ARGUMENT). *result as from take, borrowed until the transport is used again; its
 * outcome is what is returned. */
int lurk_call(struct lurk_transport *transport, struct lurk_bytes request, uint32_t wait_ms,
              struct lurk_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
