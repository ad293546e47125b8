/* The handshake forms of tls12, types 3, 4 and 5: lurk-tls12.md 4. */
#include "core/base/err.h"
#include "core/wire/tls12_common.h"

#define MALFORMED LK_TLS12_INVALID_PAYLOAD_FORMAT

#define MESSAGES_BYTES_MIN 2
#define MESSAGES_BYTES_MAX 65534
#define SESSION_ID_BYTES_MAX 32
#define VERSION_TLS12 0x0303
#define VERSION_DTLS12 0xfefd
#define EXTENSION_EMS 23 /* RFC 7627 5.1 */

enum message_type {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CERTIFICATE_VERIFY = 15,
    CLIENT_KEY_EXCHANGE = 16,
    CERTIFICATE_STATUS = 22
};

/* What is known of the handshake while its messages are read. */
struct walk {
    struct lk_tls12_handshake *out;
    struct lk_bytes suites; /* offered by the client */
    uint16_t server_version;
    bool with_proof;         /* types 3 and 5: a Finished follows */
    bool requested;          /* certificate_request was there */
    bool peer_certificate;   /* the peer's certificate list was not empty */
};

/* --- bodies: each reads one message to its last byte; false at any fault ---------------------- */

/* The block may be missing (RFC 5246 7.4.1.2). A second extended_master_secret, or one that is not
 * empty, is no hello that TLS would accept, and would leave open what was agreed. */
static bool extensions_read(struct lk_cursor *c, bool *ems)
{
    *ems = false;
    if (lk_cursor_left(c) == 0) return !c->bad;
    struct lk_cursor block = lk_cursor_of(lk_cursor_vec16(c));
    while (!block.bad && lk_cursor_left(&block) > 0) {
        uint16_t type = lk_cursor_u16(&block);
        struct lk_bytes data = lk_cursor_vec16(&block);
        if (block.bad || type != EXTENSION_EMS) continue;
        if (*ems || data.len != 0) return false;
        *ems = true;
    }
    return !block.bad && lk_cursor_done(c);
}

/* u16 count and whole u16 elements, at least one. */
static bool list16_of_u16_read(struct lk_cursor *c, struct lk_bytes *list)
{
    *list = lk_cursor_vec16(c);
    return !c->bad && list->len >= 2 && list->len % 2 == 0;
}

static bool client_hello_read(struct lk_cursor *c, struct walk *walk)
{
    struct lk_tls12_handshake *out = walk->out;
    out->client_version = lk_cursor_u16(c);
    out->client_random = lk_cursor_take(c, LK_RANDOM_BYTES).data;
    if (lk_cursor_vec8(c).len > SESSION_ID_BYTES_MAX) return false;
    if (out->datagram) (void)lk_cursor_vec8(c); /* cookie, RFC 6347 4.2.1 */
    if (!list16_of_u16_read(c, &walk->suites)) return false;
    if (lk_cursor_vec8(c).len == 0) return false; /* compression methods */
    return extensions_read(c, &out->ems_client);
}

static bool server_hello_read(struct lk_cursor *c, struct walk *walk)
{
    struct lk_tls12_handshake *out = walk->out;
    walk->server_version = lk_cursor_u16(c);
    out->server_random = lk_cursor_take(c, LK_RANDOM_BYTES).data;
    if (lk_cursor_vec8(c).len > SESSION_ID_BYTES_MAX) return false;
    out->cipher_suite = lk_cursor_u16(c);
    (void)lk_cursor_u8(c); /* compression method */
    if (c->bad) return false;
    return extensions_read(c, &out->ems_server);
}

/* One DER SEQUENCE, definite and minimal length, that fills its bytes: the shape of every X.509
 * certificate. What is inside matters when its key is compared. */
