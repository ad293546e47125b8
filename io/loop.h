/* loop: one io_uring, one thread, its own sockets, peers and slots. A turn reads the clock, reaps
 * completions in one batch, hands them to transports, collects results from the vault, and submits.
 *
 * Owner   its thread. The control thread talks to it by orders only (lk_loop_order): a single-slot
 *         mailbox and an eventfd; an order is taken at the start of a turn.
 * Memory  allocated by lk_loop_start; a turn allocates nothing but what OpenSSL does in
 *         handshakes. */
#ifndef LK_IO_LOOP_H
#define LK_IO_LOOP_H

#include "core/watch/metrics.h"
#include "io/segment.h"
#include "io/view.h"

struct lk_loop;

struct lk_loop_listener {
    int fd;
    uint32_t transport; /* enum lk_transport_id */
};

struct lk_loop_conf {
    uint32_t index;
    int cpu;     /* -1: not pinned */
    bool spin;   /* its own CPU, and its workers have others */
    int bell_fd; /* eventfd the workers ring; the same one in every epoch */
    uint32_t workers;
    struct lk_loop_listener listener[LK_LISTEN_MAX];
    uint32_t listener_count;
    const struct lk_view *view; /* the first one */
    struct lk_counters *counters;
};

/* Makes buffers and thread. The ring is made by the thread itself, restricted to the opcodes it
 * uses. Errors: -EPERM, -ENOSYS: the host refuses io_uring (the caller names where to look). */
LK_MUST_USE lk_err lk_loop_start(const struct lk_loop_conf *conf, struct lk_loop **out);

enum lk_loop_order_kind {
    LK_ORDER_VIEW, /* view: judge live peers again, use it from now on */
    LK_ORDER_EPOCH, /* segment: answer all requests of the old epoch temporary_failure, go over */
    LK_ORDER_DRAIN, /* no new peers; close each peer once it has its answers */
    LK_ORDER_STOP
};
struct lk_loop_order {
    enum lk_loop_order_kind kind;
    const struct lk_view *view;
    const struct lk_segment *segment;
};
/* Control thread. Returns when the loop has taken the order (at its next turn, which it wakes for);
 * for DRAIN when it has begun. */
void lk_loop_order(struct lk_loop *loop, const struct lk_loop_order *order);
/* Peers still connected: DRAIN is done when 0. Any thread. */
uint32_t lk_loop_conns(const struct lk_loop *loop);
/* The epoch in which the vault wrote what it never may, 0: none. The loop uses that segment no
 * more; the supervisor makes a fresh one. Any thread. */
uint64_t lk_loop_broken_epoch(const struct lk_loop *loop);
/* Slots given up at their deadline that have not come home for two seconds. Any thread. */
uint32_t lk_loop_slots_stuck(const struct lk_loop *loop);
void lk_loop_join(struct lk_loop *loop); /* after STOP */

#endif
