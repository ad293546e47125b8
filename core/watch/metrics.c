#include "core/watch/metrics.h"

#include <string.h>

/* --- rows ----------------------------------------------------------------------------------- */

struct counter_row {
    const char *series, *labels, *type, *help;
};

static const struct counter_row counter_rows[LK_COUNTER_COUNT] = {
#define LK_COUNTER_ROW(id, series, labels, type, help) {series, labels, type, help},
    LK_COUNTER_ROWS(LK_COUNTER_ROW)
#undef LK_COUNTER_ROW
};

static const char *const kernel_names[LK_ROW_COUNT] = {
    "rsa2048", "rsa3072", "rsa4096",  "rsa8192",  "p256",     "p384",       "p521",
    "ed25519", "ed448",   "poo_p256", "poo_p384", "poo_p521", "poo_x25519", "poo_x448",
    "share_p256", "share_p384", "share_p521", "share_x25519", "share_x448",
    "dh_public", "poo_dh2048", "poo_dh3072", "poo_dh4096", "poo_dh6144", "poo_dh8192",
};

static const char *const lurk_fault_names[8] = {
    "",
    "",
    "undefined_error",
    "invalid_format",
    "invalid_extension",
    "invalid_type",
    "invalid_status",
    "temporary_failure",
};

/* Names of statuses by extension; pings and capabilities of lurk only succeed or fail 3. */
static const char *const status_names[LK_EXTENSION_COUNT][LK_STATUS_COUNT] = {
    [LK_EXTENSION_LURK] = {[1] = "success", [2] = "undefined_error", [3] = "invalid_format"},
    [LK_EXTENSION_TLS12] =
        {
            [1] = "success",
            [2] = "undefined_error",
            [3] = "invalid_payload_format",
            [4] = "invalid_key_id_type",
            [5] = "invalid_key_id",
            [6] = "invalid_tls_random",
            [7] = "invalid_freshness_funct",
            [9] = "invalid_finished",
            [10] = "invalid_ec_type",
            [11] = "invalid_ec_curve",
            [12] = "invalid_poo_prf",
            [13] = "invalid_poo",
            [14] = "invalid_cipher_or_prf_hash",
        },
    [LK_EXTENSION_TLS13] =
        {
            [1] = "success",
            [2] = "undefined_error",
            [3] = "invalid_format",
            [5] = "invalid_session_id",
            [6] = "invalid_handshake",
            [7] = "invalid_freshness",
            [8] = "invalid_ephemeral",
            [9] = "invalid_psk",
            [10] = "invalid_certificate",
            [11] = "invalid_type",
            [12] = "invalid_cert_type",
            [17] = "invalid_signature_scheme",
            [19] = "invalid_certificate_verify",
            [21] = "too_many_identities",
        },
    [LK_EXTENSION_SPLIT] =
        {
            [1] = "success",
            [2] = "undefined_error",
            [3] = "invalid_payload_format",
            [4] = "invalid_key_id_type",
            [5] = "invalid_key_id",
            [6] = "invalid_tls_random",
            [7] = "invalid_freshness_funct",
            [8] = "invalid_public_value",
            [9] = "invalid_group",
            [10] = "invalid_sig_scheme",
            [11] = "invalid_prf_hash",
            [12] = "invalid_poo_prf",
            [13] = "invalid_poo",
            [14] = "invalid_handshake",
            [15] = "invalid_form",
            [17] = "invalid_psk_identity",
            [18] = "invalid_handle",
            [19] = "invalid_digest",
            [20] = "invalid_cert_request",
            [21] = "invalid_cert_name",
            [22] = "too_many_requests",
        },
};

/* Bounds of the published histograms, microseconds; each is the limit of a cell. */
static const uint64_t bounds_us[] = {
    10,     16,     24,     32,      48,      64,      96,       128,    192,    256,
    384,    512,    768,    1024,    1536,    2048,    3072,     4096,   6144,   8192,
    12288,  16384,  24576,  32768,   49152,   65536,   98304,    131072, 196608, 262144,
    393216, 524288, 786432, 1048576, 2097152, 4194304, 16777216,
};

const char *lk_metrics_row_name(enum lk_kernel_row row)
{
    return kernel_names[row];
}

/* --- sums over threads ---------------------------------------------------------------------- */

struct page {
    FILE *to;
    const struct lk_process_counters *const *processes;
    unsigned count;
};