static bool der_sequence_fills(struct lk_bytes der)
{
    struct lk_cursor c = lk_cursor_of(der);
    if (lk_cursor_u8(&c) != 0x30) return false;
    size_t len = lk_cursor_u8(&c);
    if (len == 0x81) {
        len = lk_cursor_u8(&c);
        if (len < 0x80) return false;
    } else if (len == 0x82) {
        len = lk_cursor_u16(&c);
        if (len < 0x100) return false;
    } else if (len >= 0x80) { /* indefinite, or longer than the messages may be */
        return false;
    }
    return !c.bad && lk_cursor_left(&c) == len;
}

/* certificate_list<0..2^24-1> of ASN.1Cert<1..2^24-1> (RFC 5246 7.4.2). *first is empty when the
 * list is. */
static bool certificate_list_read(struct lk_cursor *c, struct lk_bytes *first)
{
    *first = lk_bytes_of(c->at, 0);
    struct lk_cursor list = lk_cursor_of(lk_cursor_vec24(c));
    while (!list.bad && lk_cursor_left(&list) > 0) {
        struct lk_bytes der = lk_cursor_vec24(&list);
        if (list.bad || !der_sequence_fills(der)) return false;
        if (first->len == 0) *first = der;
    }
    return !list.bad && lk_cursor_done(c);
}

static bool server_certificate_read(struct lk_cursor *c, struct walk *walk)
{
    return certificate_list_read(c, &walk->out->certificate) && walk->out->certificate.len > 0;
}

static bool peer_certificate_read(struct lk_cursor *c, struct walk *walk)
{
    struct lk_bytes first;
    if (!certificate_list_read(c, &first)) return false;
    walk->peer_certificate = first.len > 0;
    return true;
}

static bool certificate_status_read(struct lk_cursor *c, struct walk *walk)
{
    (void)walk;
    (void)lk_cursor_u8(c); /* status_type; both that exist carry one vec24 (RFC 6066 8, 6961 2.2) */
    (void)lk_cursor_vec24(c);
    return lk_cursor_done(c);
}

/* RFC 5246 7.4.4. */
static bool certificate_request_read(struct lk_cursor *c, struct walk *walk)
{
    struct lk_bytes algorithms;
    if (lk_cursor_vec8(c).len == 0) return false; /* certificate types */
    if (!list16_of_u16_read(c, &algorithms)) return false;
    struct lk_cursor names = lk_cursor_of(lk_cursor_vec16(c));
    while (!names.bad && lk_cursor_left(&names) > 0)
        if (lk_cursor_vec16(&names).len == 0) return false;
    walk->requested = true;
    return !names.bad && lk_cursor_done(c);
}

static bool server_hello_done_read(struct lk_cursor *c, struct walk *walk)
{
    (void)walk;
    return lk_cursor_done(c);
}

static bool client_key_exchange_read(struct lk_cursor *c, struct walk *walk)
{
    walk->out->encrypted_premaster = lk_cursor_vec16(c);
    return lk_cursor_done(c);
}

static bool certificate_verify_read(struct lk_cursor *c, struct walk *walk)
{
    (void)walk;
    (void)lk_cursor_u16(c); /* SignatureAndHashAlgorithm */
    (void)lk_cursor_vec16(c);
    return lk_cursor_done(c);
}

/* --- the order of messages -------------------------------------------------------------------- */

enum need { MUST, MAY, WITH_REQUEST, WITH_PEER_CERTIFICATE };

/* lurk-tls12.md 4, the table. Each place takes one message at most, so a message twice, one out of
 * its order, HelloRequest and server_key_exchange find no place, and no list is longer than
 * this. */
static const struct place {
    uint8_t type; /* enum message_type */
    uint8_t need; /* enum need */
    bool (*read)(struct lk_cursor *c, struct walk *walk);
} places[] = {
    {CLIENT_HELLO, MUST, client_hello_read},
    {SERVER_HELLO, MUST, server_hello_read},
    {CERTIFICATE, MUST, server_certificate_read},
    {CERTIFICATE_STATUS, MAY, certificate_status_read},
    {CERTIFICATE_REQUEST, MAY, certificate_request_read},
    {SERVER_HELLO_DONE, MUST, server_hello_done_read},
    {CERTIFICATE, WITH_REQUEST, peer_certificate_read},
    {CLIENT_KEY_EXCHANGE, MUST, client_key_exchange_read},
    {CERTIFICATE_VERIFY, WITH_PEER_CERTIFICATE, certificate_verify_read},
};

