/* Any bytes as what an edge sends over a stream. Where the network cuts them decides nothing:
 * whole, and in pieces of sizes that follow from the first byte, they get the same answers. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/desk.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lk_test_desk whole, pieces;

static void open_both(void)
{
    if (whole.counters != NULL) return;
    lk_log_level((enum lk_log_level)-1); /* nothing at all */
    const struct lk_view *view = lk_test_view(&(struct lk_test_view_conf){.generation = 1});
    lk_test_pki_gone();
    lk_test_desk_open(&whole, view);
    lk_test_desk_open(&pieces, view);
}

static bool open_still(const struct lk_test_desk *d)
{
    return d->conn->state == LK_CONN_OPEN;
}

static void check(const struct lk_test_desk *d)
{
    const struct lk_conn *conn = d->conn;
    LK_ASSERT(conn->head_len < LK_HEADER_BYTES || !open_still(d));
    LK_ASSERT(conn->part == NULL || (conn->part->len < conn->part->need &&
                                     conn->part->need <= conn->part->size && conn->skip == 0));
    LK_ASSERT(d->peers.parts.used <= 1);
    LK_ASSERT(conn->in_flight == d->intake.in_flight);
    LK_ASSERT(d->intake.in_flight <= LK_TEST_DESK_SMALL + LK_TEST_DESK_LARGE);
}

static void feed_pieces(struct lk_bytes bytes, uint32_t seed)
{
    while (bytes.len > 0 && open_still(&pieces)) {
        seed = seed * 1103515245 + 12345;
        size_t n = 1 + (seed >> 16) % ((seed >> 8 & 3) == 0 ? 4096 : 24);
        if (n > bytes.len) n = bytes.len;
        lk_intake_stream(pieces.conn, lk_bytes_of(bytes.data, n));
        bytes = lk_bytes_of(bytes.data + n, bytes.len - n);
        check(&pieces);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 16) return 0;
    open_both();
    struct lk_bytes bytes = lk_bytes_of(data + 1, size - 1);
    lk_test_desk_begin(&whole);
    lk_test_desk_begin(&pieces);
    lk_intake_stream(whole.conn, bytes);
    check(&whole);
    feed_pieces(bytes, data[0]);
    LK_ASSERT(whole.conn->state == pieces.conn->state);
    LK_ASSERT(whole.conn->in_flight == pieces.conn->in_flight);
    LK_ASSERT(whole.out_bytes == pieces.out_bytes);
    LK_ASSERT(memcmp(whole.out, pieces.out, whole.out_bytes) == 0);
    lk_test_desk_end(&whole);
    lk_test_desk_end(&pieces);
    return 0;
}
