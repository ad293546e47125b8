#include "tools/lurk-agent/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "core/base/clock.h"
#include "tools/lurk-agent/srv.h"

#define TIMEOUT_MS 1000 /* of a query; then the next name server, two rounds */
#define TRIES 2
#define CLASS_IN 1
#define TYPE_SRV 33

struct lookup;

/* The addresses of one name: the host itself, or the target of a record. */
struct target {
    struct lookup *lookup;
    struct lk_srv at;
};

/* One question of ours, which may become several of DNS. */
struct lookup {
    struct lk_resolver *resolver;
    uint32_t source;
    uint32_t pending; /* targets that are not known yet */
    uint32_t ttl_s;
    int status;
    struct lk_found found[LK_AGENT_SERVERS_MAX];
    uint32_t count;
    struct target target[LK_AGENT_SERVERS_MAX];
};

/* --- sockets -------------------------------------------------------------------------------- */

static void on_socket(void *owner, uint32_t fd, uint32_t events, uint64_t now_ns)
{
    struct lk_resolver *r = owner;
    bool in = (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
    bool out = (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
    (void)now_ns;
    ares_process_fd(r->channel, in ? (ares_socket_t)fd : ARES_SOCKET_BAD,
                    out ? (ares_socket_t)fd : ARES_SOCKET_BAD);
}

static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct lk_resolver *r = data;
    uint32_t i = 0;
    uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
    while (i < r->socket_count && r->socket[i].fd != fd)
        i++;
    if (i < r->socket_count && events != 0) {
        lk_watch_change(r->watches, r->socket[i].watch, events);
    } else if (i < r->socket_count) {
        lk_watch_drop(r->watches, r->socket[i].watch);
        r->socket[i] = r->socket[--r->socket_count];
    } else if (events != 0 && r->socket_count < LK_RESOLVE_SOCKETS_MAX) {
        uint32_t watch = lk_watch_add(r->watches, fd, events, on_socket, r, (uint32_t)fd);
        if (watch == LK_WATCH_NONE) return; /* the query will time out */
        r->socket[r->socket_count].fd = fd;
        r->socket[r->socket_count++].watch = watch;
    }
}

lk_err lk_resolver_open(struct lk_resolver *r, struct lk_watches *watches, lk_resolved_fn resolved,
                        void *owner)
{
    *r = (struct lk_resolver){.watches = watches, .resolved = resolved, .owner = owner};
    struct ares_options options = {.timeout = TIMEOUT_MS,
                                   .tries = TRIES,
                                   .sock_state_cb = on_socket_state,
                                   .sock_state_cb_data = r};
    LK_REQUIRE(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS, LK_ERR_MEMORY);
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    r->open = ares_init_options(&r->channel, &options, mask) == ARES_SUCCESS;
    return r->open ? LK_OK : LK_ERR_UNKNOWN;
}

void lk_resolver_close(struct lk_resolver *r)
{
    if (!r->open) return;
    r->resolved = NULL; /* what is under way ends now and is told to nobody */
    ares_destroy(r->channel);
    ares_library_cleanup();
    r->open = false;
}

/* --- answers -------------------------------------------------------------------------------- */

static void finish(struct lookup *l)
{
    struct lk_resolver *r = l->resolver;
    if (r->resolved != NULL)
        r->resolved(r->owner, l->source, l->found, l->count, l->ttl_s, ares_strerror(l->status));
    free(l);
}

static void add(struct lookup *l, const struct lk_srv *at, const struct ares_addrinfo_node *node)
{
    struct lk_found *to = &l->found[l->count];
    const void *address =
        node->ai_family == AF_INET
            ? (const void *)&((struct sockaddr_in *)(void *)node->ai_addr)->sin_addr
            : &((struct sockaddr_in6 *)(void *)node->ai_addr)->sin6_addr;
    if (l->count == LK_AGENT_SERVERS_MAX) return;
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) return;
    *to = (struct lk_found){.port = at->port, .priority = at->priority, .weight = at->weight};
    if (inet_ntop(node->ai_family, address, to->address, sizeof to->address) == NULL) return;
    if (node->ai_ttl >= 0 && (uint32_t)node->ai_ttl < l->ttl_s) l->ttl_s = (uint32_t)node->ai_ttl;
    l->count++;
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct target *target = arg;
    struct lookup *l = target->lookup;
    (void)timeouts;
    if (status != ARES_SUCCESS) l->status = status;
    for (const struct ares_addrinfo_node *n = info != NULL ? info->nodes : NULL; n != NULL;
         n = n->ai_next)
        add(l, &target->at, n);
    if (info != NULL) ares_freeaddrinfo(info);
    if (--l->pending == 0) finish(l);
}

static void ask_addresses(struct target *target)
{
    static const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                                     .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(target->lookup->resolver->channel, target->at.target, NULL, &hints,
                     on_addresses, target);
}

static void on_service(void *arg, int status, int timeouts, unsigned char *answer, int len)
{
    struct lookup *l = arg;
    struct lk_srv record[LK_AGENT_SERVERS_MAX];
    uint32_t count = 0;
    (void)timeouts;
    l->status = status;
    if (status == ARES_SUCCESS &&
        !lk_srv_parse(lk_bytes_of(answer, (size_t)len), record, &count, &l->ttl_s))
        l->status = ARES_EBADRESP;
    if (count == 0) {
        finish(l);
        return;
    }
    l->pending = count + 1; /* so that it stays while they are asked for */
    for (uint32_t i = 0; i < count; i++) {
        l->target[i] = (struct target){.lookup = l, .at = record[i]};
        ask_addresses(&l->target[i]);
    }
    if (--l->pending == 0) finish(l);
}

void lk_resolver_ask(struct lk_resolver *r, uint32_t source, const char *name, bool service,
                     uint16_t port)
{
    struct lookup *l = calloc(1, sizeof *l);
    if (l == NULL) {
        r->resolved(r->owner, source, NULL, 0, 0, "out of memory");
        return;
    }
    *l = (struct lookup){.resolver = r, .source = source, .ttl_s = UINT32_MAX};
    if (service) {
        ares_query(r->channel, name, CLASS_IN, TYPE_SRV, on_service, l);
        return;
    }
    l->pending = 1;
    l->target[0] = (struct target){.lookup = l, .at = {.port = port, .weight = 1}};
    memcpy(l->target[0].at.target, name, strnlen(name, LK_HOST_BYTES_MAX));
    ask_addresses(&l->target[0]);
}

void lk_resolver_turn(struct lk_resolver *r)
{
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

uint64_t lk_resolver_wait_ns(const struct lk_resolver *r)
{
    struct timeval wait;
    if (ares_timeout(r->channel, NULL, &wait) == NULL) return UINT64_MAX;
    return (uint64_t)wait.tv_sec * LK_NS_PER_S + (uint64_t)wait.tv_usec * LK_NS_PER_US;
}
