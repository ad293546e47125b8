#include "tools/lurk-bench/report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tools/liblurk/lurk.h"
#include "tools/lurk-bench/transport.h"

static const struct count_row {
    const char *name, *meaning;
} count_rows[] = {
#define LK_BENCH_COUNT_TEXT(id, name, meaning) {name, meaning},
    LK_BENCH_COUNT_ROWS(LK_BENCH_COUNT_TEXT)
#undef LK_BENCH_COUNT_TEXT
};

static const char *status_name(const struct lk_bench_exchange *row, bool own, unsigned status)
{
    return lurk_status_name(own ? row->designation : LURK_LURK, (uint8_t)status);
}

/* Adds up the rows of the mix. */
static void tally_all(const struct lk_bench_stats *stats, struct lk_bench_tally *all)
{
    *all = (struct lk_bench_tally){0};
    for (int x = 0; x < LK_BENCH_EXCHANGE_COUNT; x++) {
        all->answered += stats->tally[x].answered;
        lk_bench_hist_merge(&all->latency, &stats->tally[x].latency);
    }
}

bool lk_bench_report_good(const struct lk_bench_result *result)
{
    static const enum lk_bench_count bad[] = {
        LK_BENCH_C_WRONG,  LK_BENCH_C_DOUBLE,         LK_BENCH_C_UNKNOWN,
        LK_BENCH_C_LOST,   LK_BENCH_C_CONNECT_FAILED, LK_BENCH_C_HANDSHAKE_FAILED,
        LK_BENCH_C_CLOSED, LK_BENCH_C_SILENT,         LK_BENCH_C_BROKEN,
    };
    const uint64_t *count = result->stats->count;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool forgiven = result->options->reconnect && bad[i] >= LK_BENCH_C_CONNECT_FAILED &&
                        bad[i] != LK_BENCH_C_BROKEN;
        if (count[bad[i]] > 0 && !forgiven) return false;
    }
    uint64_t temporary = 0;
    for (int x = 0; x < LK_BENCH_EXCHANGE_COUNT; x++)
        temporary += result->stats->tally[x].refused_lurk[LK_LURK_TEMPORARY_FAILURE];
    bool asked = result->options->connections > 0 && result->plan->row_count > 0;
    return count[LK_BENCH_C_REFUSED] == temporary && (!asked || count[LK_BENCH_C_ANSWERED] > 0);
}

/* --- for people ------------------------------------------------------------------------------- */

/* A time with three digits and its unit. */
static void time_print(FILE *to, uint64_t ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double v = (double)ns;
    unsigned unit = 0;
    while (v >= 999.5 && unit < 3) {
        v /= 1000;
        unit++;
    }
    char text[32];
    snprintf(text, sizeof(text), "%.*f%s",
             v < 9.995 && unit   ? 2
             : v < 99.95 && unit ? 1
                                 : 0,
             v, units[unit]);
    fprintf(to, "%9s", text);
}

static void tally_print(FILE *to, const char *name, const struct lk_bench_tally *tally,
                        double measured_s)
{
    static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
    fprintf(to, "%-28s %11llu %11.0f", name, (unsigned long long)tally->answered,
            (double)tally->answered / measured_s);
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
        time_print(to, lk_bench_hist_quantile(&tally->latency, quantiles[i]));
    time_print(to, tally->latency.max_ns);
    fprintf(to, "\n");
}

static void head_print(FILE *to, const struct lk_bench_result *result)
{
    const struct lk_bench_options *o = result->options;
    fprintf(to, "%s %s:%s, %u connections x %u, ", lk_bench_transports[o->transport].name, o->host,
            o->port, o->connections, o->in_flight);
    if (o->rate > 0)
        fprintf(to, "%g requests/s (open loop), ", o->rate);
    else
        fprintf(to, "closed loop, ");
    fprintf(to, "%u key%s, %.2f s after %.2f s of warm-up\n\n", result->plan->key_count,
            result->plan->key_count == 1 ? "" : "s", result->measured_s, o->warmup_s);
    fprintf(to, "%-28s %11s %11s%9s%9s%9s%9s%9s\n", "exchange", "answered", "per second", "p50",
            "p90", "p99", "p99.9", "max");
}

