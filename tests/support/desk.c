#include "tests/support/desk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"

#define NOW_S 1700000000
#define START_NS (1000 * LK_NS_PER_S)

static void remember(struct lk_conn *conn, const struct lk_answer *answer)
{
    struct lk_test_desk *d = (struct lk_test_desk *)conn->peers;
    struct lk_writer w = lk_writer_of(d->out + d->out_bytes, sizeof d->out - d->out_bytes);
    lk_header_write(&w, &answer->header);
    lk_writer_put(&w, answer->payload.data, answer->payload.len);
    LK_ASSERT(!w.bad && w.len == answer->header.length);
    LK_ASSERT(answer->header.status != LK_STATUS_REQUEST);
    d->out_bytes += w.len;
    d->answers++;
}

static void nothing(struct lk_conn *conn)
{
    (void)conn;
}

static const struct lk_transport transport = {.name = "desk",
                                              .answer = remember,
                                              .flush = nothing,
                                              .due = lk_conn_stream_due,
                                              .bye = nothing,
                                              .fini = nothing};

void lk_test_desk_open(struct lk_test_desk *d, const struct lk_view *view)
{
    const struct lk_segment_shape shape = {.loops = 1,
                                           .workers = 1,
                                           .small_per_loop = LK_TEST_DESK_SMALL,
                                           .large_per_loop = LK_TEST_DESK_LARGE};
    int fd = -1;
    d->counters = calloc(1, sizeof *d->counters);
    LK_ASSERT(d->counters != NULL);
    lk_err err = lk_peers_init(&d->peers, view, d->counters, 2);
    if (err == LK_OK)
        err = lk_intake_init(&d->intake, 0, 1, LK_TEST_DESK_SMALL, LK_TEST_DESK_LARGE);
    if (err == LK_OK) err = lk_segment_make(&shape, &fd);
    if (err == LK_OK) err = lk_segment_map(&shape, 1, fd, &d->segment);
    LK_ASSERT(err == LK_OK);
    close(fd);
    d->peers.intake = &d->intake;
}

void lk_test_desk_epoch(struct lk_test_desk *d)
{
    lk_intake_epoch(&d->intake, &d->peers, NULL);
    memset(d->segment.base, 0, d->segment.bytes);
    lk_intake_epoch(&d->intake, &d->peers, &d->segment);
    lk_ring_init(&d->from_loop, lk_segment_ring_to_worker(&d->segment, 0, 0), LK_RING_CELLS);
    lk_ring_init(&d->to_loop, lk_segment_ring_to_loop(&d->segment, 0, 0), LK_RING_CELLS);
}

void lk_test_desk_begin(struct lk_test_desk *d)
{
    static const struct lk_address address = {.peer.in = {.sin_family = AF_INET}};
    d->peers.now_ns = START_NS;
    d->peers.now_unix_s = NOW_S;
    lk_test_desk_epoch(d);
    d->conn = lk_conn_take(&d->peers, &transport, &address);
    LK_ASSERT(d->conn != NULL && lk_conn_proved(d->conn, "uri:lurk://edge/1"));
    d->out_bytes = d->answers = 0;
}

void lk_test_desk_end(struct lk_test_desk *d)
{
    if (d->conn->state != LK_CONN_GONE) lk_conn_drop(d->conn);
    lk_peers_flush(&d->peers);
    d->peers.touched_count = 0;
    lk_conn_release(d->conn);
    d->peers.gone_count = 0;
    lk_intake_epoch(&d->intake, &d->peers, NULL);
    LK_ASSERT(d->peers.parts.used == 0 && d->peers.outs.used == 0 && d->peers.conn_count == 0);
}
