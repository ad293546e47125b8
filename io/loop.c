/* The turn, the thread and its orders. Socket operations are in loop_sockets.c. */
#include "io/loop.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "io/bell.h"
#include "io/loop_sockets.h"
#include "io/uring.h"

#define TICK_NS (50 * LK_NS_PER_MS)
#define IDLE_NS (500 * LK_NS_PER_MS) /* nobody connected; the heartbeat still beats */
#define SPIN_NS (20 * LK_NS_PER_US)
#define JUDGE_PER_TURN 32 /* certificate checks of a reload, some 100 us each */

/* --- orders --------------------------------------------------------------------------------- */

static void drain_idle(struct lk_peers *peers)
{
    for (uint32_t i = 0; i < peers->conn_max; i++) {
        struct lk_conn *conn = &peers->conn[i];
        if (conn->state == LK_CONN_HANDSHAKE) lk_conn_drop(conn);
        if (conn->state == LK_CONN_OPEN && conn->in_flight == 0) lk_conn_close(conn);
    }
}

static void order_view(struct lk_loop *loop, const struct lk_loop_order *order)
{
    loop->peers.view = order->view;
    /* A row is another edge's now. */
    lk_skew_clear(loop->conf.counters->edge_skew, order->view->conf->edge_count);
    loop->judge_next = 0;
    loop->judging = true;
}

static void order_epoch(struct lk_loop *loop, const struct lk_loop_order *order)
{
    lk_intake_epoch(&loop->intake, &loop->peers, order->segment);
    atomic_store_explicit(&loop->broken_epoch, 0, memory_order_relaxed);
}

static void order_drain(struct lk_loop *loop, const struct lk_loop_order *order)
{
    (void)order;
    loop->peers.draining = true;
    lk_loop_stop_listening(loop);
    drain_idle(&loop->peers);
}

static void order_stop(struct lk_loop *loop, const struct lk_loop_order *order)
{
    (void)order;
    loop->stop = true;
}

static void (*const orders[])(struct lk_loop *, const struct lk_loop_order *) = {
    [LK_ORDER_VIEW] = order_view,
    [LK_ORDER_EPOCH] = order_epoch,
    [LK_ORDER_DRAIN] = order_drain,
    [LK_ORDER_STOP] = order_stop,
};

/* The mailbox is full from the control thread's release until ours; in between it is ours. */
static void take_order(struct lk_loop *loop)
{
    if (!atomic_load_explicit(&loop->order_full, memory_order_acquire)) return;
    orders[loop->order.kind](loop, &loop->order);
    atomic_store_explicit(&loop->order_full, false, memory_order_release);
    sem_post(&loop->order_taken);
}

void lk_loop_order(struct lk_loop *loop, const struct lk_loop_order *order)
{
    loop->order = *order;
    atomic_store_explicit(&loop->order_full, true, memory_order_release);
    eventfd_write(loop->order_fd, 1);
    while (sem_wait(&loop->order_taken) != 0)
        LK_ASSERT(errno == EINTR);
}

/* --- the turn ------------------------------------------------------------------------------- */

static void sweep(struct lk_loop *loop)
{
    for (uint32_t row = 0; row < loop->conf.listener_count; row++)
        if (loop->transport[row]->sweep != NULL) loop->transport[row]->sweep(&loop->peers);
}

/* What is shown in gauges need not be newer than a tick. */
static void show(const struct lk_loop *loop)
{
    struct lk_counters *counters = loop->conf.counters;
    lk_count_set(&counters->slots_used, loop->intake.in_flight + loop->intake.lost);
    lk_count_set(&counters->outs_used, loop->peers.outs.used);
    lk_count_set(&counters->parts_used, loop->peers.parts.used);
    struct timespec cpu;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    lk_count_set(&counters->cpu_ns,
                 (uint64_t)cpu.tv_sec * LK_NS_PER_S + (uint64_t)cpu.tv_nsec);
}

