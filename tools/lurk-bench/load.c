#include "tools/lurk-bench/load.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

#define OPENING_MAX 64 /* handshakes at a time: a server takes each in turn anyway */
#define HANDSHAKE_NS (10 * LK_NS_PER_S)
#define TICK_NS (5 * LK_NS_PER_MS)
#define RETRY_NS (50 * LK_NS_PER_MS)
#define RETRY_NS_MAX LK_NS_PER_S
#define REPEAT_NS_MIN (50 * LK_NS_PER_MS) /* lurk.md 4 */
#define ISSUES_PER_TURN 4096
#define EVENTS 256

static uint64_t *count(struct lk_bench_load *load, enum lk_bench_count id)
{
    return &load->stats.count[id];
}

/* --- connections ------------------------------------------------------------------------------ */

static const enum lk_bench_count end_counts[] = {
    [LK_BENCH_END_CONNECT] = LK_BENCH_C_CONNECT_FAILED,
    [LK_BENCH_END_HANDSHAKE] = LK_BENCH_C_HANDSHAKE_FAILED,
    [LK_BENCH_END_CLOSED] = LK_BENCH_C_CLOSED,
    [LK_BENCH_END_SILENT] = LK_BENCH_C_SILENT,
    [LK_BENCH_END_BROKEN] = LK_BENCH_C_BROKEN,
};

static bool opening(const struct lk_bench_conn *conn)
{
    return conn->state == LK_BENCH_CONN_CONNECTING || conn->state == LK_BENCH_CONN_SHAKING;
}

/* The connection is over: what was outstanding on it ended with it. */
static void conn_end(struct lk_bench_load *load, struct lk_bench_conn *conn, enum lk_bench_end end,
                     uint64_t now_ns)
{
    if (opening(conn)) load->opening--;
    (*count(load, end_counts[end]))++;
    *count(load, LK_BENCH_C_ENDED) += lk_bench_flight_reset(&conn->flight,
                                                            lk_bench_draw_u64(&load->draw));
    lk_bench_conn_shut(conn, false);
    if (!load->reconnect) {
        conn->state = LK_BENCH_CONN_FAILED;
        return;
    }
    uint64_t wait = conn->retry_wait_ns ? conn->retry_wait_ns : RETRY_NS;
    conn->retry_ns = now_ns + wait;
    conn->retry_wait_ns = wait * 2 < RETRY_NS_MAX ? wait * 2 : RETRY_NS_MAX;
}

static void opened(struct lk_bench_load *load, struct lk_bench_conn *conn)
{
    load->opening--;
    conn->retry_wait_ns = 0;
    conn->srtt_ns = 0;
    (*count(load, LK_BENCH_C_CONNECTED))++;
    atomic_fetch_add(&load->control->connected, 1);
}

static void conn_try(struct lk_bench_load *load, struct lk_bench_conn *conn, uint64_t now_ns)
{
    load->opening++;
    enum lk_bench_end end = lk_bench_conn_open(conn, now_ns);
    if (end != LK_BENCH_END_NONE)
        conn_end(load, conn, end, now_ns);
    else if (conn->state == LK_BENCH_CONN_OPEN)
        opened(load, conn);
}

/* Opens what is down, a few at a time; says when nothing is left to open for the first time. */
static void conns_open(struct lk_bench_load *load, uint64_t now_ns)
{
    bool settled = true;
    for (uint32_t i = 0; i < load->conn_count && load->opening < OPENING_MAX; i++) {
        struct lk_bench_conn *conn = &load->conn[i];
        if (conn->state == LK_BENCH_CONN_DOWN && conn->retry_ns <= now_ns)
            conn_try(load, conn, now_ns);
    }
    for (uint32_t i = 0; i < load->conn_count; i++)
        settled &= load->conn[i].state >= LK_BENCH_CONN_OPEN;
    if (!settled || load->ready) return;
    load->ready = true;
    atomic_fetch_add(&load->control->ready, 1);
}

/* --- requests --------------------------------------------------------------------------------- */

static void flush_later(struct lk_bench_load *load, struct lk_bench_conn *conn)
{
    if (conn->queued) return;
    conn->queued = true;
    load->queued[load->queued_count++] = conn;
}

