#include "tools/provider/transcript.h"

#include <stdlib.h>

#include "core/base/err.h"

enum handshake_type {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    ENCRYPTED_EXTENSIONS = 8,
    CERTIFICATE = 11,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CLIENT_KEY_EXCHANGE = 16,
    CERTIFICATE_STATUS = 22,
    MESSAGE_HASH = 254
};
#define HEADER_BYTES 4
#define HEADER_BYTES_DATAGRAM 12

struct lk_transcript {
    int references;
    size_t len, room;
    size_t parsed; /* where the last message begins that is not all there yet */
    uint8_t *data;
    struct lk_transcript *first;
    bool datagram;
};

static bool is_told(uint8_t type)
{
    switch (type) {
    case CLIENT_HELLO:
    case SERVER_HELLO:
    case ENCRYPTED_EXTENSIONS:
    case CERTIFICATE:
    case CERTIFICATE_REQUEST:
    case SERVER_HELLO_DONE:
    case CLIENT_KEY_EXCHANGE:
    case CERTIFICATE_STATUS:
    case MESSAGE_HASH: return true;
    default: return false;
    }
}

bool lk_messages_datagram(struct lk_bytes messages)
{
    return messages.len > HEADER_BYTES && messages.data[0] == CLIENT_HELLO &&
           messages.data[HEADER_BYTES] == 0;
}

static bool message_take(struct lk_cursor *c, bool datagram, struct lk_message *m)
{
    const uint8_t *start = c->at;
    m->type = lk_cursor_u8(c);
    uint32_t len = lk_cursor_u24(c);
    /* The hash that stands for a ClientHello has no DTLS header, and is of TLS 1.3 only. */
    if (datagram) lk_cursor_take(c, HEADER_BYTES_DATAGRAM - HEADER_BYTES);
    m->body = lk_cursor_take(c, len);
    m->whole = lk_bytes_of(start, (size_t)(c->at - start));
    return !c->bad;
}

size_t lk_messages_cut(struct lk_bytes messages, bool datagram,
                       struct lk_message out[LK_TRANSCRIPT_MESSAGES_MAX])
{
    struct lk_cursor c = lk_cursor_of(messages);
    size_t count = 0;
    while (lk_cursor_left(&c) > 0) {
        if (count == LK_TRANSCRIPT_MESSAGES_MAX || !message_take(&c, datagram, &out[count]))
            return 0;
        count++;
    }
    return count;
}

bool lk_transcript_begins(struct lk_bytes messages)
{
    if (messages.len <= HEADER_BYTES) return false;
    uint8_t type = messages.data[0];
    if (type != CLIENT_HELLO && type != MESSAGE_HASH) return false;
    /* legacy_version 3.x or DTLS's message_seq 0..255; a message_hash is of 32 or 48 bytes. */
    if (type == CLIENT_HELLO && messages.data[HEADER_BYTES] != 3 &&
        messages.data[HEADER_BYTES] != 0)
        return false;
    struct lk_cursor c = lk_cursor_of(messages);
    struct lk_message m;
    return message_take(&c, lk_messages_datagram(messages), &m) &&
           (type == CLIENT_HELLO || m.body.len == 32 || m.body.len == 48);
}

struct lk_bytes lk_transcript_hello_hash(struct lk_bytes messages)
{
    struct lk_cursor c = lk_cursor_of(messages);
    struct lk_message m;
    if (!message_take(&c, false, &m) || m.type != MESSAGE_HASH) return (struct lk_bytes){0};
    return m.body;
}

static bool append(struct lk_transcript *t, struct lk_bytes messages)
{
    if (messages.len > LK_TRANSCRIPT_BYTES_MAX - t->len) return false;
    if (t->len + messages.len > t->room) {
        size_t room = 2 * (t->len + messages.len);
        uint8_t *data = realloc(t->data, room);
        if (data == NULL) return false;
        t->data = data;
        t->room = room;
    }
    memcpy(t->data + t->len, messages.data, messages.len);
    t->len += messages.len;
    return true;
}

/* Moves past the messages that are all there. False: one of a kind that no question turns on. */
static bool parse(struct lk_transcript *t)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(t->data + t->parsed, t->len - t->parsed));
    struct lk_message m;
    while (lk_cursor_left(&c) > 0) {
        if (!is_told(*c.at)) return false;
        if (!message_take(&c, t->datagram, &m)) return true;
        t->parsed += m.whole.len;
    }
    return true;
}

struct lk_transcript *lk_transcript_new(struct lk_bytes messages, struct lk_transcript *first)
{
    struct lk_transcript *t = calloc(1, sizeof *t);
    if (t == NULL) return NULL;
    t->references = 1;
    t->datagram = lk_messages_datagram(messages);
    if (!append(t, messages) || !parse(t)) {
        lk_transcript_free(t);
        return NULL;
    }
    t->first = first != NULL ? lk_transcript_up(first) : NULL;
    return t;
}

struct lk_transcript *lk_transcript_up(struct lk_transcript *t)
{
    __atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
    return t;
}

void lk_transcript_free(struct lk_transcript *t)
{
    if (t == NULL || __atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    lk_transcript_free(t->first);
    free(t->data);
    free(t);
}

bool lk_transcript_add(struct lk_transcript *t, size_t at, struct lk_bytes messages)
{
    return at == t->len && append(t, messages) && parse(t);
}

struct lk_bytes lk_transcript_bytes(const struct lk_transcript *t)
{
    return lk_bytes_of(t->data, t->len);
}

const struct lk_transcript *lk_transcript_first(const struct lk_transcript *t)
{
    return t->first;
}
