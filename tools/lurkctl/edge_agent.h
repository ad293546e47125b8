/* edge_agent: does lurk-agent answer this user, and a key server through it? Findings: finding.h.
 */
#ifndef LK_TOOLS_LURKCTL_EDGE_AGENT_H
#define LK_TOOLS_LURKCTL_EDGE_AGENT_H

#include <stdbool.h>

/* path: "/path" or "@abstract". Waits 3 s at most for each answer. False: a fault was told. */
bool lk_edge_agent_check(const char *path);

#endif