static void server_print(FILE *to, const struct lk_bench_usage *server, double answered)
{
    if (!server->known) return;
    fprintf(to, "server: %.2f CPU-seconds", server->cpu_s);
    if (answered > 0 && server->cpu_s > 0)
        fprintf(to, ", %.2f us a request, %.0f requests a CPU-second",
                server->cpu_s / answered * 1e6, answered / server->cpu_s);
    for (unsigned i = 0; i < server->part_count; i++)
        fprintf(to, "%s%s %.2f", i ? ", " : " (", server->part[i].name, server->part[i].cpu_s);
    fprintf(to, "%s\n", server->part_count ? ")" : "");
}

static void refusals_print(FILE *to, const struct lk_bench_stats *stats)
{
    for (int x = 0; x < LK_BENCH_EXCHANGE_COUNT; x++) {
        const struct lk_bench_exchange *row = &lk_bench_exchanges[x];
        for (unsigned s = 0; s < LK_BENCH_STATUSES; s++) {
            uint64_t lurk = stats->tally[x].refused_lurk[s], own = stats->tally[x].refused_own[s];
            if (lurk)
                fprintf(to, "refused: %s, %s: %llu\n", row->name, status_name(row, false, s),
                        (unsigned long long)lurk);
            if (own)
                fprintf(to, "refused: %s, %s: %llu\n", row->name, status_name(row, true, s),
                        (unsigned long long)own);
        }
    }
}

static void counts_print(FILE *to, const struct lk_bench_stats *stats)
{
    const uint64_t *c = stats->count;
    fprintf(to,
            "answers: %llu good, %llu of them verified, %llu refused, %llu wrong, %llu double, "
            "%llu unknown, %llu lost\n",
            (unsigned long long)c[LK_BENCH_C_ANSWERED], (unsigned long long)c[LK_BENCH_C_VERIFIED],
            (unsigned long long)c[LK_BENCH_C_REFUSED], (unsigned long long)c[LK_BENCH_C_WRONG],
            (unsigned long long)c[LK_BENCH_C_DOUBLE], (unsigned long long)c[LK_BENCH_C_UNKNOWN],
            (unsigned long long)c[LK_BENCH_C_LOST]);
    for (int i = LK_BENCH_C_LATE; i < LK_BENCH_COUNT_COUNT; i++)
        if (c[i] && i != LK_BENCH_C_CONNECTED)
            fprintf(to, "%s: %llu (%s)\n", count_rows[i].name, (unsigned long long)c[i],
                    count_rows[i].meaning);
}

void lk_bench_report_table(const struct lk_bench_result *result, FILE *to)
{
    static struct lk_bench_tally all;
    tally_all(result->stats, &all);
    head_print(to, result);
    for (int x = 0; x < LK_BENCH_EXCHANGE_COUNT; x++)
        if (result->options->weight[x])
            tally_print(to, lk_bench_exchanges[x].name, &result->stats->tally[x],
                        result->measured_s);
    if (result->plan->row_count > 1) tally_print(to, "all", &all, result->measured_s);
    fprintf(to, "\n");
    counts_print(to, result->stats);
    refusals_print(to, result->stats);
    server_print(to, &result->server, (double)all.answered);
    fprintf(to, "client: %.2f CPU-seconds\n", result->client_cpu_s);
    if (result->hostile)
        fprintf(to,
                "hostile: %llu malformed requests sent, %llu refused as they should be, %llu taken "
                "for good\n",
                (unsigned long long)result->hostile->count[LK_BENCH_C_SENT],
                (unsigned long long)result->hostile->count[LK_BENCH_C_ANSWERED],
                (unsigned long long)result->hostile->count[LK_BENCH_C_WRONG]);
    if (result->held)
        fprintf(to, "held: %llu idle connections, %llu of them lost\n",
                (unsigned long long)result->held->count[LK_BENCH_C_CONNECTED],
                (unsigned long long)result->held->count[LK_BENCH_C_CLOSED]);
}

/* --- for programs ----------------------------------------------------------------------------- */

static json_t *whole(uint64_t v)
{
    return json_integer((json_int_t)v);
}

static json_t *latency_json(const struct lk_bench_hist *hist)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:f}", "p50", whole(lk_bench_hist_quantile(hist, 0.5)), "p90",
        whole(lk_bench_hist_quantile(hist, 0.9)), "p99", whole(lk_bench_hist_quantile(hist, 0.99)),
        "p99.9", whole(lk_bench_hist_quantile(hist, 0.999)), "max", whole(hist->max_ns), "mean",
        lk_bench_hist_mean(hist));
}

