/* metrics: what the agent counts, a row each, and the page for Prometheus.
 * One writer, the agent's thread; the admin page's thread reads and may see a value one event old.
 * Names of servers are behind a lock, which the page holds while it is written to memory.
 * Nothing is labelled by key or tenant; servers are labelled by the name their configuration gives
 * them. */
#ifndef LK_TOOLS_LURK_AGENT_METRICS_H
#define LK_TOOLS_LURK_AGENT_METRICS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "core/watch/hist.h"
#include "tools/lurk-agent/limits.h"

/* X(id, series, labels or "", type, help): one row per plain counter or gauge. */
#define LK_AGENT_ROWS(X)                                                                           \
    X(CLIENTS, "lurk_agent_clients", "", "gauge", "Local sockets connected now")                   \
    X(IN_FLIGHT, "lurk_agent_in_flight", "", "gauge", "Requests under way, or unread answers") \
    X(HEALTHY, "lurk_agent_servers_healthy", "", "gauge", "Key servers with a connection up")      \
    X(RETIRING, "lurk_agent_servers_retiring", "", "gauge",                                        \
      "Key servers no longer wanted that serve until the wanted ones do")                          \
    X(GENERATION, "lurk_agent_config_generation", "", "gauge", "Of the configuration in use")      \
    X(DRAINING, "lurk_agent_draining", "", "gauge", "1 once the agent was told to end")            \
    X(CERTIFICATE_S, "lurk_agent_certificate_expiry_seconds", "", "gauge",                         \
      "End of the agent's own certificate, unix time")                                             \
    X(CRL_S, "lurk_agent_crl_expiry_seconds", "", "gauge",                                         \
      "Earliest end among the agent's CRLs, unix time; 0: none")                                   \
    X(CLIENTS_OPENED, "lurk_agent_clients_total", "result=\"taken\"", "counter",                   \
      "Local sockets that connected, by what became of them")                                      \
    X(CLIENTS_FORBIDDEN, "lurk_agent_clients_total", "result=\"forbidden\"", "counter", "")        \
    X(CLIENTS_FULL, "lurk_agent_clients_total", "result=\"full\"", "counter", "")                  \
    X(CUT_UNREAD, "lurk_agent_clients_cut_total", "reason=\"unread\"", "counter",                  \
      "Clients that were cut off")                                                                 \
    X(CUT_OUTPUT, "lurk_agent_clients_cut_total", "reason=\"output\"", "counter", "")              \
    X(REQUESTS, "lurk_agent_requests_total", "", "counter", "Requests of local servers")           \
    X(OUTCOME_0, "lurk_agent_answers_total", "outcome=\"answered\"", "counter",                    \
      "Packets answered, by outcome")                                                              \
    X(OUTCOME_1, "lurk_agent_answers_total", "outcome=\"no_server\"", "counter", "")               \
    X(OUTCOME_2, "lurk_agent_answers_total", "outcome=\"timeout\"", "counter", "")                 \
    X(OUTCOME_3, "lurk_agent_answers_total", "outcome=\"full\"", "counter", "")                    \
    X(OUTCOME_4, "lurk_agent_answers_total", "outcome=\"malformed\"", "counter", "")               \
    X(OUTCOME_5, "lurk_agent_answers_total", "outcome=\"unknown\"", "counter", "")                 \
    X(OUTCOME_6, "lurk_agent_answers_total", "outcome=\"forbidden\"", "counter", "")               \
    X(OUTCOME_7, "lurk_agent_answers_total", "outcome=\"leaving\"", "counter", "")                 \
    X(ABANDONED, "lurk_agent_abandoned_total", "", "counter",                                      \
      "Requests whose client went before the answer")                                              \
    X(AGAIN_LINE, "lurk_agent_retries_total", "reason=\"connection\"", "counter",                  \
      "Requests sent a second time")                                                               \
    X(AGAIN_TIMEOUT, "lurk_agent_retries_total", "reason=\"timeout\"", "counter", "")              \
    X(AGAIN_BUSY, "lurk_agent_retries_total", "reason=\"busy\"", "counter", "")                    \
    X(BACK_OFFS, "lurk_agent_back_offs_total", "", "counter",                                      \
      "Pauses of key servers that answered temporary_failure")                                     \
    X(STRANGE, "lurk_agent_strange_answers_total", "", "counter",                                  \
      "Answers to no request that is under way")                                                   \
    X(CONNECTED, "lurk_agent_connects_total", "result=\"up\"", "counter",                          \
      "Attempts to connect to key servers")                                                        \
    X(CONNECT_FAILED, "lurk_agent_connects_total", "result=\"failed\"", "counter", "")             \
    X(LOST_ERROR, "lurk_agent_connections_lost_total", "reason=\"closed\"", "counter",             \
      "Connections to key servers that ended")                                                     \
    X(LOST_PING, "lurk_agent_connections_lost_total", "reason=\"ping\"", "counter", "")            \
    X(DNS_GOOD, "lurk_agent_dns_total", "result=\"good\"", "counter", "Look-ups of names")         \
    X(DNS_FAILED, "lurk_agent_dns_total", "result=\"failed\"", "counter", "")                      \
    X(RELOADS_GOOD, "lurk_agent_reloads_total", "result=\"good\"", "counter", "Reloads")           \
    X(RELOADS_REFUSED, "lurk_agent_reloads_total", "result=\"refused\"", "counter", "")

enum lk_agent_row {
#define LK_AGENT_ROW_ID(id, series, labels, type, help) LK_A_##id,
    LK_AGENT_ROWS(LK_AGENT_ROW_ID)
#undef LK_AGENT_ROW_ID
        LK_AGENT_ROW_COUNT
};

/* Gauges of one key server. */
struct lk_agent_server_metrics {
    char name[LK_HOST_BYTES_MAX + 80]; /* "": a free row */
    _Atomic uint64_t lines_up, in_flight, latency_ns, paused, sent, answered;
};

struct lk_agent_metrics {
    pthread_mutex_t names;
    _Atomic uint64_t value[LK_AGENT_ROW_COUNT];
    struct lk_hist request; /* from the packet to the answer of outcome 0 */
    struct lk_hist attempt; /* from the sending to its answer */
    struct lk_agent_server_metrics server[LK_AGENT_SERVERS_MAX];
};

static inline void lk_agent_set(struct lk_agent_metrics *m, enum lk_agent_row row, uint64_t v)
{
    atomic_store(&m->value[row], v);
}
static inline uint64_t lk_agent_get(const struct lk_agent_metrics *m, enum lk_agent_row row)
{
    return atomic_load(&m->value[row]);
}
static inline void lk_agent_count(struct lk_agent_metrics *m, enum lk_agent_row row)
{
    lk_agent_set(m, row, lk_agent_get(m, row) + 1);
}

/* A row's server, and its counters from 0; "": it is free. */
void lk_agent_metrics_name(struct lk_agent_metrics *m, uint32_t server, const char *name);

/* The page, in Prometheus text format 0.0.4. */
void lk_agent_metrics_write(struct lk_agent_metrics *m, FILE *to);
/* The same facts as lines "name value" for a status packet (docs/edge-side.md). */
void lk_agent_metrics_status(struct lk_agent_metrics *m, FILE *to);

#endif