static void flush_all(struct lk_bench_load *load, uint64_t now_ns)
{
    for (uint32_t i = 0; i < load->queued_count; i++) {
        struct lk_bench_conn *conn = load->queued[i];
        conn->queued = false;
        if (conn->state != LK_BENCH_CONN_OPEN) continue;
        enum lk_bench_end end = lk_bench_conn_flush(conn);
        if (end != LK_BENCH_END_NONE) conn_end(load, conn, end, now_ns);
    }
    load->queued_count = 0;
}

static uint64_t repeat_wait(const struct lk_bench_conn *conn)
{
    uint64_t wait = 3 * conn->srtt_ns;
    return wait > REPEAT_NS_MIN ? wait : REPEAT_NS_MIN;
}

static bool verify_drawn(struct lk_bench_load *load)
{
    uint32_t ppm = load->options->verify_ppm;
    return ppm >= 1000000 || (ppm > 0 && lk_bench_draw_below(&load->draw, 1000000) < ppm);
}

/* One request on a connection that has room. False when it could not be queued. */
static bool issue(struct lk_bench_load *load, struct lk_bench_conn *conn, uint64_t intended_ns,
                  uint64_t now_ns)
{
    uint64_t id;
    struct lk_bench_choice choice = lk_bench_plan_draw(load->plan, &load->draw);
    struct lk_bench_request *request = lk_bench_flight_take(&conn->flight, &id);
    request->from = choice.from;
    request->exchange = choice.exchange;
    request->intended_ns = intended_ns;
    request->sent_ns = now_ns;
    request->verify = verify_drawn(load);
    request->repeat_wait_ns = repeat_wait(conn);
    request->repeat_ns = now_ns + request->repeat_wait_ns;
    bool made = lk_bench_template_fresh(&lk_bench_exchanges[choice.exchange], choice.from, id,
                                        load->now_s, &load->draw, request->bytes);
    LK_ASSERT(made);
    enum lk_bench_end end = lk_bench_conn_put(conn,
                                              lk_bytes_of(request->bytes, choice.from->bytes));
    if (end != LK_BENCH_END_NONE) {
        conn_end(load, conn, end, now_ns);
        return false;
    }
    (*count(load, LK_BENCH_C_SENT))++;
    flush_later(load, conn);
    return true;
}

/* Closed loop: as many as have room. */
static void refill(struct lk_bench_load *load, struct lk_bench_conn *conn, uint64_t now_ns)
{
    if (load->start_ns == 0 || now_ns >= load->stop_ns || load->rate > 0 ||
        load->plan->row_count == 0)
        return;
    while (conn->state == LK_BENCH_CONN_OPEN && conn->flight.vacant_count > 0)
        if (!issue(load, conn, now_ns, now_ns)) return;
}

/* The next connection in turn that has room, or NULL. */
static struct lk_bench_conn *conn_with_room(struct lk_bench_load *load)
{
    for (uint32_t i = 0; i < load->conn_count; i++) {
        struct lk_bench_conn *conn = &load->conn[load->next_conn];
        if (++load->next_conn == load->conn_count) load->next_conn = 0;
        if (conn->state == LK_BENCH_CONN_OPEN && conn->flight.vacant_count > 0) return conn;
    }
    return NULL;
}

/* Open loop: all that are due and find room; the rest stays due. */
static void issue_due(struct lk_bench_load *load, uint64_t now_ns)
{
    if (load->rate <= 0 || load->start_ns == 0) return;
    uint64_t until = now_ns < load->stop_ns ? now_ns : load->stop_ns - 1;
    for (unsigned i = 0; i < ISSUES_PER_TURN && load->due_ns <= (double)until; i++) {
        struct lk_bench_conn *conn = conn_with_room(load);
        if (!conn || !issue(load, conn, (uint64_t)load->due_ns, now_ns)) return;
        load->due_ns += (double)LK_NS_PER_S / load->rate;
    }
}

/* --- deadlines -------------------------------------------------------------------------------- */

static enum lk_bench_end request_repeat(struct lk_bench_load *load, struct lk_bench_conn *conn,
                                        struct lk_bench_request *request, uint64_t now_ns)
{
    request->repeated = true;
    request->repeat_wait_ns *= 2;
    request->repeat_ns = now_ns + request->repeat_wait_ns;
    (*count(load, LK_BENCH_C_REPEATS))++;
    flush_later(load, conn);
    return lk_bench_conn_put(conn, lk_bytes_of(request->bytes, request->from->bytes));
}

