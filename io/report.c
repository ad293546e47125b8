/* report: what lurkctl is told, a function a command; each makes one JSON object. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/keys/keyid.h"
#include "io/supervisor.h"

static const char *const kind_names[LK_KEY_KIND_COUNT] = {
    [LK_KEY_RSA] = "rsa",    [LK_KEY_RSA_PSS] = "rsa-pss", [LK_KEY_P256] = "p256",
    [LK_KEY_P384] = "p384",  [LK_KEY_P521] = "p521",       [LK_KEY_ED25519] = "ed25519",
    [LK_KEY_ED448] = "ed448"};

static void set_u64(json_t *o, const char *name, uint64_t v)
{
    json_object_set_new(o, name, json_integer((json_int_t)v));
}

static void set_text(json_t *o, const char *name, const char *text)
{
    json_t *v = json_string(text);
    json_object_set_new(o, name, v != NULL ? v : json_null());
}

static void set_hex(json_t *o, const char *name, const uint8_t *data, size_t len)
{
    char text[2 * LK_SHA256_BYTES + 1] = "";
    for (size_t i = 0; i < len && i < LK_SHA256_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    set_text(o, name, text);
}

/* --- status ----------------------------------------------------------------------------------- */

static json_t *ward_object(const struct lk_ward *w)
{
    const struct lk_process_counters *c = w->counters;
    json_t *o = json_object();
    set_text(o, "role", w->name);
    set_text(o, "state", w->child.channel < 0 ? "down" : w->ready ? "serving" : "loading");
    json_object_set_new(o, "pid", json_integer(w->child.pid));
    set_u64(o, "uid", w->child.uid);
    set_u64(o, "deaths", w->deaths);
    set_u64(o, "breaches", w->breaches);
    set_u64(o, "threads", w->threads);
    set_u64(o, "generation", atomic_load(&c->generation));
    set_u64(o, "epoch", atomic_load(&c->epoch));
    json_object_set_new(o, "cpu_s", json_real((double)atomic_load(&c->cpu_ns) / 1e9));
    return o;
}

static json_t *report_status(void *owner, const json_t *request, uint32_t client)
{
    struct lk_supervisor *s = owner;
    (void)request, (void)client;
    json_t *o = lk_control_good();
    const struct lk_process_counters *front = s->tables.front;
    bool up = s->vault.ready && s->front.ready && s->epoch_fd >= 0;
    set_text(o, "state", s->draining ? "draining" : up ? "serving" : "starting");
    set_text(o, "commit", LK_COMMIT);
    set_text(o, "config", LK_CONFIG);
    set_text(o, "file", s->options.conf_path);
    json_object_set_new(o, "pid", json_integer(getpid()));
    set_u64(o, "uptime_s", (lk_clock_now_ns() - s->started_ns) / LK_NS_PER_S);
    set_u64(o, "generation", s->current != NULL ? s->current->generation : 0);
    set_u64(o, "epoch", s->epoch);
    set_u64(o, "keys", s->current != NULL ? lk_bundle_key_count(s->current) : 0);
    set_u64(o, "connections", atomic_load(&front->conns));
    set_u64(o, "audit_records", s->journal.records);
    set_u64(o, "audit_chain_breaks", s->journal.broken);
    json_object_set_new(o, "audit_damaged", json_boolean(s->journal.damaged));
    json_object_set_new(o, "channel_expiry_s", json_integer(atomic_load(&front->channel_expiry_s)));
    json_object_set_new(o, "crl_expiry_s", json_integer(atomic_load(&front->crl_expiry_s)));
    json_object_set_new(o, "certificate_expiry_s",
                        json_integer(atomic_load(&front->certificate_expiry_s)));
    json_object_set_new(o, "reloading", json_boolean(s->rollout.step != LK_ROLLOUT_NONE));
    json_object_set_new(o, "one_process", json_boolean(s->options.one_process));
    json_object_set_new(o, "children",
                        json_pack("[o,o]", ward_object(&s->front), ward_object(&s->vault)));
    return o;
}

