/* load: one thread of the client: its connections, when each request is due, what the answers were.
 *
 * Closed loop: every connection keeps its requests outstanding and a new one follows each answer.
 * Open loop: requests are due at a fixed rate whatever the server does; latency counts from the
 * moment a request was due, so a stall of the server is felt by all that were due meanwhile. An
 * idle load holds connections and asks nothing. Owner main makes and joins it; everything inside
 * belongs to its thread, but `answers`. */
#ifndef LK_TOOLS_BENCH_LOAD_H
#define LK_TOOLS_BENCH_LOAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "tools/lurk-bench/conn.h"
#include "tools/lurk-bench/plan.h"
#include "tools/lurk-bench/stats.h"

/* Shared by main and all threads. Times are of lk_clock_now_ns. */
struct lk_bench_control {
    _Atomic uint64_t start_ns; /* 0: only connect yet */
    _Atomic uint64_t measure_ns, stop_ns;
    _Atomic uint32_t ready;     /* loads whose connections are open or have failed */
    _Atomic uint32_t connected; /* connections that came to be, of all loads */
    _Atomic bool interrupted;
};

struct lk_bench_load {
    struct lk_bench_control *control;
    const struct lk_bench_options *options;
    const struct lk_bench_plan *plan; /* no rows: idle */
    uint32_t conn_count, in_flight;
    double rate;    /* of this load; 0: closed loop */
    uint32_t phase; /* of `phases`: spreads the due times of several loads */
    uint32_t phases;
    bool reconnect;
    int cpu; /* -1: anywhere */
    pthread_t thread;

    struct lk_bench_conn *conn;
    struct lk_bench_conn **queued; /* connections with messages to flush */
    uint32_t queued_count;
    uint32_t next_conn, opening;
    struct lk_bench_conn_env env;
    struct lk_bench_draw draw;
    double due_ns; /* open loop: when the next request is due */
    uint64_t tick_ns;
    uint64_t start_ns, measure_ns, stop_ns; /* copies, once start is known */
    uint32_t now_s;
    bool ready;
    uint64_t cpu_ns_start, cpu_ns; /* CPU time of the thread while measured */
    _Atomic uint64_t answers;      /* good answers so far, for the progress line */
    struct lk_bench_stats stats;
};

/* Does a moment lie in the measured time? */
static inline bool lk_bench_load_measured(const struct lk_bench_load *load, uint64_t ns)
{
    return load->start_ns != 0 && ns >= load->measure_ns && ns < load->stop_ns;
}

/* Takes memory for the load's connections; `shared` gives context, address and transport. */
LK_MUST_USE lk_err lk_bench_load_init(struct lk_bench_load *load,
                                      const struct lk_bench_conn_env *shared);
void lk_bench_load_fini(struct lk_bench_load *load);
/* The thread's function: connects, waits for start, loads, drains. Argument and result: the
 * load. */
void *lk_bench_load_run(void *load);

#endif
