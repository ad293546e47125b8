/* stats: what a thread of the load counted. Correctness (wrong, double, unknown, lost) is counted
 * from the first request to the last, rates and latencies only for the measured time. Owner a load;
 * added up by main when the threads have ended. */
#ifndef LK_TOOLS_BENCH_STATS_H
#define LK_TOOLS_BENCH_STATS_H

#include "tools/lurk-bench/exchange.h"
#include "tools/lurk-bench/hist.h"

#define LK_BENCH_STATUSES 16

/* X(id, name in JSON, what it means) */
#define LK_BENCH_COUNT_ROWS(X)                                                                     \
    X(SENT, "sent", "requests sent, repeats apart")                                                \
    X(ANSWERED, "answered", "good answers")                                                        \
    X(REFUSED, "refused", "answers with a fault status")                                           \
    X(VERIFIED, "verified", "answers checked by their arithmetic")                                 \
    X(WRONG, "wrong", "answers that are not right")                                                \
    X(DOUBLE, "double", "second answers to one request")                                           \
    X(UNKNOWN, "unknown", "answers to what was never asked")                                       \
    X(LOST, "lost", "requests without an answer at their deadline, on a live connection")          \
    X(LATE, "late", "answers after the deadline")                                                  \
    X(ENDED, "ended", "requests whose connection ended first")                                     \
    X(REPEATS, "repeats", "datagram requests sent again")                                          \
    X(REPEAT_ANSWERS, "repeat_answers", "second answers to requests sent again")                   \
    X(UNSENT, "unsent", "requests due that found no room before the end")                          \
    X(CONNECTED, "connected", "connections that came to be")                                       \
    X(CONNECT_FAILED, "connect_failed", "connections that did not")                                \
    X(HANDSHAKE_FAILED, "handshake_failed", "handshakes that failed")                              \
    X(CLOSED, "closed", "connections the server ended")                                            \
    X(SILENT, "silent", "associations given up since nothing came")                                \
    X(BROKEN, "broken", "connections left since the server broke the protocol")

enum lk_bench_count {
#define LK_BENCH_COUNT_ID(id, name, meaning) LK_BENCH_C_##id,
    LK_BENCH_COUNT_ROWS(LK_BENCH_COUNT_ID)
#undef LK_BENCH_COUNT_ID
        LK_BENCH_COUNT_COUNT
};

/* One exchange during the measured time. */
struct lk_bench_tally {
    uint64_t answered;                        /* good answers that came */
    uint64_t refused_lurk[LK_BENCH_STATUSES]; /* by status of the message layer */
    uint64_t refused_own[LK_BENCH_STATUSES];  /* by status of the extension */
    struct lk_bench_hist latency;             /* of good answers, by intended time */
};

struct lk_bench_stats {
    uint64_t count[LK_BENCH_COUNT_COUNT];
    struct lk_bench_tally tally[LK_BENCH_EXCHANGE_COUNT];
};

void lk_bench_stats_merge(struct lk_bench_stats *into, const struct lk_bench_stats *from);

#endif
