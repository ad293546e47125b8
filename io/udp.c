/* udp: one message a datagram without protection, for measurements and tests in a test build, on
 * loopback. A peer is an address; its answers are at most three times as long as what it asked. */
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/wire/lurk.h"
#include "crypto/ct.h"
#include "io/burst.h"
#include "io/datagram.h"
#include "io/intake.h"
#include "io/paths.h"
#include "io/transport.h"

#define GROWTH_MAX 3

struct lk_udp {
    struct lk_paths paths;
    struct lk_burst *burst; /* [conn_max] */
};

static void udp_stop(struct lk_peers *peers)
{
    struct lk_udp *u = peers->udp;
    if (u == NULL) return;
    lk_paths_fini(&u->paths);
    free(u->burst);
    free(u);
    peers->udp = NULL;
}

static lk_err open_parts(struct lk_udp *u, uint32_t conn_max)
{
    const struct lk_siphash_key key = {0}; /* peers of a test choose no collisions */
    u->burst = calloc(conn_max, sizeof *u->burst);
    LK_REQUIRE(u->burst != NULL, LK_ERR_MEMORY);
    return lk_paths_init(&u->paths, conn_max, &key);
}

static lk_err udp_start(struct lk_peers *peers)
{
    struct lk_udp *u = calloc(1, sizeof *u);
    LK_REQUIRE(u != NULL, LK_ERR_MEMORY);
    peers->udp = u;
    lk_err err = open_parts(u, peers->conn_max);
    if (err != LK_OK) udp_stop(peers);
    return err;
}

static void schedule_idle(struct lk_conn *conn)
{
    lk_conn_due(conn, conn->heard_ns + conn->peers->view->conf->idle_s * LK_NS_PER_S);
}

static struct lk_conn *meet(struct lk_peers *peers, int fd, const struct lk_address *from)
{
    struct lk_udp *u = peers->udp;
    uint32_t index = lk_paths_find(&u->paths, fd, from);
    if (index != LK_PATH_NONE) return &peers->conn[index];
    struct lk_conn *conn = lk_conn_take(peers, &lk_transport_udp, from);
    if (conn == NULL) return NULL;
    conn->fd = fd;
    uint32_t path_bytes = peers->view->conf->dtls_mtu;
    conn->answer_bytes_max =
        path_bytes < LK_DATAGRAM_BYTES_MAX ? path_bytes : LK_DATAGRAM_BYTES_MAX;
    u->burst[conn->index] = (struct lk_burst){.peers = peers, .to = &conn->address, .fd = fd};
    lk_paths_add(&u->paths, conn->index, fd, from);
    if (!lk_conn_proved(conn, LK_PLAIN_IDENTITY)) {
        lk_conn_drop(conn);
        return NULL;
    }
    schedule_idle(conn);
    return conn;
}

static void udp_heard(struct lk_peers *peers, int fd, const struct lk_address *from,
                      struct lk_bytes bytes)
{
    struct lk_conn *conn = meet(peers, fd, from);
    if (conn == NULL || conn->state != LK_CONN_OPEN) return;
    conn->heard_ns = peers->now_ns;
    lk_intake_message(conn, bytes, bytes.len);
}

/* The tag of an answer is the length of its request. */
static void udp_answer(struct lk_conn *conn, const struct lk_answer *answer)
{
    uint8_t message[LK_DATAGRAM_BYTES_MAX];
    struct lk_writer w = lk_writer_of(message, sizeof message);
    if (answer->header.length > GROWTH_MAX * answer->tag) {
        struct lk_bytes state = lk_edge_state(conn->edge, LK_EXTENSION_LURK,
                                              conn->answer_bytes_max);
        lk_lurk_error_write(&w, &answer->header, false, LK_LURK_INVALID_TYPE, state.data);
    } else {
        lk_header_write(&w, &answer->header);
        lk_writer_put(&w, answer->payload.data, answer->payload.len);
    }
    LK_ASSERT(!w.bad);
    if (lk_burst_add(&conn->peers->udp->burst[conn->index], lk_bytes_of(message, w.len)))
        lk_conn_touch(conn);
    lk_wipe(message, w.len);
}

static void udp_flush(struct lk_conn *conn)
{
    lk_burst_send(&conn->peers->udp->burst[conn->index]);
}

static void udp_due(struct lk_conn *conn)
{
    uint64_t idle_ns = conn->peers->view->conf->idle_s * LK_NS_PER_S;
    if (conn->state != LK_CONN_OPEN)
        lk_conn_drop(conn);
    else if (conn->peers->now_ns - conn->heard_ns >= idle_ns)
        lk_conn_close(conn);
    else
        schedule_idle(conn);
}

static void udp_bye(struct lk_conn *conn)
{
    (void)conn;
}

static void udp_fini(struct lk_conn *conn)
{
    lk_burst_forget(&conn->peers->udp->burst[conn->index]);
    lk_paths_remove(&conn->peers->udp->paths, conn->index);
}

const struct lk_transport lk_transport_udp = {
    .name = "udp",
    .id = LK_TRANSPORT_UDP,
    .datagrams = true,
    .start = udp_start,
    .stop = udp_stop,
    .heard = udp_heard,
    .answer = udp_answer,
    .flush = udp_flush,
    .due = udp_due,
    .bye = udp_bye,
    .fini = udp_fini,
};
