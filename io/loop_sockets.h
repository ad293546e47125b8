/* loop_sockets: the socket operations of a loop: what is asked of its io_uring and what becomes of
 * the completions. Owner: the loop's thread, within a turn. */
#ifndef LK_IO_LOOP_SOCKETS_H
#define LK_IO_LOOP_SOCKETS_H

#include <liburing.h>
#include <pthread.h>
#include <semaphore.h>

#include "io/conn.h"
#include "io/intake.h"
#include "io/loop.h"
#include "io/transport.h"

struct lk_loop {
    struct lk_loop_conf conf;
    struct io_uring uring;
    struct lk_buf_ring stream_bufs, datagram_bufs;
    struct msghdr datagram_shape; /* room for the address and control data of a received one */
    struct lk_peers peers;
    struct lk_intake intake;
    const struct lk_transport *transport[LK_LISTEN_MAX];
    bool listening[LK_LISTEN_MAX]; /* the multishot operation is armed */
    uint64_t next_tick_ns;
    uint32_t judge_next;
    bool judging;
    bool stop;

    pthread_t thread;
    sem_t order_taken;
    int order_fd;
    struct lk_loop_order order;
    atomic_bool order_full;
    lk_err started_err;
    _Atomic uint32_t conns, stuck;
    _Atomic uint64_t broken_epoch;
};

lk_err lk_loop_open_buffers(struct lk_loop *loop);
void lk_loop_close_buffers(struct lk_loop *loop);
/* Starts the transports and arms every listener and both eventfds. */
lk_err lk_loop_listen(struct lk_loop *loop);
/* Arms listeners whose operation ended, for want of descriptors for instance. */
void lk_loop_listen_again(struct lk_loop *loop);
void lk_loop_stop_listening(struct lk_loop *loop);

/* Every completion there is. */
void lk_loop_reap(struct lk_loop *loop);
/* What the turn wants sent becomes submissions; conns that are gone are released. */
void lk_loop_send(struct lk_loop *loop);
/* After the ring is gone. */
void lk_loop_close_conns(struct lk_loop *loop);

#endif