/* --- stats
 * ---------------------------------------------------------------------------------------- */

static const struct {
    const char *series, *labels;
} counter_rows[] = {
#define ROW(id, series, labels, type, help) {series, labels},
    LK_COUNTER_ROWS(ROW)
#undef ROW
};

static void sum_thread(const struct lk_counters *t, uint64_t *value,
                       uint64_t (*requests)[LK_STATUS_COUNT])
{
    for (size_t i = 0; i < LK_COUNTER_COUNT; i++)
        value[i] += atomic_load_explicit(&t->value[i], memory_order_relaxed);
    for (size_t x = 0; x < LK_EXCHANGE_COUNT; x++)
        for (size_t status = 0; status < LK_STATUS_COUNT; status++)
            requests[x][status] += atomic_load_explicit(&t->requests[x][status],
                                                        memory_order_relaxed);
}

static json_t *counters_object(const uint64_t *value)
{
    json_t *o = json_object();
    for (size_t i = 0; i < LK_COUNTER_COUNT; i++) {
        char name[160];
        const char *labels = counter_rows[i].labels;
        snprintf(name, sizeof name, labels[0] != 0 ? "%s{%s}" : "%s", counter_rows[i].series,
                 labels);
        set_u64(o, name, value[i]);
    }
    return o;
}

static json_t *latency_object(const struct lk_supervisor *s, enum lk_exchange_id x, bool wait)
{
    struct lk_hist *sum = calloc(1, sizeof *sum);
    json_t *o = json_object();
    if (sum == NULL) return o;
    const struct lk_ward *const wards[] = {&s->front, &s->vault};
    for (size_t p = 0; p < 2; p++)
        for (uint32_t i = 0; i < wards[p]->threads; i++) {
            const struct lk_counters *t = &wards[p]->counters->thread[i];
            lk_hist_merge(sum, wait ? &t->queue_wait[x] : &t->service[x]);
        }
    set_u64(o, "count", atomic_load(&sum->count));
    set_u64(o, "p50_us", lk_hist_quantile_us(sum, 0.5));
    set_u64(o, "p99_us", lk_hist_quantile_us(sum, 0.99));
    free(sum);
    return o;
}

static json_t *exchange_object(const struct lk_supervisor *s, enum lk_exchange_id x,
                               const uint64_t *by_status)
{
    json_t *o = json_object(), *statuses = json_object();
    set_text(o, "exchange", lk_exchange_name(x));
    for (size_t status = 0; status < LK_STATUS_COUNT; status++) {
        char name[8];
        snprintf(name, sizeof name, "%zu", status);
        if (by_status[status] > 0) set_u64(statuses, name, by_status[status]);
    }
    json_object_set_new(o, "by_status", statuses);
    json_object_set_new(o, "queue_wait", latency_object(s, x, true));
    json_object_set_new(o, "service", latency_object(s, x, false));
    return o;
}

static json_t *thread_object(const struct lk_counters *t)
{
    json_t *o = json_object();
    char name[sizeof t->thread]; /* the child may have left out its end */
    memcpy(name, t->thread, sizeof name);
    name[sizeof name - 1] = 0;
    set_text(o, "thread", name);
    set_u64(o, "turns", atomic_load(&t->value[LK_C_TURNS]));
    set_u64(o, "wakes", atomic_load(&t->value[LK_C_WAKES]));
    set_u64(o, "ring_depth", atomic_load(&t->ring_depth));
    json_object_set_new(o, "cpu_s", json_real((double)atomic_load(&t->cpu_ns) / 1e9));
    return o;
}

static uint64_t sum_row(const struct lk_ward *vault, size_t offset, unsigned row)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < vault->threads; i++) {
        const char *t = (const char *)&vault->counters->thread[i] + offset;
        sum += atomic_load_explicit((const _Atomic uint64_t *)(const void *)t + row,
                                    memory_order_relaxed);
    }
    return sum;
}

