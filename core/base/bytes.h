/* bytes: views of memory, and the two checked cursors every parser and writer goes through.
 *
 * A cursor's error is sticky: after the first failure reads give zero, writes do nothing, and one
 * check at the end settles the whole message. No other code does pointer arithmetic on input.
 * Integers are unsigned and big-endian. A cursor borrows its memory and never allocates.
 * Thread any; a cursor is a stack value of one thread. Time depends on lengths only. */
#ifndef LK_CORE_BASE_BYTES_H
#define LK_CORE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct lk_bytes {
    const uint8_t *data;
    size_t len;
};

static inline struct lk_bytes lk_bytes_of(const void *data, size_t len)
{
    return (struct lk_bytes){.data = data, .len = len};
}

static inline bool lk_bytes_equal(struct lk_bytes a, struct lk_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* --- reading ------------------------------------------------------------------------------- */

struct lk_cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline struct lk_cursor lk_cursor_of(struct lk_bytes bytes)
{
    /* An empty view may have no address, and NULL + 0 is undefined in C. */
    const uint8_t *end = bytes.len > 0 ? bytes.data + bytes.len : bytes.data;
    return (struct lk_cursor){.at = bytes.data, .end = end, .bad = false};
}

static inline size_t lk_cursor_left(const struct lk_cursor *c)
{
    return (size_t)(c->end - c->at);
}

/* True when nothing failed and every byte was read: the test that ends every parser. */
static inline bool lk_cursor_done(const struct lk_cursor *c)
{
    return !c->bad && c->at == c->end;
}

/* The next len bytes, borrowed; an empty view and a bad cursor when fewer are left. */
static inline struct lk_bytes lk_cursor_take(struct lk_cursor *c, size_t len)
{
    if (c->bad || lk_cursor_left(c) < len) {
        c->bad = true;
        return lk_bytes_of(c->end, 0);
    }
    struct lk_bytes taken = {.data = c->at, .len = len};
    if (len > 0) c->at += len;
    return taken;
}

/* Big-endian, of `width` bytes, 1 to 8: a number wherever this stands. Inline, all of these: a
 * request is some forty of them, most a few instructions each. */
static inline uint64_t lk_cursor_be(struct lk_cursor *c, unsigned width)
{
    struct lk_bytes b = lk_cursor_take(c, width);
    uint64_t v = 0;
    if (b.len == 0) return 0;
    for (unsigned i = 0; i < width; i++)
        v = v << 8 | b.data[i];
    return v;
}

static inline uint8_t lk_cursor_u8(struct lk_cursor *c)
{
    return (uint8_t)lk_cursor_be(c, 1);
}
static inline uint16_t lk_cursor_u16(struct lk_cursor *c)
{
    return (uint16_t)lk_cursor_be(c, 2);
}
static inline uint32_t lk_cursor_u24(struct lk_cursor *c)
{
    return (uint32_t)lk_cursor_be(c, 3);
}
static inline uint32_t lk_cursor_u32(struct lk_cursor *c)
{
    return (uint32_t)lk_cursor_be(c, 4);
}
static inline uint64_t lk_cursor_u64(struct lk_cursor *c)
{
    return lk_cursor_be(c, 8);
}

/* A vector with its count in front; the view is borrowed. */
static inline struct lk_bytes lk_cursor_vec8(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u8(c));
}
static inline struct lk_bytes lk_cursor_vec16(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u16(c));
}
static inline struct lk_bytes lk_cursor_vec24(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u24(c));
}
static inline struct lk_bytes lk_cursor_vec32(struct lk_cursor *c)
{
    return lk_cursor_take(c, lk_cursor_u32(c));
}

/* --- writing ------------------------------------------------------------------------------- */

struct lk_writer {
    uint8_t *base;
    size_t len;  /* bytes written */
    size_t size; /* bytes there are */
    bool bad;
};

static inline struct lk_writer lk_writer_of(void *base, size_t size)
{
    return (struct lk_writer){.base = base, .len = 0, .size = size, .bad = false};
}

/* Room for len bytes to be filled by the caller; NULL and a bad writer when there is none. */
static inline uint8_t *lk_writer_room(struct lk_writer *w, size_t len)
{
    if (w->bad || w->size - w->len < len) {
        w->bad = true;
        return NULL;
    }
    uint8_t *room = w->base + w->len;
    w->len += len;
    return room;
}

static inline void lk_store_be(uint8_t *to, uint64_t v, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        to[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

static inline void lk_writer_be(struct lk_writer *w, uint64_t v, unsigned width)
{
    uint8_t *to = lk_writer_room(w, width);
    if (to != NULL) lk_store_be(to, v, width);
}

static inline void lk_writer_u8(struct lk_writer *w, uint8_t v)
{
    lk_writer_be(w, v, 1);
}
static inline void lk_writer_u16(struct lk_writer *w, uint16_t v)
{
    lk_writer_be(w, v, 2);
}
static inline void lk_writer_u24(struct lk_writer *w, uint32_t v)
{
    lk_writer_be(w, v, 3);
}
static inline void lk_writer_u32(struct lk_writer *w, uint32_t v)
{
    lk_writer_be(w, v, 4);
}
static inline void lk_writer_u64(struct lk_writer *w, uint64_t v)
{
    lk_writer_be(w, v, 8);
}
static inline void lk_writer_put(struct lk_writer *w, const void *data, size_t len)
{
    uint8_t *to = lk_writer_room(w, len);
    if (to != NULL && len > 0) memcpy(to, data, len);
}

/* A vector with its count in front; one too long for its count turns the writer bad. */
void lk_writer_vec8(struct lk_writer *w, struct lk_bytes bytes);
void lk_writer_vec16(struct lk_writer *w, struct lk_bytes bytes);
void lk_writer_vec24(struct lk_writer *w, struct lk_bytes bytes);

/* A count of `width` bytes (1 to 4) to be known later: reserve gives its place, fill writes the
 * number of bytes that came after it, or turns the writer bad when they do not fit the width. */
size_t lk_writer_reserve(struct lk_writer *w, unsigned width);
void lk_writer_fill(struct lk_writer *w, size_t place, unsigned width);

#endif
