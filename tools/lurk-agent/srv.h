/* srv: the SRV records of a DNS answer, with their time to live, which c-ares's own reader of this
 * type leaves out. Source RFC 2782, RFC 1035 4.1. Stateless; any thread. */
#ifndef LK_TOOLS_LURK_AGENT_SRV_H
#define LK_TOOLS_LURK_AGENT_SRV_H

#include <stdbool.h>

#include "core/base/bytes.h"
#include "tools/lurk-agent/limits.h"

struct lk_srv {
    char target[LK_HOST_BYTES_MAX + 1];
    uint16_t port, priority, weight;
};

/* The records, at most LK_AGENT_SERVERS_MAX; others of the answer (CNAME) are passed over. A target
 * of "." is no service and is left out, as are names that are no host's. *ttl_s: the shortest.
 * False: no DNS answer. */
bool lk_srv_parse(struct lk_bytes answer, struct lk_srv record[LK_AGENT_SERVERS_MAX],
                  uint32_t *count, uint32_t *ttl_s);

#endif
