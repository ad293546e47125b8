#include "core/base/bytes.h"

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
    lk_store_be(w->base + place, count, width);
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