static void tick(struct lk_loop *loop)
{
    if (loop->peers.now_ns < loop->next_tick_ns) return;
    loop->next_tick_ns = loop->peers.now_ns + TICK_NS;
    lk_intake_expire(&loop->intake, &loop->peers);
    lk_peers_expire(&loop->peers);
    sweep(loop);
    lk_loop_listen_again(loop);
    if (loop->peers.draining) drain_idle(&loop->peers);
    show(loop);
}

static void tell_control(struct lk_loop *loop)
{
    atomic_store_explicit(&loop->conns, loop->peers.conn_count, memory_order_relaxed);
    atomic_store_explicit(&loop->stuck, loop->intake.stuck, memory_order_relaxed);
    if (loop->intake.broken && loop->intake.segment != NULL)
        atomic_store_explicit(&loop->broken_epoch, loop->intake.segment->epoch,
                              memory_order_relaxed);
}

static void lk_loop_turn(struct lk_loop *loop)
{
    loop->peers.now_ns = lk_clock_now_ns();
    loop->peers.now_unix_s = lk_clock_unix_s();
    lk_count_set(&loop->conf.counters->heartbeat_ns, loop->peers.now_ns);
    lk_count(loop->conf.counters, LK_C_TURNS, 1);
    take_order(loop);
    lk_loop_reap(loop);
    lk_intake_collect(&loop->intake, &loop->peers);
    tick(loop);
    if (loop->judging)
        loop->judging = lk_peers_judge(&loop->peers, &loop->judge_next, JUDGE_PER_TURN);
    lk_peers_flush(&loop->peers);
    lk_intake_ring(&loop->intake);
    lk_loop_send(loop);
    tell_control(loop);
}

/* --- between turns -------------------------------------------------------------------------- */

static bool has_work(const struct lk_loop *loop)
{
    return loop->judging || lk_intake_has_results(&loop->intake);
}

/* With DEFER_TASKRUN nothing shows up in the completion queue unless it is asked for. */
static bool spin(struct lk_loop *loop)
{
    uint64_t until = lk_clock_now_ns() + SPIN_NS;
    io_uring_submit_and_get_events(&loop->uring);
    do {
        if (io_uring_cq_ready(&loop->uring) > 0 || has_work(loop)) return true;
        io_uring_get_events(&loop->uring);
    } while (lk_clock_now_ns() < until);
    return false;
}

static void sleep_until_rung(struct lk_loop *loop)
{
    bool busy = loop->peers.conn_count > 0 || loop->intake.in_flight > 0;
    struct __kernel_timespec patience = {.tv_nsec = busy ? (long)TICK_NS : (long)IDLE_NS};
    struct io_uring_cqe *cqe = NULL;
    io_uring_submit_and_wait_timeout(&loop->uring, &cqe, 1, &patience, NULL);
}

static void rest(struct lk_loop *loop)
{
    if (has_work(loop)) {
        io_uring_submit_and_get_events(&loop->uring);
        return;
    }
    if (loop->conf.spin && spin(loop)) return;
    const struct lk_segment *segment = loop->intake.segment;
    if (segment == NULL) {
        sleep_until_rung(loop);
        return;
    }
    struct lk_bell_word *bell = &segment->loop_bell[loop->conf.index];
    lk_bell_doze(bell);
    if (has_work(loop))
        io_uring_submit_and_get_events(&loop->uring);
    else
        sleep_until_rung(loop);
    lk_bell_awake(bell);
}

/* --- the thread ----------------------------------------------------------------------------- */

static lk_err open_ring(struct lk_loop *loop)
{
    LK_TRY(lk_uring_open(&loop->uring));
    lk_err err = lk_loop_open_buffers(loop);
    if (err == LK_OK) err = lk_uring_seal(&loop->uring);
    if (err != LK_OK) {
        io_uring_queue_exit(&loop->uring);
        lk_loop_close_buffers(loop);
    }
    return err;
}

