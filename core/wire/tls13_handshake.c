/* The handshake messages of s_init_cert_verify: lurk-tls13.md 5.1 step 2, RFC 8446 4. */
#include "core/wire/tls13.h"

#define LEGACY_VERSION 0x0303
#define VERSION_TLS13 0x0304
#define SESSION_ID_BYTES_MAX 32

enum message_type {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    ENCRYPTED_EXTENSIONS = 8,
    CERTIFICATE_REQUEST = 13
};

/* RFC 8446 4.1.3: SHA-256 of "HelloRetryRequest" in place of a random. */
static const uint8_t retry_random[LK_TLS13_RANDOM_BYTES] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* --- extensions ------------------------------------------------------------------------------- */

/* Those that the steps look at; the others are only cut. */
enum known {
    SIGNATURE_ALGORITHMS,
    PRE_SHARED_KEY,
    SUPPORTED_VERSIONS,
    KEY_SHARE,
    KNOWN_COUNT
};

static int known_find(uint16_t type)
{
    static const uint16_t types[KNOWN_COUNT] = {
        [SIGNATURE_ALGORITHMS] = 13, [PRE_SHARED_KEY] = 41, [SUPPORTED_VERSIONS] = 43,
        [KEY_SHARE] = 51};
    for (int i = 0; i < KNOWN_COUNT; i++)
        if (types[i] == type) return i;
    return -1;
}

struct extensions {
    struct lk_bytes data[KNOWN_COUNT];
    uint32_t seen; /* bit i: enum known i */
    int last;      /* what the last one was; -1 none of these */
};

static bool has(const struct extensions *e, enum known which)
{
    return (e->seen >> which & 1) != 0;
}

/* One block, to the end of the message. RFC 8446 4.2: no type twice; looked at for those that
 * matter here. */
static bool extensions_read(struct lk_cursor *c, struct extensions *out)
{
    *out = (struct extensions){.last = -1};
    struct lk_cursor block = lk_cursor_of(lk_cursor_vec16(c));
    while (!block.bad && lk_cursor_left(&block) > 0) {
        int which = known_find(lk_cursor_u16(&block));
        struct lk_bytes data = lk_cursor_vec16(&block);
        out->last = which;
        if (which < 0 || block.bad) continue;
        if ((out->seen >> which & 1) != 0) return false;
        out->seen |= UINT32_C(1) << which;
        out->data[which] = data;
    }
    return !block.bad && lk_cursor_done(c);
}

static bool list_has(struct lk_bytes list, uint16_t want)
{
    struct lk_cursor c = lk_cursor_of(list);
    while (lk_cursor_left(&c) > 0)
        if (lk_cursor_u16(&c) == want) return true;
    return false;
}

/* A list of u16 that is not empty and ends on an element. */
static bool list_fits(const struct lk_cursor *c, struct lk_bytes list)
{
    return !c->bad && list.len >= 2 && list.len % 2 == 0;
}

/* The whole of an extension is one list16 of u16. */
static bool list16_read(struct lk_bytes data, struct lk_bytes *list)
{
    struct lk_cursor c = lk_cursor_of(data);
    *list = lk_cursor_vec16(&c);
    return list_fits(&c, *list) && lk_cursor_done(&c);
}

static bool u16_is(struct lk_bytes data, uint16_t want)
{
    struct lk_cursor c = lk_cursor_of(data);
    return lk_cursor_u16(&c) == want && lk_cursor_done(&c);
}

static bool offers_tls13(const struct extensions *e)
{
    if (!has(e, SUPPORTED_VERSIONS)) return false;
    struct lk_cursor c = lk_cursor_of(e->data[SUPPORTED_VERSIONS]);
    struct lk_bytes list = lk_cursor_vec8(&c);
    return list_fits(&c, list) && lk_cursor_done(&c) && list_has(list, VERSION_TLS13);
}

static bool agrees_tls13(const struct extensions *e)
{
    return has(e, SUPPORTED_VERSIONS) && u16_is(e->data[SUPPORTED_VERSIONS], VERSION_TLS13);
}

