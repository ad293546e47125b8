#include "tests/support/hello.h"

#include "core/base/err.h"

static uint16_t either(uint16_t given, uint16_t usual)
{
    return given != 0 ? given : usual;
}

static struct lk_bytes bytes_or(struct lk_bytes given, const char *usual, size_t len)
{
    return given.len > 0 ? given : lk_bytes_of(usual, len);
}

static void extension(struct lk_writer *w, uint16_t type, struct lk_bytes data)
{
    lk_writer_u16(w, type);
    lk_writer_vec16(w, data);
}

static void schemes_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    struct lk_bytes list = bytes_or(s->schemes, "\x04\x03\x08\x04\x08\x05\x08\x07\x04\x01", 10);
    if (s->odd_schemes) list.len--;
    lk_writer_u16(w, 13);
    size_t place = lk_writer_reserve(w, 2);
    lk_writer_vec16(w, list);
    lk_writer_fill(w, place, 2);
}

static void client_share_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    lk_writer_u16(w, 51);
    size_t place = lk_writer_reserve(w, 2), list = lk_writer_reserve(w, 2);
    if (!s->no_client_share) {
        lk_writer_u16(w, 0x2a2a); /* GREASE, RFC 8701 */
        lk_writer_vec16(w, lk_bytes_of("\0", 1));
        lk_writer_u16(w, either(s->offered_group, either(s->group, LK_GROUP_X25519)));
        lk_writer_vec16(w, s->empty_share ? lk_bytes_of(NULL, 0)
                                          : bytes_or(s->client_share,
                                                     "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t"
                                                     "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t",
                                                     32));
    }
    lk_writer_fill(w, list, 2);
    lk_writer_fill(w, place, 2);
}

static void client_extensions_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    uint16_t version = either(s->client_version, 0x0304);
    const uint8_t versions[] = {4, 3, 3, (uint8_t)(version >> 8), (uint8_t)version};
    extension(w, 0x1a1a, lk_bytes_of(NULL, 0)); /* GREASE */
    if (!s->no_versions) extension(w, 43, lk_bytes_of(versions, sizeof versions));
    if (s->psk_in_the_middle) extension(w, 41, lk_bytes_of("\0\0", 2));
    if (!s->no_schemes) schemes_put(s, w);
    if (s->schemes_twice) schemes_put(s, w);
    if (!s->no_key_share_extension) client_share_put(s, w);
    if (s->psk_offered) extension(w, 41, lk_bytes_of("\0\0", 2));
}

static void client_hello_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    static const uint8_t zero[255];
    lk_writer_u16(w, either(s->client_legacy, 0x0303));
    for (int i = 0; i < 32; i++)
        lk_writer_u8(w, 0xc1);
    lk_writer_vec8(w, lk_bytes_of(zero, s->session_id_bytes));
    lk_writer_u16(w, 4);
    lk_writer_u16(w, 0x0a0a);
    lk_writer_u16(w, either(s->offered_suite, either(s->suite, 0x1301)));
    lk_writer_vec8(w, lk_bytes_of("\0\1", s->deflate ? 2 : 1));
    size_t place = lk_writer_reserve(w, 2);
    client_extensions_put(s, w);
    lk_writer_fill(w, place, 2);
}

static void server_versions_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    uint16_t version = either(s->server_version, 0x0304);
    const uint8_t data[] = {(uint8_t)(version >> 8), (uint8_t)version};
    if (!s->no_server_versions) extension(w, 43, lk_bytes_of(data, 2));
}

static void server_share_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    lk_writer_u16(w, 51);
    size_t place = lk_writer_reserve(w, 2);
    lk_writer_u16(w, either(s->group, LK_GROUP_X25519));
    lk_writer_vec16(w, s->no_server_share ? lk_bytes_of(NULL, 0)
                                          : bytes_or(s->server_share,
                                                     "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
                                                     "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
                                                     32));
    lk_writer_fill(w, place, 2);
}

static void server_hello_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    static const uint8_t zero[255];
    lk_writer_u16(w, either(s->server_legacy, 0x0303));
    for (int i = 0; i < 32; i++)
        lk_writer_u8(w, s->server_random != NULL ? s->server_random[i] : 0x5e);
    lk_writer_vec8(w, lk_bytes_of(zero, s->session_id_bytes));
    lk_writer_u16(w, either(s->suite, 0x1301));
    lk_writer_u8(w, 0);
    size_t place = lk_writer_reserve(w, 2);
    server_versions_put(s, w);
    if (!s->no_server_key_share) server_share_put(s, w);
    if (s->psk_agreed) extension(w, 41, lk_bytes_of("\0\0", 2));
    lk_writer_fill(w, place, 2);
}

/* RFC 8446 4.1.3. */
static void retry_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    static const uint8_t random[] = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
                                    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    uint16_t group = either(s->retry_group, either(s->group, LK_GROUP_X25519));
    const uint8_t data[] = {(uint8_t)(group >> 8), (uint8_t)group};
    lk_writer_u16(w, 0x0303);
    lk_writer_put(w, random, 32);
    lk_writer_u8(w, 0);
    lk_writer_u16(w, either(s->retry_suite, either(s->suite, 0x1301)));
    lk_writer_u8(w, 0);
    size_t place = lk_writer_reserve(w, 2);
    extension(w, 43, lk_bytes_of("\3\4", 2));
    if (!s->retry_without_share) extension(w, 51, lk_bytes_of(data, 2));
    extension(w, 44, lk_bytes_of("\0\1c", 3)); /* cookie */
    lk_writer_fill(w, place, 2);
}

static void encrypted_extensions_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    (void)s;
    size_t place = lk_writer_reserve(w, 2);
    extension(w, 0, lk_bytes_of(NULL, 0));
    lk_writer_fill(w, place, 2);
}

static void certificate_request_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    lk_writer_vec8(w, lk_bytes_of("x", s->request_context ? 1 : 0));
    size_t place = lk_writer_reserve(w, 2);
    if (!s->request_without_schemes) extension(w, 13, lk_bytes_of("\0\2\4\3", 4));
    lk_writer_fill(w, place, 2);
}

static void certificate_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    (void)s;
    lk_writer_put(w, "\0\0\0", 4);
}

static void finished_put(const struct lk_hello_shape *s, struct lk_writer *w)
{
    for (int i = 0; i < 32; i++)
        lk_writer_u8(w, 0);
    (void)s;
}

static const struct {
    char letter;
    uint8_t type;
    void (*put)(const struct lk_hello_shape *s, struct lk_writer *w);
} messages[] = {
    {'h', 1, client_hello_put},          {'H', 2, server_hello_put}, {'R', 2, retry_put},
    {'e', 8, encrypted_extensions_put},  {'c', 11, certificate_put},
    {'q', 13, certificate_request_put},  {'f', 20, finished_put},
};

static void message_put(const struct lk_hello_shape *s, char letter, struct lk_writer *w)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].letter != letter) continue;
        lk_writer_u8(w, messages[i].type);
        size_t place = lk_writer_reserve(w, 3);
        messages[i].put(s, w);
        if (s->trailing == letter) lk_writer_u8(w, 0);
        lk_writer_fill(w, place, 3);
    }
}

size_t lk_hello_build(const struct lk_hello_shape *shape, uint8_t *to, size_t room)
{
    struct lk_writer w = lk_writer_of(to, room);
    for (const char *at = shape->sequence != NULL ? shape->sequence : "hHe"; *at != 0; at++)
        message_put(shape, *at, &w);
    LK_ASSERT(!w.bad);
    return w.len;
}