static enum lk_bench_end requests_tick(struct lk_bench_load *load, struct lk_bench_conn *conn,
                                       uint64_t now_ns)
{
    uint64_t deadline = (uint64_t)(load->options->deadline_s * 1e9);
    bool datagram = load->env.transport->datagram;
    for (uint32_t i = 0; i < conn->flight.slots && lk_bench_flight_outstanding(&conn->flight) > 0;
         i++) {
        struct lk_bench_request *request = &conn->flight.request[i];
        if (request->number == 0) continue;
        if (now_ns >= request->sent_ns + deadline) {
            uint64_t last_sent_ns = request->repeat_ns - request->repeat_wait_ns;
            if (datagram && conn->heard_ns < last_sent_ns) return LK_BENCH_END_SILENT;
            (*count(load, LK_BENCH_C_LOST))++;
            lk_bench_flight_release(&conn->flight, request, true);
        } else if (datagram && now_ns >= request->repeat_ns) {
            enum lk_bench_end end = request_repeat(load, conn, request, now_ns);
            if (end != LK_BENCH_END_NONE) return end;
        }
    }
    return LK_BENCH_END_NONE;
}

static void conn_tick(struct lk_bench_load *load, struct lk_bench_conn *conn, uint64_t now_ns)
{
    enum lk_bench_end end = LK_BENCH_END_NONE;
    if (opening(conn)) {
        end = now_ns >= conn->since_ns + HANDSHAKE_NS ? LK_BENCH_END_HANDSHAKE
                                                      : lk_bench_conn_tick(conn);
    } else if (conn->state == LK_BENCH_CONN_OPEN) {
        end = requests_tick(load, conn, now_ns);
        if (end == LK_BENCH_END_NONE) refill(load, conn, now_ns);
    }
    if (end != LK_BENCH_END_NONE) conn_end(load, conn, end, now_ns);
}

static void tick(struct lk_bench_load *load, uint64_t now_ns)
{
    if (now_ns < load->tick_ns) return;
    load->tick_ns = now_ns + TICK_NS;
    load->now_s = (uint32_t)lk_clock_unix_s();
    conns_open(load, now_ns);
    for (uint32_t i = 0; i < load->conn_count; i++)
        conn_tick(load, &load->conn[i], now_ns);
}

/* --- turns ------------------------------------------------------------------------------------ */

/* How long this turn may sleep: to the next tick or the next due request, not at all when
 * spinning. */
static struct timespec sleep_for(const struct lk_bench_load *load, uint64_t now_ns)
{
    uint64_t until = load->tick_ns;
    if (load->rate > 0 && load->start_ns != 0 && load->due_ns < (double)until &&
        load->due_ns < (double)load->stop_ns)
        until = (uint64_t)load->due_ns;
    uint64_t ns = until > now_ns && !load->options->spin ? until - now_ns : 0;
    return (struct timespec){.tv_sec = (time_t)(ns / LK_NS_PER_S),
                             .tv_nsec = (long)(ns % LK_NS_PER_S)};
}

static void events_take(struct lk_bench_load *load, uint64_t now_ns)
{
    struct epoll_event event[EVENTS];
    struct timespec sleep = sleep_for(load, now_ns);
    int n = epoll_pwait2(load->env.epoll, event, EVENTS, &sleep, NULL);
    for (int i = 0; i < n; i++) {
        struct lk_bench_conn *conn = event[i].data.ptr;
        if (conn->state == LK_BENCH_CONN_DOWN || conn->state == LK_BENCH_CONN_FAILED) continue;
        bool was_opening = opening(conn);
        now_ns = lk_clock_now_ns();
        enum lk_bench_end end = lk_bench_conn_event(conn, now_ns);
        if (end != LK_BENCH_END_NONE) {
            conn_end(load, conn, end, now_ns);
            continue;
        }
        if (was_opening && conn->state == LK_BENCH_CONN_OPEN) opened(load, conn);
        refill(load, conn, now_ns);
        if (load->rate <= 0) flush_all(load, now_ns);
    }
}

/* Main has said when to start: take the times over, and begin. */
static void start_notice(struct lk_bench_load *load)
{
    uint64_t start = atomic_load_explicit(&load->control->start_ns, memory_order_acquire);
    if (load->start_ns != 0 || start == 0) return;
    load->start_ns = start;
    load->measure_ns = atomic_load(&load->control->measure_ns);
    load->stop_ns = atomic_load(&load->control->stop_ns);
    if (load->rate > 0)
        load->due_ns = (double)start +
                       (double)LK_NS_PER_S / load->rate * load->phase / load->phases;
    load->tick_ns = 0;
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * LK_NS_PER_S + (uint64_t)t.tv_nsec;
}