/* --- hellos ----------------------------------------------------------------------------------- */

/* A message of this type off the front; *whole is all of it, the cursor its body. */
static bool message_cut(struct lk_cursor *c, uint8_t type, struct lk_bytes *whole,
                        struct lk_cursor *body)
{
    const uint8_t *start = c->at;
    if (lk_cursor_left(c) == 0 || *start != type) return false;
    (void)lk_cursor_u8(c);
    *body = lk_cursor_of(lk_cursor_vec24(c));
    *whole = lk_bytes_of(start, (size_t)(c->at - start));
    return !c->bad;
}

struct client_hello {
    struct lk_bytes whole, suites, schemes, shares;
};

/* RFC 8446 4.2.8: { u16 group; vec16 key_exchange } each, no empty share; the list may be empty
 * (the client asks for a HelloRetryRequest). */
static bool shares_read(struct lk_bytes data, struct lk_bytes *shares)
{
    struct lk_cursor c = lk_cursor_of(data);
    *shares = lk_cursor_vec16(&c);
    struct lk_cursor entries = lk_cursor_of(*shares);
    while (!entries.bad && lk_cursor_left(&entries) > 0) {
        (void)lk_cursor_u16(&entries);
        if (lk_cursor_vec16(&entries).len == 0) entries.bad = true;
    }
    return lk_cursor_done(&c) && !entries.bad;
}

static bool client_hello_read(struct lk_cursor *c, struct client_hello *out)
{
    struct lk_cursor body;
    struct extensions e;
    if (!message_cut(c, CLIENT_HELLO, &out->whole, &body)) return false;
    if (lk_cursor_u16(&body) != LEGACY_VERSION) return false;
    (void)lk_cursor_take(&body, LK_TLS13_RANDOM_BYTES);
    if (lk_cursor_vec8(&body).len > SESSION_ID_BYTES_MAX) return false;
    out->suites = lk_cursor_vec16(&body);
    if (!list_fits(&body, out->suites)) return false;
    struct lk_bytes compression = lk_cursor_vec8(&body); /* RFC 8446 4.1.2: null and no other */
    if (compression.len != 1 || compression.data[0] != 0) return false;
    if (!extensions_read(&body, &e)) return false;
    /* 4.2.11: pre_shared_key is the last */
    if (has(&e, PRE_SHARED_KEY) && e.last != PRE_SHARED_KEY) return false;
    return offers_tls13(&e) && has(&e, SIGNATURE_ALGORITHMS) &&
           list16_read(e.data[SIGNATURE_ALGORITHMS], &out->schemes) && has(&e, KEY_SHARE) &&
           shares_read(e.data[KEY_SHARE], &out->shares);
}

struct server_hello {
    struct lk_bytes whole;
    const uint8_t *random;
    uint16_t suite;
    size_t extensions_at;
    struct extensions extensions;
};

/* ServerHello and HelloRetryRequest are one message; the random tells. */
static bool server_hello_read(struct lk_cursor *c, struct server_hello *out)
{
    struct lk_cursor body;
    if (!message_cut(c, SERVER_HELLO, &out->whole, &body)) return false;
    if (lk_cursor_u16(&body) != LEGACY_VERSION) return false;
    out->random = lk_cursor_take(&body, LK_TLS13_RANDOM_BYTES).data;
    if (lk_cursor_vec8(&body).len > SESSION_ID_BYTES_MAX) return false;
    out->suite = lk_cursor_u16(&body);
    if (lk_cursor_u8(&body) != 0 || body.bad) return false; /* compression */
    out->extensions_at = (size_t)(body.at - out->whole.data);
    return extensions_read(&body, &out->extensions) && agrees_tls13(&out->extensions);
}

static bool is_retry(const struct server_hello *hello)
{
    return memcmp(hello->random, retry_random, sizeof retry_random) == 0;
}

/* --- what follows them ------------------------------------------------------------------------ */

static bool encrypted_extensions_read(struct lk_cursor *c)
{
    struct lk_bytes whole;
    struct lk_cursor body;
    struct extensions e;
    return message_cut(c, ENCRYPTED_EXTENSIONS, &whole, &body) && extensions_read(&body, &e);
}