_Static_assert(sizeof places / sizeof places[0] <= LK_TLS12_HANDSHAKE_MESSAGES_MAX,
               "lurk-tls12.md 4: at most 16 messages");

/* Must this place be taken, and may it? */
static bool place_must(const struct place *place, const struct walk *walk)
{
    return place->need == MUST || (place->need == WITH_REQUEST && walk->requested);
}

static bool place_may(const struct place *place, const struct walk *walk)
{
    if (place->need == WITH_REQUEST) return walk->requested;
    if (place->need == WITH_PEER_CERTIFICATE) return walk->peer_certificate && walk->with_proof;
    return true;
}

/* The body of the next message; the cursor turns bad at a fault of its header. */
static struct lk_bytes body_cut(struct lk_cursor *c, bool datagram)
{
    (void)lk_cursor_u8(c);
    uint32_t length = lk_cursor_u24(c);
    if (datagram) {
        (void)lk_cursor_u16(c); /* message_seq */
        /* lurk-tls12.md 4: hashed as if never fragmented (RFC 6347 4.2.6). */
        uint32_t fragment_offset = lk_cursor_u24(c);
        uint32_t fragment_length = lk_cursor_u24(c);
        if (fragment_offset != 0 || fragment_length != length) c->bad = true;
    }
    return lk_cursor_take(c, length);
}

static bool place_read(const struct place *place, struct lk_cursor *c, struct walk *walk)
{
    struct lk_bytes body = body_cut(c, walk->out->datagram);
    if (c->bad) return false;
    struct lk_cursor inner = lk_cursor_of(body);
    if (!place->read(&inner, walk)) return false;
    if (place->type == CLIENT_KEY_EXCHANGE)
        walk->out->through_key_exchange = (size_t)(c->at - walk->out->messages.data);
    return true;
}

/* lurk-tls12.md 4 step 1: parse all, any layout fault 3. */
static bool messages_read(struct walk *walk)
{
    struct lk_cursor c = lk_cursor_of(walk->out->messages);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        bool here = lk_cursor_left(&c) > 0 && *c.at == places[i].type;
        if (!here && place_must(&places[i], walk)) return false;
        if (here && place_may(&places[i], walk) && !place_read(&places[i], &c, walk)) return false;
    }
    return lk_cursor_done(&c);
}

/* lurk-tls12.md 4: layouts are told apart by the byte at offset 4, client_version's first or
 * message_seq's. */
static bool layout_find(struct lk_bytes messages, bool *datagram)
{
    if (messages.len < 5) return false;
    *datagram = messages.data[4] == 0x00;
    return *datagram || messages.data[4] == 0x03;
}

static bool versions_fit(const struct walk *walk)
{
    uint16_t want = walk->out->datagram ? VERSION_DTLS12 : VERSION_TLS12;
    return walk->out->client_version == want && walk->server_version == want;
}

static bool suite_offered(struct lk_bytes suites, uint16_t suite)
{
    struct lk_cursor c = lk_cursor_of(suites);
    while (lk_cursor_left(&c) > 0)
        if (lk_cursor_u16(&c) == suite) return true;
    return false;
}

/* Types 4 and 5 derive the extended master secret, so both sides must have agreed on it; in type 3
 * TLS itself would use the extended form if the server had. */
static bool ems_fits(const struct lk_tls12_handshake *out, uint8_t type)
{
    if (type == LK_TLS12_RSA_MASTER_WITH_POH) return !out->ems_server;
    return out->ems_client && out->ems_server;
}

