/* edge_check: `lurkctl edge check`, whether TLS servers of this host get their keys used:
 * openssl.cnf (edge_conf.h), lurk.so, key files and handshakes (edge_shake.h), lurk-agent and key
 * servers (edge_agent.h). */
#ifndef LK_TOOLS_LURKCTL_EDGE_CHECK_H
#define LK_TOOLS_LURKCTL_EDGE_CHECK_H

/* argv[0] is "check". Returns the exit status: 0 all is well, 1 a fault was told, 2 for a bad
 * command line. */
int lk_edge_check(int argc, char **argv);

#endif