/* RFC 8446 4.3.2: no context within a handshake, and the schemes the server takes. */
static bool certificate_request_read(struct lk_cursor *c)
{
    struct lk_bytes whole, schemes;
    struct lk_cursor body;
    struct extensions e;
    return message_cut(c, CERTIFICATE_REQUEST, &whole, &body) && lk_cursor_vec8(&body).len == 0 &&
           extensions_read(&body, &e) && has(&e, SIGNATURE_ALGORITHMS) &&
           list16_read(e.data[SIGNATURE_ALGORITHMS], &schemes);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The group and, in ServerHello, a share, which is empty where CS is to make it. */
static bool server_share_read(const struct server_hello *hello, struct lk_tls13_handshake *out)
{
    if (!has(&hello->extensions, KEY_SHARE)) return false;
    struct lk_bytes data = hello->extensions.data[KEY_SHARE];
    struct lk_cursor c = lk_cursor_of(data);
    out->group = lk_cursor_u16(&c);
    out->server_share = lk_cursor_vec16(&c);
    out->key_share_at = (size_t)(data.data - hello->whole.data);
    return lk_cursor_done(&c);
}

/* RFC 8446 4.1.4, 4.2.8: the suite stays, and the group asked for is the one that is used. */
static bool retry_fits(const struct server_hello *retry, const struct server_hello *hello,
                       uint16_t group)
{
    if (retry->suite != hello->suite) return false;
    return !has(&retry->extensions, KEY_SHARE) || u16_is(retry->extensions.data[KEY_SHARE], group);
}

/* ClientHello, ServerHello, or both twice, the first ServerHello being a HelloRetryRequest. */
static bool hellos_read(struct lk_cursor *c, struct client_hello *client,
                        struct server_hello *server, struct lk_tls13_handshake *out)
{
    struct server_hello retry = {0};
    if (!client_hello_read(c, client) || !server_hello_read(c, server)) return false;
    bool again = is_retry(server);
    if (again) {
        out->first_hello = client->whole;
        out->retry = server->whole;
        retry = *server;
        if (!client_hello_read(c, client) || !server_hello_read(c, server)) return false;
        if (is_retry(server)) return false; /* lurk-tls13.md 2 */
    }
    if (!server_share_read(server, out)) return false;
    return !again || retry_fits(&retry, server, out->group);
}

bool lk_tls13_handshake_parse(struct lk_bytes messages, struct lk_tls13_handshake *out)
{
    struct lk_cursor c = lk_cursor_of(messages);
    struct client_hello client;
    struct server_hello server;
    *out = (struct lk_tls13_handshake){0};
    if (!hellos_read(&c, &client, &server, out)) return false;
    const struct lk_tls13_suite_row *suite = lk_tls13_suite_find(server.suite);
    if (suite == NULL || !list_has(client.suites, suite->suite)) return false;
    if (has(&server.extensions, PRE_SHARED_KEY)) return false; /* no Certificate follows then */
    const uint8_t *rest = c.at;
    if (!encrypted_extensions_read(&c)) return false;
    out->certificate_request = lk_cursor_left(&c) > 0;
    if (out->certificate_request && !certificate_request_read(&c)) return false;
    out->rest = lk_bytes_of(rest, (size_t)(c.at - rest));
    out->client_hello = client.whole;
    out->server_hello = server.whole;
    out->server_random = server.random;
    out->extensions_at = server.extensions_at;
    out->suite = suite->suite;
    out->hash = suite->hash;
    out->schemes = client.schemes;
    out->client_shares = client.shares;
    return lk_cursor_done(&c);
}

struct lk_bytes lk_tls13_share_find(struct lk_bytes client_shares, uint16_t group)
{
    struct lk_cursor c = lk_cursor_of(client_shares);
    while (lk_cursor_left(&c) > 0) {
        bool here = lk_cursor_u16(&c) == group;
        struct lk_bytes share = lk_cursor_vec16(&c);
        if (here || c.bad) return share;
    }
    return lk_bytes_of(NULL, 0);
}