/* NULL: nobody used this row. */
static json_t *row_object(const struct lk_ward *vault, unsigned row)
{
    size_t ways = offsetof(struct lk_counters, way_lanes);
    uint64_t batches = sum_row(vault, offsetof(struct lk_counters, batches), row);
    uint64_t by_kernel = sum_row(vault, ways, LK_WAY_KERNEL * LK_ROW_COUNT + row);
    uint64_t by_library = sum_row(vault, ways, LK_WAY_LIBRARY * LK_ROW_COUNT + row);
    if (batches == 0) return NULL;
    json_t *o = json_object();
    set_text(o, "kernel", lk_metrics_row_name((enum lk_kernel_row)row));
    set_u64(o, "lanes_by_kernel", by_kernel);
    set_u64(o, "lanes_by_library", by_library);
    set_u64(o, "batches", batches);
    json_object_set_new(o, "fill", json_real((double)(by_kernel + by_library) / (double)batches));
    set_u64(o, "faults", sum_row(vault, offsetof(struct lk_counters, kernel_faults), row));
    json_object_set_new(o, "out_of_service",
                        json_boolean(atomic_load(&vault->counters->rows_out) >> row & 1));
    return o;
}

static json_t *rows_array(const struct lk_ward *vault)
{
    json_t *rows = json_array();
    for (unsigned r = 0; r < LK_ROW_COUNT; r++) {
        json_t *o = row_object(vault, r);
        if (o != NULL) json_array_append_new(rows, o);
    }
    return rows;
}

static json_t *report_stats(void *owner, const json_t *request, uint32_t client)
{
    struct lk_supervisor *s = owner;
    (void)request, (void)client;
    uint64_t value[LK_COUNTER_COUNT] = {0}, requests[LK_EXCHANGE_COUNT][LK_STATUS_COUNT] = {{0}};
    json_t *o = lk_control_good(), *threads = json_array(), *exchanges = json_array();
    const struct lk_ward *const wards[] = {&s->front, &s->vault};
    for (size_t p = 0; p < 2; p++)
        for (uint32_t i = 0; i < wards[p]->threads; i++) {
            sum_thread(&wards[p]->counters->thread[i], value, requests);
            json_array_append_new(threads, thread_object(&wards[p]->counters->thread[i]));
        }
    for (int x = 0; x < LK_EXCHANGE_COUNT; x++)
        json_array_append_new(exchanges, exchange_object(s, (enum lk_exchange_id)x, requests[x]));
    json_object_set_new(o, "counters", counters_object(value));
    json_object_set_new(o, "exchanges", exchanges);
    json_object_set_new(o, "kernels", rows_array(&s->vault));
    json_object_set_new(o, "threads", threads);
    return o;
}

/* --- keys, edges, plan
 * ------------------------------------------------------------------------------ */

static void set_public(json_t *o, const struct lk_bundle_public *p)
{
    struct lk_key_public_message head;
    struct lk_keyid id;
    memcpy(&head, p->body, sizeof head);
    const struct lk_bytes spki = {.data = p->body + sizeof head, .len = head.spki_bytes};
    const struct lk_bytes rsa = {.data = spki.data + spki.len, .len = head.rsa_public_bytes};
    lk_keyid_of(spki, rsa, &id);
    set_text(o, "kind", kind_names[head.kind]);
    set_u64(o, "bits", head.bits);
    set_hex(o, "id", id.id[0], sizeof id.id[0]);
    set_hex(o, "public_sha256", id.full, sizeof id.full);
}

static json_t *key_object(const struct lk_bundle *b, uint32_t i)
{
    const struct lk_conf_key *key = &b->conf->keys[i];
    json_t *o = json_object(), *uses = json_array();
    static const struct {
        uint32_t use;
        const char *name;
    } names[] = {{LK_USE_TLS12_RSA, "tls12-rsa"},
                 {LK_USE_TLS12_SIGN, "tls12-sign"},
                 {LK_USE_TLS13_SIGN, "tls13-sign"},
                 {LK_USE_TLS13_CLIENT, "tls13-client"}};
    for (size_t u = 0; u < sizeof names / sizeof names[0]; u++)
        if ((key->uses & names[u].use) != 0)
            json_array_append_new(uses, json_string(names[u].name));
    set_text(o, "name", key->name);
    set_text(o, "tenant", b->conf->tenants[key->tenant].name);
    set_text(o, "file", key->file);
    set_text(o, "chain", key->chain);
    json_object_set_new(o, "uses", uses);
    json_object_set_new(o, "serving", json_boolean(b->public[i].body != NULL));
    if (b->public[i].body != NULL) set_public(o, &b->public[i]);
    return o;
}

