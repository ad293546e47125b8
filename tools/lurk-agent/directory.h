/* directory: which endpoints there are, by the configuration and by DNS. A server with a numeric
 * host is one endpoint; a name is one for each of its addresses, and a service one for each address
 * of each record. Names are looked up again when their time to live is over; what fails keeps the
 * last good answer. Every change goes to the fleet as the whole list.
 * Owner the agent's thread. */
#ifndef LK_TOOLS_LURK_AGENT_DIRECTORY_H
#define LK_TOOLS_LURK_AGENT_DIRECTORY_H

#include "tools/lurk-agent/conf.h"
#include "tools/lurk-agent/fleet.h"
#include "tools/lurk-agent/resolve.h"

#define LK_SOURCES_MAX (2 * LK_AGENT_SERVERS_MAX)

/* A row of servers or srv. */
struct lk_source {
    bool asked;         /* an answer is under way */
    uint64_t ask_at_ns; /* UINT64_MAX: never */
    struct lk_found found[LK_AGENT_SERVERS_MAX];
    uint32_t count;
};

struct lk_directory {
    const struct lk_agent_conf *conf; /* borrowed until the next set */
    struct lk_fleet *fleet;
    struct lk_agent_metrics *metrics;
    struct lk_watches *watches;
    struct lk_resolver resolver;
    struct lk_source *source; /* servers, then srv */
    uint32_t count;
    bool changed;
    uint32_t left_out;    /* endpoints that found no room */
    uint64_t again_at_ns; /* when they are tried again */
    uint64_t now_ns;      /* of the turn: an answer of DNS comes in the midst of it */
};

LK_MUST_USE lk_err lk_directory_init(struct lk_directory *d, struct lk_fleet *fleet,
                                     struct lk_agent_metrics *metrics, struct lk_watches *watches);
void lk_directory_fini(struct lk_directory *d);
/* Another configuration, from the next turn on. What was found under a name that is still there
 * stays until it is found anew. */
LK_MUST_USE lk_err lk_directory_set(struct lk_directory *d, const struct lk_agent_conf *conf,
                                    uint64_t now_ns);
void lk_directory_turn(struct lk_directory *d, uint64_t now_ns);
uint64_t lk_directory_due_ns(const struct lk_directory *d, uint64_t now_ns);

#endif
