/* edge_check: `lurkctl edge check`, whether TLS servers of this host get answers: as the user who
 * asks, through the agent's socket, from a key server. */
#ifndef LK_TOOLS_LURKCTL_EDGE_CHECK_H
#define LK_TOOLS_LURKCTL_EDGE_CHECK_H

/* argv[0] is "check". A line a fact on standard output, a line a fault on standard error. Waits 3 s
 * at most for each answer. Returns the exit status: 0 where a key server answered. */
int lk_edge_check(int argc, char **argv);

#endif