static uint64_t get(const _Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

/* Sum of the counter that lies at `offset` in each thread's block. */
static uint64_t sum_at(const struct page *page, size_t offset)
{
    uint64_t sum = 0;
    for (unsigned p = 0; p < page->count; p++)
        for (uint32_t t = 0; t < page->processes[p]->threads; t++) {
            const char *block = (const char *)&page->processes[p]->thread[t];
            sum += get((const _Atomic uint64_t *)(const void *)(block + offset));
        }
    return sum;
}

static void write_head(const struct page *page, const char *series, const char *type,
                       const char *help)
{
    fprintf(page->to, "# HELP %s %s\n# TYPE %s %s\n", series, help, series, type);
}

/* --- families ------------------------------------------------------------------------------- */

static void write_counters(const struct page *page)
{
    for (unsigned i = 0; i < LK_COUNTER_COUNT; i++) {
        const struct counter_row *row = &counter_rows[i];
        if (i == 0 || strcmp(row->series, counter_rows[i - 1].series) != 0)
            write_head(page, row->series, row->type, row->help);
        const char *open = row->labels[0] != 0 ? "{" : "", *close = row->labels[0] != 0 ? "}" : "";
        uint64_t v = sum_at(page, offsetof(struct lk_counters, value) + i * sizeof(uint64_t));
        fprintf(page->to, "%s%s%s%s %llu\n", row->series, open, row->labels, close,
                (unsigned long long)v);
    }
}

static void write_requests(const struct page *page)
{
    write_head(page, "lurk_requests_total", "counter", "Requests answered, by exchange and status");
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        for (unsigned s = 1; s < LK_STATUS_COUNT; s++) {
            const char *name = status_names[lk_exchange_extension(x)][s];
            if (name == NULL) continue;
            size_t at = (x * LK_STATUS_COUNT + s) * sizeof(uint64_t);
            uint64_t v = sum_at(page, offsetof(struct lk_counters, requests) + at);
            if (v == 0 && s != LK_STATUS_SUCCESS) continue;
            fprintf(page->to, "lurk_requests_total{exchange=\"%s\",status=\"%s\"} %llu\n",
                    lk_exchange_name((enum lk_exchange_id)x), name,
                    (unsigned long long)v);
        }
    write_head(page, "lurk_layer_faults_total", "counter", "Messages refused by the message layer");
    for (unsigned s = 3; s < 8; s++)
        fprintf(page->to, "lurk_layer_faults_total{status=\"%s\"} %llu\n", lurk_fault_names[s],
                (unsigned long long)sum_at(page, offsetof(struct lk_counters, lurk_faults) +
                                                     s * sizeof(uint64_t)));
}

static void write_histogram(const struct page *page, const char *series, const char *exchange,
                            const struct lk_hist *hist)
{
    for (size_t i = 0; i < sizeof bounds_us / sizeof bounds_us[0]; i++)
        fprintf(page->to, "%s_bucket{exchange=\"%s\",le=\"%.9g\"} %llu\n", series, exchange,
                (double)bounds_us[i] / 1e6,
                (unsigned long long)lk_hist_at_most(hist, bounds_us[i]));
    uint64_t all = lk_hist_at_most(hist, LK_HIST_US_MAX);
    fprintf(page->to, "%s_bucket{exchange=\"%s\",le=\"+Inf\"} %llu\n", series, exchange,
            (unsigned long long)all);
    fprintf(page->to, "%s_sum{exchange=\"%s\"} %.6f\n", series, exchange,
            (double)get(&hist->sum_us) / 1e6);
    fprintf(page->to, "%s_count{exchange=\"%s\"} %llu\n", series, exchange,
            (unsigned long long)all);
}

/* A histogram per exchange of the array of histograms at `offset`; empty ones are left out. */
static void write_histograms(const struct page *page, const char *series, const char *help,
                             size_t offset)
{
    write_head(page, series, "histogram", help);
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++) {
        struct lk_hist sum = {0};
        for (unsigned p = 0; p < page->count; p++)
            for (uint32_t t = 0; t < page->processes[p]->threads; t++) {
                const char *block = (const char *)&page->processes[p]->thread[t] + offset;
                lk_hist_merge(&sum, (const struct lk_hist *)(const void *)block + x);
            }
        if (get(&sum.count) > 0)
            write_histogram(page, series, lk_exchange_name((enum lk_exchange_id)x), &sum);
    }
}