static json_t *report_keys(void *owner, const json_t *request, uint32_t client)
{
    struct lk_supervisor *s = owner;
    (void)request, (void)client;
    if (s->current == NULL) return lk_control_bad("still starting");
    json_t *o = lk_control_good(), *keys = json_array();
    for (uint32_t i = 0; i < s->current->conf->key_count; i++)
        json_array_append_new(keys, key_object(s->current, i));
    json_object_set_new(o, "keys", keys);
    return o;
}

/* Requests by how far the edge's clock was ahead of ours: "at most so many seconds" to a count. */
static json_t *skew_object(const struct lk_ward *front, uint32_t edge)
{
    struct lk_skew sum = {0};
    json_t *o = json_object();
    for (uint32_t i = 0; i < front->threads; i++)
        lk_skew_merge(&sum, &front->counters->thread[i].edge_skew[edge]);
    for (unsigned i = 0; i < LK_SKEW_CELLS; i++) {
        char name[24] = "more";
        if (i < LK_SKEW_CELLS - 1)
            snprintf(name, sizeof name, "%lld", (long long)lk_skew_limit_s(i));
        if (lk_skew_count(&sum, i) > 0) set_u64(o, name, lk_skew_count(&sum, i));
    }
    return o;
}

static json_t *report_edges(void *owner, const json_t *request, uint32_t client)
{
    struct lk_supervisor *s = owner;
    (void)request, (void)client;
    if (s->current == NULL) return lk_control_bad("still starting");
    json_t *o = lk_control_good(), *edges = json_array();
    const struct lk_conf *c = s->current->conf;
    for (uint32_t i = 0; i < c->edge_count; i++) {
        json_t *edge = json_object();
        set_text(edge, "name", c->edges[i].name);
        set_text(edge, "match", c->edges[i].match);
        set_text(edge, "tenant", c->tenants[c->edges[i].tenant].name);
        json_object_set_new(edge, "skew_s", skew_object(&s->front, i));
        json_array_append_new(edges, edge);
    }
    json_object_set_new(o, "edges", edges);
    return o;
}

static json_t *report_plan(void *owner, const json_t *request, uint32_t client)
{
    struct lk_supervisor *s = owner;
    (void)request, (void)client;
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) return lk_control_bad("out of memory");
    lk_plan_print_json(&s->threads, to);
    fclose(to);
    json_t *o = lk_control_good();
    json_object_set_new(o, "threads", json_loads(text, 0, NULL));
    free(text);
    return o;
}

/* --- orders
 * -------------------------------------------------------------------------------------------- */

static json_t *report_reload(void *owner, const json_t *request, uint32_t client)
{
    struct lk_supervisor *s = owner;
    (void)request;
    if (s->draining || s->current == NULL)
        return lk_control_bad("not serving: starting or draining");
    if (s->reload_has_client) return lk_control_bad("another reload waits already");
    lk_journal_reopen(&s->journal);
    s->reload_wanted = s->reload_has_client = true;
    s->reload_client = client;
    return NULL; /* answered when every loop uses the new generation, or none does */
}

static json_t *report_drain(void *owner, const json_t *request, uint32_t client)
{
    (void)request, (void)client;
    lk_supervise_drain(owner);
    return lk_control_good();
}

const struct lk_control_row lk_report_rows[] = {
    {"status", report_status}, {"stats", report_stats}, {"keys", report_keys},
    {"edges", report_edges},   {"plan", report_plan},   {"reload", report_reload},
    {"drain", report_drain},
};
const size_t lk_report_row_count = sizeof lk_report_rows / sizeof lk_report_rows[0];
