#include "core/base/bytes.h"

struct lk_bytes lk_cursor_take(struct lk_cursor *c, size_t len)
{
    if (c->bad || lk_cursor_left(c) < len) {
        c->bad = true;
        return (struct lk_bytes){.data = c->end, .len = 0};
    }
    struct lk_bytes taken = {.data = c->at, .len = len};
    if (len > 0) c->at += len;
    return taken;
}

/* Big-endian integer of up to 8 bytes. */
static uint64_t read_be(struct lk_cursor *c, unsigned width)
{
    struct lk_bytes b = lk_cursor_take(c, width);
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++)
        v = v << 8 | b.data[i];
    return v;
}

uint8_t lk_cursor_u8(struct lk_cursor *c)
{
    return (uint8_t)read_be(c, 1);
}

uint16_t lk_cursor_u16(struct lk_cursor *c)
{
    return (uint16_t)read_be(c, 2);
}

uint32_t lk_cursor_u24(struct lk_cursor *c)
{
    return (uint32_t)read_be(c, 3);
}

uint32_t lk_cursor_u32(struct lk_cursor *c)
{
    return (uint32_t)read_be(c, 4);
}

uint64_t lk_cursor_u64(struct lk_cursor *c)
{
    return read_be(c, 8);
}

struct lk_bytes lk_cursor_vec8(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u8(c));
}

struct lk_bytes lk_cursor_vec16(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u16(c));
}

struct lk_bytes lk_cursor_vec24(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u24(c));
}

struct lk_bytes lk_cursor_vec32(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u32(c));
}

uint8_t *lk_writer_room(struct lk_writer *w, size_t len)
{
    if (w->bad || w->size - w->len < len) {
        w->bad = true;
        return NULL;
    }
    uint8_t *room = w->base + w->len;
    w->len += len;
    return room;
}

static void store_be(uint8_t *to, uint64_t v, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        to[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

static void write_be(struct lk_writer *w, uint64_t v, unsigned width)
{
    uint8_t *to = lk_writer_room(w, width);
    if (to != NULL) store_be(to, v, width);
}

void lk_writer_u8(struct lk_writer *w, uint8_t v)
{
    write_be(w, v, 1);
}

void lk_writer_u16(struct lk_writer *w, uint16_t v)
{
    write_be(w, v, 2);
}

void lk_writer_u24(struct lk_writer *w, uint32_t v)
{
    write_be(w, v, 3);
}

void lk_writer_u32(struct lk_writer *w, uint32_t v)
{
    write_be(w, v, 4);
}

void lk_writer_u64(struct lk_writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

void lk_writer_put(struct lk_writer *w, const void *data, size_t len)
{
    uint8_t *to = lk_writer_room(w, len);
    if (to != NULL && len > 0) memcpy(to, data, len);
}

size_t lk_writer_reserve(struct lk_writer *w, unsigned width)
{
    size_t place = w->len;
    (void)lk_writer_room(w, width);
    return place;
}

void lk_writer_fill(struct lk_writer *w, size_t place, unsigned width)
{
    if (w->bad) return;
    uint64_t count = w->len - place - width;
    if (count >> (8 * width) != 0) {
        w->bad = true;
        return;
    }
    store_be(w->base + place, count, width);
}

static void write_vec(struct lk_writer *w, struct lk_bytes bytes, unsigned width)
{
    size_t place = lk_writer_reserve(w, width);
    lk_writer_put(w, bytes.data, bytes.len);
    lk_writer_fill(w, place, width);
}

void lk_writer_vec8(struct lk_writer *w, struct lk_bytes bytes)
{
    write_vec(w, bytes, 1);
}

void lk_writer_vec16(struct lk_writer *w, struct lk_bytes bytes)
{
    write_vec(w, bytes, 2);
}

void lk_writer_vec24(struct lk_writer *w, struct lk_bytes bytes)
{
    write_vec(w, bytes, 3);
}
