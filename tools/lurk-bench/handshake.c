#include "tools/lurk-bench/handshake.h"

#include "core/wire/tls12.h"

enum {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_HELLO_DONE = 14,
    CLIENT_KEY_EXCHANGE = 16
};
#define SUITE_RSA_AES128_GCM_SHA256 0x009c
#define EXTENDED_MASTER_SECRET 0x0017

static size_t message_start(struct lk_writer *w, uint8_t type)
{
    lk_writer_u8(w, type);
    return lk_writer_reserve(w, 3);
}

/* Version, a random to be filled in, an empty session id. Returns the random's offset. */
static uint32_t hello_start(struct lk_writer *w)
{
    static const uint8_t zero[LK_RANDOM_BYTES];
    lk_writer_u16(w, 0x0303);
    uint32_t at = (uint32_t)w->len;
    lk_writer_put(w, zero, sizeof(zero));
    lk_writer_u8(w, 0);
    return at;
}

static void extensions_write(struct lk_writer *w, bool ems)
{
    if (!ems) return; /* a hello without the block is legal */
    lk_writer_u16(w, 4);
    lk_writer_u16(w, EXTENDED_MASTER_SECRET);
    lk_writer_u16(w, 0);
}

static void certificate_write(struct lk_writer *w, struct lk_bytes certificate)
{
    size_t message = message_start(w, CERTIFICATE);
    size_t list = lk_writer_reserve(w, 3);
    size_t entry = lk_writer_reserve(w, 3);
    lk_writer_put(w, certificate.data, certificate.len);
    lk_writer_fill(w, entry, 3);
    lk_writer_fill(w, list, 3);
    lk_writer_fill(w, message, 3);
}

void lk_bench_handshake_write(struct lk_writer *w, bool ems, struct lk_bytes certificate,
                              struct lk_bytes encrypted_premaster,
                              struct lk_bench_handshake_places *places)
{
    size_t message = message_start(w, CLIENT_HELLO);
    places->client_random_at = hello_start(w);
    lk_writer_u16(w, 2);
    lk_writer_u16(w, SUITE_RSA_AES128_GCM_SHA256);
    lk_writer_u16(w, 0x0100); /* one compression method: null */
    extensions_write(w, ems);
    lk_writer_fill(w, message, 3);

    message = message_start(w, SERVER_HELLO);
    places->server_random_at = hello_start(w);
    lk_writer_u16(w, SUITE_RSA_AES128_GCM_SHA256);
    lk_writer_u8(w, 0);
    extensions_write(w, ems);
    lk_writer_fill(w, message, 3);

    certificate_write(w, certificate);
    lk_writer_fill(w, message_start(w, SERVER_HELLO_DONE), 3);

    message = message_start(w, CLIENT_KEY_EXCHANGE);
    lk_writer_u16(w, (uint16_t)encrypted_premaster.len);
    lk_writer_put(w, encrypted_premaster.data, encrypted_premaster.len);
    lk_writer_fill(w, message, 3);
}