/* Memory is touched first by the thread that uses it, so that it lies on its node. */
static lk_err prepare(struct lk_loop *loop)
{
    const struct lk_conf *conf = loop->conf.view->conf;
    LK_TRY(lk_peers_init(&loop->peers, loop->conf.view, loop->conf.counters, conf->conns_per_loop));
    loop->peers.intake = &loop->intake;
    lk_skew_clear(loop->conf.counters->edge_skew, conf->edge_count);
    loop->peers.now_ns = lk_clock_now_ns();
    lk_err err = lk_intake_init(&loop->intake, loop->conf.index, loop->conf.workers,
                                conf->slots_small_per_loop, conf->slots_large_per_loop);
    if (err != LK_OK) goto no_intake;
    if ((err = open_ring(loop)) != LK_OK) goto no_ring;
    if ((err = lk_loop_listen(loop)) != LK_OK) goto no_listen;
    return LK_OK;
no_listen:
    io_uring_queue_exit(&loop->uring);
    lk_loop_close_buffers(loop);
no_ring:
    lk_intake_fini(&loop->intake);
no_intake:
    lk_peers_fini(&loop->peers);
    return err;
}

/* The ring goes first: the kernel lets go of every buffer and socket. */
static void clean_up(struct lk_loop *loop)
{
    io_uring_queue_exit(&loop->uring);
    lk_loop_close_conns(loop);
    lk_loop_close_buffers(loop);
    lk_intake_fini(&loop->intake);
    lk_peers_fini(&loop->peers);
}

static void *run(void *argument)
{
    struct lk_loop *loop = argument;
    loop->started_err = prepare(loop);
    lk_err err = loop->started_err;
    sem_post(&loop->order_taken);
    if (err != LK_OK) return NULL;
    while (!loop->stop) {
        lk_loop_turn(loop);
        if (!loop->stop) rest(loop);
    }
    clean_up(loop);
    OPENSSL_thread_stop();
    return NULL;
}

static lk_err start_thread(struct lk_loop *loop)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (loop->conf.cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)loop->conf.cpu, &set);
        pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
    }
    int r = pthread_create(&loop->thread, &attributes, run, loop);
    pthread_attr_destroy(&attributes);
    if (r != 0) return -r;
    char name[16];
    snprintf(name, sizeof name, "loop %u", loop->conf.index & 0xff);
    pthread_setname_np(loop->thread, name);
    while (sem_wait(&loop->order_taken) != 0)
        LK_ASSERT(errno == EINTR);
    if (loop->started_err != LK_OK) pthread_join(loop->thread, NULL);
    return loop->started_err;
}

lk_err lk_loop_start(const struct lk_loop_conf *conf, struct lk_loop **out)
{
    struct lk_loop *loop = calloc(1, sizeof *loop);
    LK_REQUIRE(loop != NULL, LK_ERR_MEMORY);
    loop->conf = *conf;
    loop->order_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lk_err err = loop->order_fd < 0 ? -errno : LK_OK;
    sem_init(&loop->order_taken, 0, 0);
    if (err == LK_OK) err = start_thread(loop);
    if (err != LK_OK) {
        if (loop->order_fd >= 0) close(loop->order_fd);
        sem_destroy(&loop->order_taken);
        free(loop);
        return err;
    }
    *out = loop;
    return LK_OK;
}

uint32_t lk_loop_conns(const struct lk_loop *loop)
{
    return atomic_load_explicit(&loop->conns, memory_order_relaxed);
}

uint64_t lk_loop_broken_epoch(const struct lk_loop *loop)
{
    return atomic_load_explicit(&loop->broken_epoch, memory_order_relaxed);
}

uint32_t lk_loop_slots_stuck(const struct lk_loop *loop)
{
    return atomic_load_explicit(&loop->stuck, memory_order_relaxed);
}

void lk_loop_join(struct lk_loop *loop)
{
    pthread_join(loop->thread, NULL);
    close(loop->order_fd);
    sem_destroy(&loop->order_taken);
    free(loop);
}