static void write_rows(const struct page *page, const char *series, const char *type,
                       const char *help, size_t offset)
{
    write_head(page, series, type, help);
    for (unsigned r = 0; r < LK_ROW_COUNT; r++)
        fprintf(page->to, "%s{kernel=\"%s\"} %llu\n", series, kernel_names[r],
                (unsigned long long)sum_at(page, offset + r * sizeof(uint64_t)));
}

static void write_ways(const struct page *page)
{
    static const char *const ways[LK_WAY_COUNT] = {"kernel", "library"};
    const char *series = "lurk_row_lanes_total";
    write_head(page, series, "counter", "Lanes by who computed them, a kernel or the library");
    for (unsigned r = 0; r < LK_ROW_COUNT; r++)
        for (unsigned way = 0; way < LK_WAY_COUNT; way++) {
            size_t at = (way * LK_ROW_COUNT + r) * sizeof(uint64_t);
            uint64_t v = sum_at(page, offsetof(struct lk_counters, way_lanes) + at);
            fprintf(page->to, "%s{kernel=\"%s\",way=\"%s\"} %llu\n", series, kernel_names[r],
                    ways[way], (unsigned long long)v);
        }
}

static void write_proofs(const struct page *page)
{
    static const char *const ends[LK_PROOF_END_COUNT] = {"held", "failed"};
    const char *series = "lurk_proofs_total";
    write_head(page, series, "counter", "Proofs of ownership judged, by group and end");
    for (unsigned r = 0; r < LK_ROW_COUNT; r++)
        for (unsigned end = 0; lk_row_is_proof(r) && end < LK_PROOF_END_COUNT; end++) {
            size_t at = (end * LK_ROW_COUNT + r) * sizeof(uint64_t);
            uint64_t v = sum_at(page, offsetof(struct lk_counters, proofs) + at);
            const char *group = kernel_names[r] + strlen("poo_");
            fprintf(page->to, "%s{group=\"%s\",result=\"%s\"} %llu\n", series, group, ends[end],
                    (unsigned long long)v);
        }
}

static void write_rows_out(const struct page *page)
{
    uint64_t out = 0;
    for (unsigned p = 0; p < page->count; p++)
        out |= get(&page->processes[p]->rows_out);
    write_head(page, "lurk_kernel_out", "gauge",
               "1: out of service until the vault starts again, the library serves the row");
    for (unsigned r = 0; r < LK_ROW_COUNT; r++)
        fprintf(page->to, "lurk_kernel_out{kernel=\"%s\"} %u\n", kernel_names[r],
                (unsigned)(out >> r & 1));
}

/* A gauge that each loop has, summed. */
static void write_used(const struct page *page, const char *series, const char *help, size_t offset)
{
    write_head(page, series, "gauge", help);
    fprintf(page->to, "%s %llu\n", series, (unsigned long long)sum_at(page, offset));
}

/* Of all edges together: by edge it would tell their timing (lurkctl edges has it by edge). */
static void write_skew(const struct page *page)
{
    const char *series = "lurk_server_random_skew_seconds";
    struct lk_skew sum = {0};
    for (unsigned p = 0; p < page->count; p++)
        for (uint32_t t = 0; t < page->processes[p]->threads; t++)
            lk_skew_merge(&sum, &page->processes[p]->thread[t].skew);
    write_head(page, series, "histogram", "Time in server randoms minus ours");
    unsigned long long all = 0;
    for (unsigned i = 0; i < LK_SKEW_CELLS; i++) {
        all += lk_skew_count(&sum, i);
        if (i < LK_SKEW_CELLS - 1)
            fprintf(page->to, "%s_bucket{le=\"%lld\"} %llu\n", series,
                    (long long)lk_skew_limit_s(i), all);
    }
    fprintf(page->to, "%s_bucket{le=\"+Inf\"} %llu\n%s_count %llu\n", series, all, series, all);
}

