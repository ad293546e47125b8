#include "tools/lurk-agent/directory.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"

#define RETRY_S 5   /* after a failure */
#define TTL_MIN_S 1 /* whatever a record says */
#define AGAIN_NS LK_NS_PER_S

static bool is_numeric(const char *host)
{
    uint8_t bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static const struct lk_agent_conf_srv *srv_of(const struct lk_directory *d, uint32_t source)
{
    return &d->conf->srvs[source - d->conf->server_count];
}

static const char *name_of(const struct lk_directory *d, uint32_t source)
{
    return source < d->conf->server_count ? d->conf->servers[source].name : srv_of(d, source)->name;
}

/* --- answers of DNS ------------------------------------------------------------------------- */

static uint64_t wait_ns(const struct lk_directory *d, uint32_t ttl_s)
{
    if (ttl_s > d->conf->dns_max_s) ttl_s = d->conf->dns_max_s;
    if (ttl_s < TTL_MIN_S) ttl_s = TTL_MIN_S;
    return ttl_s * LK_NS_PER_S;
}

static void on_resolved(void *owner, uint32_t source, const struct lk_found *found, uint32_t count,
                        uint32_t ttl_s, const char *why)
{
    struct lk_directory *d = owner;
    struct lk_source *s = &d->source[source];
    s->asked = false;
    if (count == 0) {
        s->ask_at_ns = d->now_ns + RETRY_S * LK_NS_PER_S;
        lk_agent_count(d->metrics, LK_A_DNS_FAILED);
        lk_log(LK_LOG_WARNING, "a name is not resolved", LK_F_STR("name", name_of(d, source)),
               LK_F_STR("why", why), LK_F_U64("addresses_kept", s->count));
        return;
    }
    s->ask_at_ns = d->now_ns + wait_ns(d, ttl_s);
    s->count = count;
    memcpy(s->found, found, count * sizeof *found);
    d->changed = true;
    lk_agent_count(d->metrics, LK_A_DNS_GOOD);
}

static void ask(struct lk_directory *d, uint32_t source)
{
    d->source[source].asked = true;
    if (source < d->conf->server_count)
        lk_resolver_ask(&d->resolver, source, d->conf->servers[source].host, false,
                        d->conf->servers[source].port);
    else
        lk_resolver_ask(&d->resolver, source, srv_of(d, source)->service, true, 0);
}

/* --- the configuration ---------------------------------------------------------------------- */

lk_err lk_directory_init(struct lk_directory *d, struct lk_fleet *fleet,
                         struct lk_agent_metrics *metrics, struct lk_watches *watches)
{
    *d = (struct lk_directory){.fleet = fleet,
                               .metrics = metrics,
                               .watches = watches,
                               .again_at_ns = UINT64_MAX,
                               .source = calloc(LK_SOURCES_MAX, sizeof *d->source)};
    return d->source != NULL ? LK_OK : LK_ERR_MEMORY;
}

void lk_directory_fini(struct lk_directory *d)
{
    lk_resolver_close(&d->resolver);
    free(d->source);
}

/* The place that an old configuration has for what a new one looks up; count: none. */
static uint32_t find_old(const struct lk_directory *d, const char *host, const char *service)
{
    uint32_t i = 0;
    for (; i < d->count; i++) {
        bool server = i < d->conf->server_count;
        const char *name = server ? d->conf->servers[i].host : srv_of(d, i)->service;
        if (host != NULL && server && strcmp(name, host) == 0) break;
        if (service != NULL && !server && strcmp(name, service) == 0) break;
    }
    return i;
}

static void keep_found(struct lk_source *to, const struct lk_directory *d, uint32_t old,
                       uint16_t port)
{
    if (old == d->count) return;
    to->count = d->source[old].count;
    memcpy(to->found, d->source[old].found, sizeof to->found);
    for (uint32_t i = 0; i < to->count && port != 0; i++)
        to->found[i].port = port;
}

static void set_server(struct lk_source *to, const struct lk_directory *d,
                       const struct lk_agent_conf_server *row, uint64_t now_ns)
{
    to->ask_at_ns = now_ns;
    if (!is_numeric(row->host)) {
        keep_found(to, d, find_old(d, row->host, NULL), row->port);
        return;
    }
    to->ask_at_ns = UINT64_MAX;
    to->count = 1;
    snprintf(to->found[0].address, sizeof to->found[0].address, "%.45s", row->host);
    to->found[0].port = row->port;
}

lk_err lk_directory_set(struct lk_directory *d, const struct lk_agent_conf *conf, uint64_t now_ns)
{
    struct lk_source *next = calloc(LK_SOURCES_MAX, sizeof *next);
    LK_REQUIRE(next != NULL, LK_ERR_MEMORY);
    uint32_t count = 0;
    for (uint32_t i = 0; i < conf->server_count; i++)
        set_server(&next[count++], d, &conf->servers[i], now_ns);
    for (uint32_t i = 0; i < conf->srv_count; i++) {
        next[count].ask_at_ns = now_ns;
        keep_found(&next[count++], d, find_old(d, NULL, conf->srvs[i].service), 0);
    }
    lk_resolver_close(&d->resolver); /* what is under way is of the old one */
    free(d->source);
    d->source = next;
    d->count = count;
    d->conf = conf;
    d->changed = true;
    return lk_resolver_open(&d->resolver, d->watches, on_resolved, d);
}

/* --- endpoints ------------------------------------------------------------------------------ */

/* The endpoint of an address of a source. */
static struct lk_endpoint endpoint_of(const struct lk_directory *d, uint32_t source, uint32_t i)
{
    const struct lk_found *found = &d->source[source].found[i];
    struct lk_endpoint at = {.port = found->port};
    memcpy(at.address, found->address, sizeof at.address);
    if (source < d->conf->server_count) {
        const struct lk_agent_conf_server *row = &d->conf->servers[source];
        memcpy(at.server_name, row->server_name, sizeof at.server_name);
        at.transport = row->transport;
        at.priority = row->priority;
        at.weight = row->weight;
        snprintf(at.name, sizeof at.name, is_numeric(row->host) ? "%s" : "%s/%s", row->name,
                 found->address);
    } else {
        const struct lk_agent_conf_srv *row = srv_of(d, source);
        memcpy(at.server_name, row->server_name, sizeof at.server_name);
        at.transport = row->transport;
        at.priority = found->priority;
        at.weight = found->weight > 0 ? found->weight : 1;
        snprintf(at.name, sizeof at.name, "%s/%s/%u", row->name, found->address, found->port);
    }
    return at;
}

static void tell_fleet(struct lk_directory *d, uint64_t now_ns)
{
    static struct lk_endpoint list[LK_AGENT_SERVERS_MAX]; /* large, and used here only */
    uint32_t count = 0, left_out = 0;
    for (uint32_t s = 0; s < d->count; s++)
        for (uint32_t i = 0; i < d->source[s].count; i++) {
            if (count < LK_AGENT_SERVERS_MAX)
                list[count++] = endpoint_of(d, s, i);
            else
                left_out++;
        }
    left_out += lk_fleet_want(d->fleet, list, count, now_ns);
    d->again_at_ns = left_out > 0 ? now_ns + AGAIN_NS : UINT64_MAX; /* retired ones make room */
    if (left_out > d->left_out)
        lk_log(LK_LOG_WARNING, "more key servers than there is room for",
               LK_F_U64("room", LK_AGENT_SERVERS_MAX), LK_F_U64("left_out", left_out));
    d->left_out = left_out;
}

/* --- time ----------------------------------------------------------------------------------- */

void lk_directory_turn(struct lk_directory *d, uint64_t now_ns)
{
    d->now_ns = now_ns;
    if (lk_resolver_wait_ns(&d->resolver) == 0) lk_resolver_turn(&d->resolver);
    for (uint32_t s = 0; s < d->count; s++)
        if (!d->source[s].asked && d->source[s].ask_at_ns <= now_ns) ask(d, s);
    if (!d->changed && d->again_at_ns > now_ns) return;
    d->changed = false;
    tell_fleet(d, now_ns);
}

uint64_t lk_directory_due_ns(const struct lk_directory *d, uint64_t now_ns)
{
    uint64_t wait = lk_resolver_wait_ns(&d->resolver);
    uint64_t first = d->changed ? now_ns : wait == UINT64_MAX ? wait : now_ns + wait;
    if (d->again_at_ns < first) first = d->again_at_ns;
    for (uint32_t s = 0; s < d->count; s++)
        if (!d->source[s].asked && d->source[s].ask_at_ns < first) first = d->source[s].ask_at_ns;
    return first;
}