static void cpu_notice(struct lk_bench_load *load, uint64_t now_ns)
{
    if (load->start_ns == 0) return;
    if (load->cpu_ns_start == 0 && now_ns >= load->measure_ns) load->cpu_ns_start = thread_cpu_ns();
    if (load->cpu_ns == 0 && now_ns >= load->stop_ns)
        load->cpu_ns = thread_cpu_ns() - load->cpu_ns_start;
}

static bool anything_outstanding(const struct lk_bench_load *load)
{
    for (uint32_t i = 0; i < load->conn_count; i++)
        if (lk_bench_flight_outstanding(&load->conn[i].flight) > 0) return true;
    return false;
}

/* Returns when it began. */
static uint64_t load_turn(struct lk_bench_load *load)
{
    uint64_t now_ns = lk_clock_now_ns();
    start_notice(load);
    cpu_notice(load, now_ns);
    if (load->start_ns == 0 || now_ns >= load->start_ns) {
        tick(load, now_ns);
        issue_due(load, now_ns);
    }
    flush_all(load, now_ns);
    events_take(load, now_ns);
    return now_ns;
}

/* An interrupt ends the run now: what was planned for later is not sent. */
static void interrupt_notice(struct lk_bench_load *load)
{
    if (!atomic_load_explicit(&load->control->interrupted, memory_order_relaxed)) return;
    uint64_t now_ns = lk_clock_now_ns();
    if (load->start_ns == 0) load->start_ns = load->measure_ns = now_ns;
    if (load->stop_ns == 0 || load->stop_ns > now_ns) load->stop_ns = now_ns;
}

static void pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        fprintf(stderr, "lurk-bench: --cpus %d: can not be used\n", cpu);
}

void *lk_bench_load_run(void *argument)
{
    struct lk_bench_load *load = argument;
    if (load->cpu >= 0) pin(load->cpu);
    load->now_s = (uint32_t)lk_clock_unix_s();
    for (;;) {
        uint64_t now_ns = load_turn(load);
        interrupt_notice(load);
        bool over = load->start_ns != 0 && now_ns >= load->stop_ns;
        if (over && !anything_outstanding(load)) break;
    }
    cpu_notice(load, load->stop_ns);
    if (load->rate > 0 && load->due_ns < (double)load->stop_ns)
        *count(load, LK_BENCH_C_UNSENT) = (uint64_t)(((double)load->stop_ns - load->due_ns) *
                                                     load->rate / 1e9);
    return load;
}

/* --- memory ----------------------------------------------------------------------------------- */

lk_err lk_bench_load_init(struct lk_bench_load *load, const struct lk_bench_conn_env *shared)
{
    size_t raw = (size_t)LK_BENCH_DATAGRAMS * LK_BENCH_DATAGRAM_BYTES;
    load->env = *shared;
    load->env.load = load;
    load->env.epoll = epoll_create1(EPOLL_CLOEXEC);
    load->env.raw = malloc(raw);
    load->env.plain = malloc(raw);
    load->conn = calloc(load->conn_count + 1, sizeof(*load->conn));
    load->queued = calloc(load->conn_count + 1, sizeof(struct lk_bench_conn *));
    LK_REQUIRE(load->env.epoll >= 0 && load->env.raw && load->env.plain && load->conn &&
                   load->queued,
               LK_ERR_MEMORY);
    for (uint32_t i = 0; i < load->conn_count; i++) {
        load->conn[i].env = &load->env;
        load->conn[i].fd = -1;
        LK_TRY(lk_bench_flight_init(&load->conn[i].flight,
                                    load->plan->row_count ? load->in_flight : 0,
                                    load->plan->request_bytes_max, lk_bench_draw_u64(&load->draw)));
    }
    return LK_OK;
}

void lk_bench_load_fini(struct lk_bench_load *load)
{
    for (uint32_t i = 0; load->conn && i < load->conn_count; i++)
        lk_bench_conn_free(&load->conn[i]);
    free(load->conn);
    free(load->queued);
    free(load->env.raw);
    free(load->env.plain);
    if (load->env.epoll > 0) close(load->env.epoll);
}