static json_t *tally_json(const struct lk_bench_tally *tally, double measured_s)
{
    return json_pack("{s:o, s:f, s:o}", "answered", whole(tally->answered), "per_second",
                     (double)tally->answered / measured_s, "latency_ns",
                     latency_json(&tally->latency));
}

static json_t *counts_json(const struct lk_bench_stats *stats)
{
    json_t *counts = json_object();
    for (int i = 0; i < LK_BENCH_COUNT_COUNT; i++)
        json_object_set_new(counts, count_rows[i].name, whole(stats->count[i]));
    return counts;
}

static json_t *refusals_json(const struct lk_bench_stats *stats)
{
    json_t *refusals = json_object();
    char name[128];
    for (int x = 0; x < LK_BENCH_EXCHANGE_COUNT; x++) {
        const struct lk_bench_exchange *row = &lk_bench_exchanges[x];
        for (unsigned s = 0; s < LK_BENCH_STATUSES; s++) {
            for (int own = 0; own < 2; own++) {
                const uint64_t *refused = own ? stats->tally[x].refused_own
                                              : stats->tally[x].refused_lurk;
                if (!refused[s]) continue;
                snprintf(name, sizeof(name), "%s.%s", row->name, status_name(row, own, s));
                json_object_set_new(refusals, name, whole(refused[s]));
            }
        }
    }
    return refusals;
}

static json_t *server_json(const struct lk_bench_usage *server, double answered)
{
    if (!server->known) return json_null();
    json_t *parts = json_object();
    for (unsigned i = 0; i < server->part_count; i++)
        json_object_set_new(parts, server->part[i].name, json_real(server->part[i].cpu_s));
    double per_s = server->cpu_s > 0 ? answered / server->cpu_s : 0;
    return json_pack("{s:f, s:f, s:o}", "cpu_seconds", server->cpu_s, "requests_per_cpu_second",
                     per_s, "parts", parts);
}

static json_t *result_json(const struct lk_bench_result *result)
{
    static struct lk_bench_tally all;
    const struct lk_bench_options *o = result->options;
    tally_all(result->stats, &all);
    json_t *exchanges = json_object();
    for (int x = 0; x < LK_BENCH_EXCHANGE_COUNT; x++)
        if (o->weight[x])
            json_object_set_new(exchanges, lk_bench_exchanges[x].name,
                                tally_json(&result->stats->tally[x], result->measured_s));
    json_t *root = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:f, s:i, s:f}", "transport",
                             lk_bench_transports[o->transport].name, "host", o->host, "port",
                             o->port, "connections", (int)o->connections, "in_flight",
                             (int)o->in_flight, "threads", (int)o->threads, "rate", o->rate, "keys",
                             (int)result->plan->key_count, "measured_seconds", result->measured_s);
    json_object_set_new(root, "commit", json_string(LK_COMMIT));
    json_object_set_new(root, "all", tally_json(&all, result->measured_s));
    json_object_set_new(root, "exchanges", exchanges);
    json_object_set_new(root, "counts", counts_json(result->stats));
    json_object_set_new(root, "refused", refusals_json(result->stats));
    json_object_set_new(root, "server", server_json(&result->server, (double)all.answered));
    json_object_set_new(root, "client_cpu_seconds", json_real(result->client_cpu_s));
    if (result->hostile) json_object_set_new(root, "hostile", counts_json(result->hostile));
    if (result->held) json_object_set_new(root, "held", counts_json(result->held));
    json_object_set_new(root, "good", json_boolean(lk_bench_report_good(result)));
    return root;
}

lk_err lk_bench_report_json(const struct lk_bench_result *result, const char *file)
{
    json_t *root = result_json(result);
    FILE *to = strcmp(file, "-") == 0 ? stdout : fopen(file, "w");
    int failed = to ? json_dumpf(root, to, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : -1;
    if (to) fputc('\n', to);
    if (to && (to == stdout ? fflush(to) : fclose(to)) != 0) failed = -1;
    json_decref(root);
    return failed ? -(errno ? errno : EIO) : LK_OK;
}
