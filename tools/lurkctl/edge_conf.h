/* edge_conf: is an openssl.cnf one that lurk.so works with? Reads the file as OpenSSL does,
 * included files and all, and loads nothing of what it names. Findings: finding.h. */
#ifndef LK_TOOLS_LURKCTL_EDGE_CONF_H
#define LK_TOOLS_LURKCTL_EDGE_CONF_H

#include <stdbool.h>

#include "tools/provider/keyfile.h"

#define LK_EDGE_PATH_BYTES 512

struct lk_edge_conf {
    char agent[LK_KEYFILE_AGENT_MAX + 1]; /* the socket the provider asks on */
    char module[LK_EDGE_PATH_BYTES];      /* where OpenSSL looks for lurk.so */
    bool full;                            /* mode full is asked for */
};

/* modules: the directory of modules that are named without a path. False: a fault was told that
 * leaves nothing to go on with; else out is what the file says, or the provider's defaults. */
bool lk_edge_conf_check(const char *path, const char *modules, struct lk_edge_conf *out);

#endif
