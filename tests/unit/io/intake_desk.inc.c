/* Included by the tests of the intake: messages of one edge without a socket, by a transport that remembers its
 * answers; the other side of the segment is the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/base/slot.h"
#include "io/intake.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

#define NOW_S 1700000000
#define START_NS (1000 * LK_NS_PER_S)

struct desk {
    struct lk_peers peers;
    struct lk_intake intake;
    struct lk_segment segment;
    struct lk_ring from_loop, to_loop; /* the vault's ends */
    struct lk_view *view;
    struct lk_counters *counters;
    struct lk_conn *conn;
    uint8_t out[1 << 20];
    size_t out_len;
    uint64_t tag;
    bool keep;
};
static struct desk *at_desk;

static void remember(struct lk_conn *conn, const struct lk_answer *answer)
{
    (void)conn;
    struct desk *d = at_desk;
    struct lk_writer w = lk_writer_of(d->out + d->out_len, sizeof d->out - d->out_len);
    lk_header_write(&w, &answer->header);
    lk_writer_put(&w, answer->payload.data, answer->payload.len);
    assert_false(w.bad);
    assert_int_equal(w.len, answer->header.length);
    d->out_len += w.len;
    d->tag = answer->tag;
    d->keep = answer->keep;
}

static void nothing(struct lk_conn *conn)
{
    (void)conn;
}

static const struct lk_transport transport = {.name = "test",
                                              .answer = remember,
                                              .flush = nothing,
                                              .due = lk_conn_stream_due,
                                              .bye = nothing,
                                              .fini = nothing};

static void fresh_segment(struct desk *d, uint64_t epoch)
{
    struct lk_segment_shape shape = {.loops = 2,
                                     .workers = 1,
                                     .small_per_loop = d->view->conf->slots_small_per_loop,
                                     .large_per_loop = d->view->conf->slots_large_per_loop};
    int fd;
    assert_int_equal(lk_segment_make(&shape, &fd), LK_OK);
    assert_int_equal(lk_segment_map(&shape, epoch, fd, &d->segment), LK_OK);
    close(fd);
    lk_ring_init(&d->from_loop, lk_segment_ring_to_worker(&d->segment, 1, 0), LK_RING_CELLS);
    lk_ring_init(&d->to_loop, lk_segment_ring_to_loop(&d->segment, 1, 0), LK_RING_CELLS);
}

static void set_up(struct desk *d, const struct lk_test_view_conf *conf)
{
    static const struct lk_address address = {.peer.in = {.sin_family = AF_INET}};
    *d = (struct desk){.view = lk_test_view(conf), .counters = calloc(1, sizeof *d->counters)};
    at_desk = d;
    assert_int_equal(lk_peers_init(&d->peers, d->view, d->counters, 4), LK_OK);
    d->peers.now_ns = START_NS;
    d->peers.now_unix_s = NOW_S;
    assert_int_equal(lk_intake_init(&d->intake, 1, 1, d->view->conf->slots_small_per_loop,
                                    d->view->conf->slots_large_per_loop),
                     LK_OK);
    d->peers.intake = &d->intake;
    fresh_segment(d, 1);
    lk_intake_epoch(&d->intake, &d->peers, &d->segment);
    d->conn = lk_conn_take(&d->peers, &transport, &address);
    assert_true(lk_conn_proved(d->conn, "uri:lurk://edge/1"));
}

static struct desk *open_desk(const struct lk_test_view_conf *conf)
{
    struct desk *d = malloc(sizeof *d);
    set_up(d, conf);
    return d;
}

static void close_desk(struct desk *d)
{
    lk_segment_unmap(&d->segment);
    lk_intake_fini(&d->intake);
    for (uint32_t i = 0; i < d->peers.conn_max; i++)
        lk_conn_drop(&d->peers.conn[i]);
    lk_peers_fini(&d->peers);
    lk_view_free(d->view);
    free(d->counters);
    free(d);
}

static void ask(struct desk *d, const void *bytes, size_t len)
{
    d->out_len = 0;
    lk_intake_stream(d->conn, lk_bytes_of(bytes, len));
}

/* The vault's side. */
static struct lk_slot *next_job(struct desk *d, uint64_t *ref)
{
    uint32_t room, loop;
    assert_int_equal(lk_ring_pop(&d->from_loop, ref, 1), 1);
    struct lk_slot *slot = lk_slot_at(&d->segment.slots, (uint32_t)*ref, &room, &loop);
    LK_ASSERT(slot != NULL);
    assert_int_equal(loop, 1);
    assert_int_equal(slot->generation, *ref >> 32);
    return slot;
}

static void finish(struct desk *d, struct lk_slot *slot, uint64_t ref, const char *master)
{
    memcpy(slot->body, master, LK_MASTER_BYTES);
    slot->verdict = LK_VERDICT_ANSWER;
    slot->status = LK_STATUS_SUCCESS;
    slot->result_bytes = LK_MASTER_BYTES;
    slot->state = LK_SLOT_DONE;
    assert_int_equal(lk_ring_push(&d->to_loop, ref), LK_OK);
}

static size_t rsa_master(uint8_t *to, uint64_t id)
{
    return lk_test_rsa_master(to, id, NOW_S);
}

#define FORTY_EIGHT "0123456789abcdef0123456789abcdef0123456789abcdef"
