/* edge_agent: does lurk-agent answer this user, and a key server through it? Findings: finding.h.
 */
#ifndef LK_TOOLS_LURKCTL_EDGE_AGENT_H
#define LK_TOOLS_LURKCTL_EDGE_AGENT_H

#include <stdbool.h>
#include <stdint.h>

/* path: "/path" or "@abstract". Waits 3 s at most for each answer. False: a fault was told. */
bool lk_edge_agent_check(const char *path);

/* Does a key server behind it sign certificate requests for this key, to this host? Told as a fact,
 * since a host may have its certificates from elsewhere. file: whose key it is. key_id: [4]. */
void lk_edge_requests_tell(const char *path, const char *file, const uint8_t *key_id);

#endif
