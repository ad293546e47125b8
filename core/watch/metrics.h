/* metrics: counters and histograms, one writer each, and the rows that name them for Prometheus.
 *
 * A struct lk_counters belongs to one thread; it lies in memory that the supervisor made (so counts
 * outlive a child) and that readers map read-only. Writes are relaxed; a reader may see a value one
 * event old. Nothing is labelled by tenant, edge or key where it tells timing (T29).
 * Histograms: hist.h. */
#ifndef LK_CORE_WATCH_METRICS_H
#define LK_CORE_WATCH_METRICS_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/limits.h"
#include "core/watch/hist.h"
#include "core/watch/skew.h"
#include "core/wire/registry.h"
#include "crypto/crypto.h"

/* X(id, series, labels or "", type, help): one row per plain counter. */
#define LK_COUNTER_ROWS(X)                                                                         \
    X(CONNS_OPENED, "lurk_connections_opened_total", "", "counter", "Peers that connected")        \
    X(CONNS_CLOSED, "lurk_connections_closed_total", "", "counter", "Peers that went")             \
    X(CONNS_REFUSED, "lurk_connections_refused_total", "", "counter",                              \
      "Newcomers turned away: the table is full")                                                  \
    X(HANDSHAKES_GOOD, "lurk_handshakes_total", "result=\"good\"", "counter",                      \
      "Handshakes by result")                                                                      \
    X(HANDSHAKES_NO_CERT, "lurk_handshakes_total", "result=\"no_certificate\"", "counter", "")     \
    X(HANDSHAKES_BAD_CERT, "lurk_handshakes_total", "result=\"bad_certificate\"", "counter", "")   \
    X(HANDSHAKES_UNKNOWN_EDGE, "lurk_handshakes_total", "result=\"unknown_edge\"", "counter", "")  \
    X(HANDSHAKES_TIMEOUT, "lurk_handshakes_total", "result=\"timeout\"", "counter", "")            \
    X(HANDSHAKES_OTHER, "lurk_handshakes_total", "result=\"other\"", "counter", "")                \
    X(COOKIES_SENT, "lurk_dtls_cookies_sent_total", "", "counter", "HelloVerifyRequests")          \
    X(BYTES_IN, "lurk_bytes_total", "direction=\"in\"", "counter", "Bytes from and to sockets")    \
    X(BYTES_OUT, "lurk_bytes_total", "direction=\"out\"", "counter", "")                           \
    X(RECORDS_OUT, "lurk_records_out_total", "", "counter", "TLS or DTLS records written")         \
    X(DROPPED_SHORT, "lurk_datagrams_dropped_total", "reason=\"short\"", "counter",                \
      "Datagrams dropped")                                                                         \
    X(DROPPED_REPEAT, "lurk_datagrams_dropped_total", "reason=\"repeat_in_work\"", "counter", "")  \
    X(DROPPED_STRANGE, "lurk_datagrams_dropped_total", "reason=\"no_association\"", "counter", "") \
    X(DROPPED_HANDSHAKE, "lurk_datagrams_dropped_total", "reason=\"handshake_budget\"", "counter", \
      "")                                                                                          \
    X(DROPPED_MALFORMED, "lurk_datagrams_dropped_total", "reason=\"malformed\"", "counter", "")    \
    X(CACHE_HITS, "lurk_response_cache_hits_total", "", "counter", "Repeats answered again")       \
    X(REFUSED_PEER_QUOTA, "lurk_refused_total", "reason=\"peer_quota\"", "counter",                \
      "temporary_failure, and rates passed, by reason")                                            \
    X(REFUSED_TENANT_SHARE, "lurk_refused_total", "reason=\"tenant_share\"", "counter", "")        \
    X(REFUSED_PEER_SHARE, "lurk_refused_total", "reason=\"peer_share\"", "counter", "")            \
    X(REFUSED_NO_SLOT, "lurk_refused_total", "reason=\"no_slot\"", "counter", "")                  \
    X(REFUSED_RING, "lurk_refused_total", "reason=\"ring_full\"", "counter", "")                   \
    X(REFUSED_DEADLINE, "lurk_refused_total", "reason=\"deadline\"", "counter", "")                \
    X(REFUSED_EPOCH, "lurk_refused_total", "reason=\"epoch\"", "counter", "")                      \
    X(REFUSED_HANDLE, "lurk_refused_total", "reason=\"unknown_handle\"", "counter", "")            \
    X(REFUSED_NOVELTY_FULL, "lurk_refused_total", "reason=\"novelty_full\"", "counter", "")        \
    X(REFUSED_AUDIT_FULL, "lurk_refused_total", "reason=\"audit_full\"", "counter", "")            \
    X(REFUSED_RATE, "lurk_refused_total", "reason=\"premaster_rate\"", "counter", "")              \
    X(REFUSED_CERT_REQUEST_RATE, "lurk_refused_total", "reason=\"cert_request_rate\"", "counter",  \
      "")                                                                                          \
    X(REFUSED_DRAIN, "lurk_refused_total", "reason=\"drain\"", "counter", "")                      \
    X(SLOTS_LOST, "lurk_slots_lost_total", "", "counter", "Slots given up at their deadline")      \
    X(POLICY_DENIED, "lurk_policy_denied_total", "", "counter", "Requests denied by the rules")    \
    X(VAULT_DENIED, "lurk_vault_denied_total", "", "counter",                                      \
      "Jobs the vault refused on its own check")                                                   \
    X(RESULT_FAULTS, "lurk_result_faults_total", "", "counter",                                    \
      "Private key results that failed their check")                                               \
    X(REPLAYS, "lurk_replays_total", "", "counter", "Server randoms seen before")                  \
    X(TURNS, "lurk_turns_total", "", "counter", "Turns of the thread")                             \
    X(WAKES, "lurk_wakes_total", "", "counter", "Sleeps ended by a bell")                          \
    X(SPREAD, "lurk_requests_spread_total", "", "counter",                                         \
      "Requests routed beside their key's home")