uint8_t lk_tls12_handshake_judge(struct lk_tls12_handshake *out, uint8_t type)
{
    struct walk walk = {.out = out, .with_proof = out->verify_data != NULL};
    /* lurk-tls12.md 4 step 1 */
    LK_REQUIRE(layout_find(out->messages, &out->datagram), MALFORMED);
    LK_REQUIRE(messages_read(&walk), MALFORMED);
    /* lurk-tls12.md 4 step 2 */
    LK_REQUIRE(versions_fit(&walk), MALFORMED);
    LK_REQUIRE(suite_offered(walk.suites, out->cipher_suite), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    LK_REQUIRE(lk_rsa_suite_find(out->cipher_suite) != NULL, LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    /* lurk-tls12.md 4 step 3 */
    LK_REQUIRE(ems_fits(out, type), MALFORMED);
    return 0;
}

/* --- the payload around them ------------------------------------------------------------------ */

uint8_t lk_tls12_handshake_cut(struct lk_bytes payload, uint8_t type,
                               struct lk_tls12_handshake *out)
{
    LK_ASSERT(type >= LK_TLS12_RSA_MASTER_WITH_POH
              && type <= LK_TLS12_RSA_EXTENDED_MASTER_WITH_POH);
    *out = (struct lk_tls12_handshake){0};
    struct lk_cursor c = lk_cursor_of(payload);
    uint8_t fault = lk_tls12_common_read(&c, &out->common);
    if (fault != 0) return fault;
    out->messages = lk_cursor_vec16(&c);
    if (type != LK_TLS12_RSA_EXTENDED_MASTER)
        out->verify_data = lk_cursor_take(&c, LK_VERIFY_DATA_BYTES).data;
    LK_REQUIRE(lk_cursor_done(&c), MALFORMED);
    /* lurk-tls12.md 4: handshake_messages are 2 to 65534 bytes. */
    LK_REQUIRE(out->messages.len >= MESSAGES_BYTES_MIN, MALFORMED);
    LK_REQUIRE(out->messages.len <= MESSAGES_BYTES_MAX, MALFORMED);
    return 0;
}

uint8_t lk_tls12_handshake_parse(struct lk_bytes payload, uint8_t type,
                                 struct lk_tls12_handshake *out)
{
    uint8_t fault = lk_tls12_handshake_cut(payload, type, out);
    return fault != 0 ? fault : lk_tls12_handshake_judge(out, type);
}

void lk_tls12_handshake_write(struct lk_writer *w, uint8_t type,
                              const struct lk_tls12_handshake *in)
{
    lk_tls12_common_write(w, &in->common);
    lk_writer_vec16(w, in->messages);
    if (type != LK_TLS12_RSA_EXTENDED_MASTER)
        lk_writer_put(w, in->verify_data, LK_VERIFY_DATA_BYTES);
}

/* --- suites ----------------------------------------------------------------------------------- */

/* lurk-tls12.md 4 step 2, ascending; D13: the PRF hash is SHA-384 where the name says so. */
static const struct lk_rsa_suite_row suites[] = {
    {0x002f, LK_SHA256, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0035, LK_SHA256, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x003c, LK_SHA256, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    {0x003d, LK_SHA256, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    {0x009c, LK_SHA256, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009d, LK_SHA384, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
    {0xc09c, LK_SHA256, "TLS_RSA_WITH_AES_128_CCM"},
    {0xc09d, LK_SHA256, "TLS_RSA_WITH_AES_256_CCM"},
    {0xc0a0, LK_SHA256, "TLS_RSA_WITH_AES_128_CCM_8"},
    {0xc0a1, LK_SHA256, "TLS_RSA_WITH_AES_256_CCM_8"},
};

const struct lk_rsa_suite_row *lk_rsa_suite_find(uint16_t suite)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].suite == suite) return &suites[i];
    return NULL;
}

const struct lk_rsa_suite_row *lk_rsa_suites(size_t *count)
{
    *count = sizeof suites / sizeof suites[0];
    return suites;
}
