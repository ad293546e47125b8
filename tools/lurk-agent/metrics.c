#include "tools/lurk-agent/metrics.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *series, *labels, *type, *help;
} rows[LK_AGENT_ROW_COUNT] = {
#define ROW(id, series, labels, type, help) {series, labels, type, help},
    LK_AGENT_ROWS(ROW)
#undef ROW
};

/* Gauges and counters of a key server. */
static const struct {
    const char *series, *type, *help;
    size_t offset;
    double scale;
} server_rows[] = {
#define PLACE(field) offsetof(struct lk_agent_server_metrics, field)
    {"lurk_agent_server_connections", "gauge", "Connections up", PLACE(lines_up), 1},
    {"lurk_agent_server_in_flight", "gauge", "Requests at the server", PLACE(in_flight), 1},
    {"lurk_agent_server_latency_seconds", "gauge", "What the choice of a server reckons with",
     PLACE(latency_ns), 1e-9},
    {"lurk_agent_server_paused", "gauge", "1 during a pause after temporary_failure", PLACE(paused),
     1},
    {"lurk_agent_server_sent_total", "counter", "Requests sent, second tries included", PLACE(sent),
     1},
    {"lurk_agent_server_answered_total", "counter", "Answers that were handed on", PLACE(answered),
     1},
#undef PLACE
};

/* Bounds of the published histograms, microseconds; each is the limit of a cell. */
static const uint64_t bounds_us[] = {
    64,    128,   256,   512,    1024,   2048,   4096,    8192,
    16384, 32768, 65536, 131072, 262144, 524288, 1048576, 2097152,
};

static void write_head(FILE *to, const char *series, const char *type, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", series, help, series, type);
}

static void write_rows(const struct lk_agent_metrics *m, FILE *to)
{
    for (unsigned i = 0; i < LK_AGENT_ROW_COUNT; i++) {
        if (i == 0 || strcmp(rows[i].series, rows[i - 1].series) != 0)
            write_head(to, rows[i].series, rows[i].type, rows[i].help);
        const char *open = rows[i].labels[0] != 0 ? "{" : "";
        fprintf(to, "%s%s%s%s %llu\n", rows[i].series, open, rows[i].labels,
                open[0] != 0 ? "}" : "", (unsigned long long)lk_agent_get(m, (enum lk_agent_row)i));
    }
}

static double server_value(const struct lk_agent_server_metrics *server, size_t row)
{
    const char *at = (const char *)server + server_rows[row].offset;
    uint64_t v = atomic_load((const _Atomic uint64_t *)(const void *)at);
    return (double)v * server_rows[row].scale;
}

void lk_agent_metrics_name(struct lk_agent_metrics *m, uint32_t server, const char *name)
{
    struct lk_agent_server_metrics *s = &m->server[server];
    pthread_mutex_lock(&m->names);
    snprintf(s->name, sizeof s->name, "%s", name);
    pthread_mutex_unlock(&m->names);
    atomic_store(&s->sent, 0);
    atomic_store(&s->answered, 0);
}

static void write_servers(struct lk_agent_metrics *m, FILE *to)
{
    pthread_mutex_lock(&m->names);
    for (size_t r = 0; r < sizeof server_rows / sizeof server_rows[0]; r++) {
        write_head(to, server_rows[r].series, server_rows[r].type, server_rows[r].help);
        for (unsigned i = 0; i < LK_AGENT_SERVERS_MAX; i++)
            if (m->server[i].name[0] != 0)
                fprintf(to, "%s{server=\"%s\"} %.15g\n", server_rows[r].series, m->server[i].name,
                        server_value(&m->server[i], r));
    }
    pthread_mutex_unlock(&m->names);
}

static void write_hist(const struct lk_hist *hist, const char *series, const char *help, FILE *to)
{
    write_head(to, series, "histogram", help);
    for (size_t i = 0; i < sizeof bounds_us / sizeof bounds_us[0]; i++)
        fprintf(to, "%s_bucket{le=\"%.9g\"} %llu\n", series, (double)bounds_us[i] * 1e-6,
                (unsigned long long)lk_hist_at_most(hist, bounds_us[i]));
    unsigned long long count = atomic_load(&hist->count);
    fprintf(to, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", series, count, series,
            (double)atomic_load(&hist->sum_us) * 1e-6, series, count);
}

void lk_agent_metrics_write(struct lk_agent_metrics *m, FILE *to)
{
    write_rows(m, to);
    write_servers(m, to);
    write_hist(&m->request, "lurk_agent_request_seconds",
               "From the packet of a client to its answer", to);
    write_hist(&m->attempt, "lurk_agent_try_seconds", "From the sending of a request to its answer",
               to);
}

void lk_agent_metrics_status(struct lk_agent_metrics *m, FILE *to)
{
    for (unsigned i = 0; i < LK_AGENT_ROW_COUNT; i++)
        fprintf(to, "%s%s%s%s %llu\n", rows[i].series, rows[i].labels[0] != 0 ? "{" : "",
                rows[i].labels, rows[i].labels[0] != 0 ? "}" : "",
                (unsigned long long)lk_agent_get(m, (enum lk_agent_row)i));
    pthread_mutex_lock(&m->names);
    for (unsigned i = 0; i < LK_AGENT_SERVERS_MAX; i++)
        for (size_t r = 0; r < sizeof server_rows / sizeof server_rows[0]; r++)
            if (m->server[i].name[0] != 0)
                fprintf(to, "%s{server=\"%s\"} %.15g\n", server_rows[r].series, m->server[i].name,
                        server_value(&m->server[i], r));
    pthread_mutex_unlock(&m->names);
}
