#include "tests/support/handshake.h"

#include "core/base/err.h"

/* The smallest thing of X.509 shape. */
static const uint8_t small_der[] = {0x30, 0x03, 0x02, 0x01, 0x05};

static uint16_t version_of(const struct lk_handshake_shape *shape, uint16_t wanted)
{
    if (wanted != 0) return wanted;
    return shape->datagram ? 0xfefd : 0x0303;
}

static void extensions_put(struct lk_writer *w, bool block, bool ems)
{
    if (!block && !ems) return;
    size_t place = lk_writer_reserve(w, 2);
    if (block) lk_writer_put(w, "\x00\x0b\x00\x02\x01\x00", 6);
    if (ems) lk_writer_put(w, "\x00\x17\x00\x00", 4);
    lk_writer_fill(w, place, 2);
}

static void client_hello_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    uint16_t suite = shape->suite != 0 ? shape->suite : 0x009c;
    lk_writer_u16(w, version_of(shape, shape->client_version));
    memset(lk_writer_room(w, 32), 0xc1, 32);
    lk_writer_vec8(w, lk_bytes_of("sess", 4));
    if (shape->datagram) lk_writer_vec8(w, lk_bytes_of("cookie", 6));
    size_t place = lk_writer_reserve(w, 2);
    if (shape->offered.len > 0) {
        lk_writer_put(w, shape->offered.data, shape->offered.len);
    } else {
        lk_writer_u16(w, 0x1301);
        lk_writer_u16(w, suite);
        lk_writer_u16(w, 0x00ff);
    }
    lk_writer_fill(w, place, 2);
    lk_writer_vec8(w, lk_bytes_of("", 1));
    extensions_put(w, shape->client_extensions, shape->client_ems);
}

static void server_hello_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    lk_writer_u16(w, version_of(shape, shape->server_version));
    memset(lk_writer_room(w, 32), 0x5e, 32);
    lk_writer_vec8(w, lk_bytes_of("", 0));
    lk_writer_u16(w, shape->suite != 0 ? shape->suite : 0x009c);
    lk_writer_u8(w, 0);
    extensions_put(w, shape->server_extensions, shape->server_ems);
}

static void certificate_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    (void)shape;
    uint8_t longer[4 + 0x100] = {0x30, 0x82, 0x01, 0x00};
    size_t place = lk_writer_reserve(w, 3);
    lk_writer_vec24(w, lk_bytes_of(small_der, sizeof small_der));
    lk_writer_vec24(w, lk_bytes_of(longer, sizeof longer));
    lk_writer_fill(w, place, 3);
}

static void empty_certificate_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    (void)shape;
    lk_writer_u24(w, 0);
}

static void status_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    (void)shape;
    lk_writer_u8(w, 1);
    lk_writer_vec24(w, lk_bytes_of("ocsp", 4));
}

static void request_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    (void)shape;
    lk_writer_vec8(w, lk_bytes_of("\x01\x40", 2));
    lk_writer_vec16(w, lk_bytes_of("\x04\x01\x04\x03", 4));
    lk_writer_vec16(w, lk_bytes_of("\x00\x02\x30\x00", 4));
}

static void key_exchange_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    (void)shape;
    lk_writer_vec16(w, lk_bytes_of("ciphertext", 10));
}

static void verify_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    (void)shape;
    lk_writer_u16(w, 0x0401);
    lk_writer_vec16(w, lk_bytes_of("signature", 9));
}

static void nothing_put(struct lk_writer *w, const struct lk_handshake_shape *shape)
{
    (void)w;
    (void)shape;
}

static const struct message {
    char letter;
    uint8_t type;
    void (*put)(struct lk_writer *w, const struct lk_handshake_shape *shape);
} messages[] = {
    {'h', 1, client_hello_put},       {'H', 2, server_hello_put}, {'c', 11, certificate_put},
    {'s', 22, status_put},            {'q', 13, request_put},     {'d', 14, nothing_put},
    {'C', 11, certificate_put},       {'E', 11, empty_certificate_put},
    {'k', 16, key_exchange_put},      {'v', 15, verify_put},      {'x', 12, key_exchange_put},
    {'r', 0, nothing_put},            {'n', 4, status_put},       {'V', 3, status_put},
};

static const struct message *message_of(char letter)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (messages[i].letter == letter) return &messages[i];
    abort();
}

static void message_put(struct lk_writer *w, const struct lk_handshake_shape *shape, size_t at)
{
    const struct message *message = message_of(shape->sequence[at]);
    uint8_t scratch[1024];
    struct lk_writer body = lk_writer_of(scratch, sizeof scratch);
    if (shape->letter == message->letter)
        lk_writer_put(&body, shape->body.data, shape->body.len);
    else
        message->put(&body, shape);
    LK_ASSERT(!body.bad);
    lk_writer_u8(w, message->type);
    lk_writer_u24(w, (uint32_t)body.len);
    if (shape->datagram) {
        lk_writer_u16(w, (uint16_t)at);
        lk_writer_u24(w, 0);
        lk_writer_u24(w, (uint32_t)body.len);
    }
    lk_writer_put(w, scratch, body.len);
}

size_t lk_handshake_build(const struct lk_handshake_shape *shape, uint8_t *to, size_t room)
{
    struct lk_writer w = lk_writer_of(to, room);
    lk_writer_put(&w, "\x00kkkk\x00", 6);
    size_t place = lk_writer_reserve(&w, 2);
    for (size_t i = 0; shape->sequence[i] != 0; i++)
        message_put(&w, shape, i);
    lk_writer_fill(&w, place, 2);
    if (shape->type != LK_TLS12_RSA_EXTENDED_MASTER) lk_writer_put(&w, "verify_data_", 12);
    LK_ASSERT(!w.bad);
    return w.len;
}
