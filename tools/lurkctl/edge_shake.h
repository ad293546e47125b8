/* edge_shake: the last word of `lurkctl edge check`: lurk.so as this process has loaded it, a key
 * file as a program loads it, and a handshake of each version with it, in memory, for which a key
 * server is asked. Findings: finding.h. */
#ifndef LK_TOOLS_LURKCTL_EDGE_SHAKE_H
#define LK_TOOLS_LURKCTL_EDGE_SHAKE_H

#include <stdbool.h>

#include "tools/lurkctl/edge_conf.h"

/* Has OpenSSL both providers, with the configuration of this process? False: a fault was told. */
bool lk_edge_providers_check(const struct lk_edge_conf *conf);

/* What a key file says. */
struct lk_edge_keyfile {
    char agent[LK_KEYFILE_AGENT_MAX + 1]; /* its socket; "" leaves that to the configuration */
    uint8_t key_id[LK_SHA256_BYTES];      /* LURK sends its first 4 bytes */
};
/* False: it is no key file, and a fault was told. */
bool lk_edge_keyfile_check(const char *path, struct lk_edge_keyfile *out);
/* The file is loaded, and TLS 1.2 and 1.3 work with it. */
void lk_edge_handshakes_check(const char *path);

#endif
