/* resolve: names to addresses, by c-ares on the agent's own epoll: hosts, and services (SRV) with
 * the addresses of their targets. Nothing waits; an answer comes by a call.
 * Owner the agent's thread. Allocates for each look-up, never on a request's path. */
#ifndef LK_TOOLS_LURK_AGENT_RESOLVE_H
#define LK_TOOLS_LURK_AGENT_RESOLVE_H

#include <ares.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/lurk-agent/limits.h"
#include "tools/lurk-agent/watch.h"

#define LK_RESOLVE_SOCKETS_MAX 32

struct lk_found {
    char address[46];
    uint16_t port;
    uint16_t priority, weight;
};

/* count 0: it failed, why says how (c-ares's words). */
typedef void (*lk_resolved_fn)(void *owner, uint32_t source, const struct lk_found *found,
                               uint32_t count, uint32_t ttl_s, const char *why);

struct lk_resolver {
    ares_channel channel;
    bool open;
    struct lk_watches *watches;
    lk_resolved_fn resolved;
    void *owner;
    struct {
        ares_socket_t fd;
        uint32_t watch;
    } socket[LK_RESOLVE_SOCKETS_MAX];
    uint32_t socket_count;
};

LK_MUST_USE lk_err lk_resolver_open(struct lk_resolver *r, struct lk_watches *watches,
                                    lk_resolved_fn resolved, void *owner);
void lk_resolver_close(struct lk_resolver *r);
/* Looks a host up (port is handed through), or a service. `resolved` is called once, perhaps from
 * here. */
void lk_resolver_ask(struct lk_resolver *r, uint32_t source, const char *name, bool service,
                     uint16_t port);
void lk_resolver_turn(struct lk_resolver *r);
/* How long until lk_resolver_turn is due, in ns; UINT64_MAX: nothing is under way. */
uint64_t lk_resolver_wait_ns(const struct lk_resolver *r);

#endif