static void write_threads(const struct page *page)
{
    write_head(page, "lurk_thread_cpu_seconds_total", "counter", "CPU time by thread");
    for (unsigned p = 0; p < page->count; p++)
        for (uint32_t t = 0; t < page->processes[p]->threads; t++) {
            const struct lk_counters *c = &page->processes[p]->thread[t];
            fprintf(page->to, "lurk_thread_cpu_seconds_total{process=\"%s\",thread=\"%s\"} %.3f\n",
                    page->processes[p]->process, c->thread, (double)get(&c->cpu_ns) / 1e9);
        }
    write_head(page, "lurk_ring_depth", "gauge", "References waiting in the rings of a thread");
    for (unsigned p = 0; p < page->count; p++)
        for (uint32_t t = 0; t < page->processes[p]->threads; t++) {
            const struct lk_counters *c = &page->processes[p]->thread[t];
            fprintf(page->to, "lurk_ring_depth{process=\"%s\",thread=\"%s\"} %llu\n",
                    page->processes[p]->process, c->thread,
                    (unsigned long long)get(&c->ring_depth));
        }
}

/* Facts of a process: one row a series. */
static const struct {
    const char *series, *type, *help;
    size_t offset;
    double scale;
} process_rows[] = {
    {"lurk_process_cpu_seconds_total", "counter", "CPU time by process",
     offsetof(struct lk_process_counters, cpu_ns), 1e-9},
    {"lurk_keys", "gauge", "Keys in use", offsetof(struct lk_process_counters, keys), 1},
    {"lurk_config_generation", "gauge", "Generation of the configuration in use",
     offsetof(struct lk_process_counters, generation), 1},
    {"lurk_epoch", "gauge", "Epoch of the shared segment in use",
     offsetof(struct lk_process_counters, epoch), 1},
    {"lurk_ready", "gauge", "1 while the process serves",
     offsetof(struct lk_process_counters, ready), 1},
    {"lurk_connections", "gauge", "Peers connected now",
     offsetof(struct lk_process_counters, conns), 1},
    {"lurk_channel_certificate_expiry_seconds", "gauge",
     "End of the server's own certificate, unix time",
     offsetof(struct lk_process_counters, channel_expiry_s), 1},
    {"lurk_crl_expiry_seconds", "gauge",
     "Earliest next update among the CRLs, unix time; 0 without one",
     offsetof(struct lk_process_counters, crl_expiry_s), 1},
    {"lurk_key_certificate_expiry_seconds", "gauge",
     "Earliest end among the certificates beside the keys, unix time",
     offsetof(struct lk_process_counters, certificate_expiry_s), 1},
};

static void write_processes(const struct page *page)
{
    for (size_t i = 0; i < sizeof process_rows / sizeof process_rows[0]; i++) {
        write_head(page, process_rows[i].series, process_rows[i].type, process_rows[i].help);
        for (unsigned p = 0; p < page->count; p++) {
            const char *base = (const char *)page->processes[p];
            uint64_t v = get(
                (const _Atomic uint64_t *)(const void *)(base + process_rows[i].offset));
            fprintf(page->to, "%s{process=\"%s\"} %.15g\n", process_rows[i].series,
                    page->processes[p]->process, (double)v * process_rows[i].scale);
        }
    }
}

void lk_metrics_write(FILE *to, const struct lk_process_counters *const *processes, unsigned count)
{
    struct page page = {.to = to, .processes = processes, .count = count};
    write_processes(&page);
    write_threads(&page);
    write_requests(&page);
    write_counters(&page);
    write_skew(&page);
    write_used(&page, "lurk_slots_used", "Slots taken, those given up at their deadline included",
               offsetof(struct lk_counters, slots_used));
    write_used(&page, "lurk_output_chunks_used", "Chunks of the output pools taken",
               offsetof(struct lk_counters, outs_used));
    write_used(&page, "lurk_message_parts_used", "Buffers of messages not whole yet taken",
               offsetof(struct lk_counters, parts_used));
    write_histograms(&page, "lurk_queue_wait_seconds",
                     "From the loop's push to the start of the batch",
                     offsetof(struct lk_counters, queue_wait));
    write_histograms(&page, "lurk_service_seconds", "From the start of the batch to the result",
                     offsetof(struct lk_counters, service));
    write_rows(&page, "lurk_batches_total", "counter", "Batches run",
               offsetof(struct lk_counters, batches));
    write_rows(&page, "lurk_batch_lanes_total", "counter", "Lanes in the batches run",
               offsetof(struct lk_counters, batch_lanes));
    write_ways(&page);
    write_rows(&page, "lurk_kernel_faults_total", "counter", "Wrong results of kernels",
               offsetof(struct lk_counters, kernel_faults));
    write_rows_out(&page);
    write_proofs(&page);
    write_rows(&page, "lurk_queue_depth", "gauge", "Lanes waiting for a batch",
               offsetof(struct lk_counters, queue_depth));
}