enum lk_counter {
#define LK_COUNTER_ID(id, series, labels, type, help) LK_C_##id,
    LK_COUNTER_ROWS(LK_COUNTER_ID)
#undef LK_COUNTER_ID
        LK_COUNTER_COUNT
};

/* Who computed a lane's first result. */
enum lk_way { LK_WAY_KERNEL, LK_WAY_LIBRARY, LK_WAY_COUNT };

/* How proofs of ownership ended. A point or a group that is none fails its proof. */
enum lk_proof_end { LK_PROOF_HELD, LK_PROOF_FAILED, LK_PROOF_END_COUNT };

struct lk_counters {
    _Atomic uint64_t heartbeat_ns; /* lk_clock_now_ns of the last turn */
    _Atomic uint64_t value[LK_COUNTER_COUNT];
    _Atomic uint64_t
        requests[LK_EXCHANGE_COUNT][LK_STATUS_COUNT]; /* answered by extension status */
    _Atomic uint64_t lurk_faults[8];                  /* answered by lurk status */
    struct lk_hist queue_wait[LK_EXCHANGE_COUNT];
    struct lk_hist service[LK_EXCHANGE_COUNT];
    _Atomic uint64_t batches[LK_ROW_COUNT];
    _Atomic uint64_t batch_lanes[LK_ROW_COUNT];
    _Atomic uint64_t way_lanes[LK_WAY_COUNT][LK_ROW_COUNT]; /* the same, by who computed them */
    _Atomic uint64_t kernel_faults[LK_ROW_COUNT];           /* wrong results of kernels */
    _Atomic uint64_t proofs[LK_PROOF_END_COUNT][LK_ROW_COUNT]; /* a proof row is a group */
    _Atomic uint64_t queue_depth[LK_ROW_COUNT];             /* gauge */
    _Atomic uint64_t ring_depth;                            /* gauge */
    _Atomic uint64_t cpu_ns; /* gauge: CPU time of the thread, now and then */
    /* Loops. Gauges of what is taken from their pools: slots, output chunks, pieces of messages. */
    _Atomic uint64_t slots_used, outs_used, parts_used;
    struct lk_skew skew; /* of all edges, since the memory was made */
    struct lk_skew
        edge_skew[LK_EDGES_MAX]; /* by row of the configuration the loop uses, since it does */
    char thread[32];             /* "loop 0", "worker 1": label */
};

static inline void lk_count(struct lk_counters *c, enum lk_counter id, uint64_t n)
{
    atomic_store_explicit(&c->value[id],
                          atomic_load_explicit(&c->value[id], memory_order_relaxed) + n,
                          memory_order_relaxed);
}
static inline void lk_count_set(_Atomic uint64_t *gauge, uint64_t v)
{
    atomic_store_explicit(gauge, v, memory_order_relaxed);
}
static inline void lk_count_add(_Atomic uint64_t *counter, uint64_t n)
{
    lk_count_set(counter, atomic_load_explicit(counter, memory_order_relaxed) + n);
}

/* What one process shows: facts of its own, then a block a thread (loops or workers). Lies in a
 * memfd that the supervisor made; the process writes it, the front's admin page and lurkctl's
 * reader map it read-only. */
struct lk_process_counters {
    char process[16];                     /* "front", "vault": label */
    uint32_t threads;                     /* of thread[] */
    _Atomic uint64_t cpu_ns;              /* CPU time of the whole process, refreshed each second */
    _Atomic uint64_t keys;                /* keys in use */
    _Atomic uint64_t generation;          /* of the configuration in use */
    _Atomic uint64_t epoch;               /* of the segment in use */
    _Atomic uint64_t ready;               /* 1: serving */
    _Atomic uint64_t conns;               /* peers connected now (front) */
    _Atomic uint64_t rows_out;            /* bit r: kernel row r is out of service (vault) */
    _Atomic int64_t channel_expiry_s;     /* notAfter of the server's own certificate, unix */
    _Atomic int64_t crl_expiry_s;         /* the earliest nextUpdate among the CRLs; 0: none */
    _Atomic int64_t certificate_expiry_s; /* the earliest among the keys' chains; of several of one
                                           * key that of the chain that lasts longest */
    struct lk_counters thread[];
};
static inline size_t lk_process_counters_bytes(uint32_t threads)
{
    return sizeof(struct lk_process_counters) + threads * sizeof(struct lk_counters);
}

/* "rsa2048" */
const char *lk_metrics_row_name(enum lk_kernel_row row);

/* The whole page in Prometheus text format 0.0.4, `count` processes. Allocates nothing of its
 * own. */
void lk_metrics_write(FILE *to, const struct lk_process_counters *const *processes, unsigned count);

#endif
