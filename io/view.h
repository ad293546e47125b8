/* view: what the front knows of one generation: configuration, public keys, policy, and the TLS
 * contexts made from the files that came with it. Frozen once built; loops borrow it through the
 * loop's current pointer; freed when every loop has begun a turn under a newer one. */
#ifndef LK_IO_VIEW_H
#define LK_IO_VIEW_H

#include <openssl/types.h>

#include "core/conf/conf.h"
#include "core/keys/keystore.h"
#include "core/policy/policy.h"

struct lk_view_files {
    struct lk_bytes certificate, key, ca, crl; /* PEM as read; crl may be empty */
};

struct lk_view {
    uint64_t generation;
    struct lk_conf *conf;
    struct lk_keystore *keys;
    struct lk_policy *policy;
    SSL_CTX *tls, *dtls;
};

/* Takes conf and keys over, also on failure. error: text for the operator. Control thread. */
LK_MUST_USE lk_err lk_view_new(uint64_t generation, struct lk_conf *conf, struct lk_keystore *keys,
                               const struct lk_view_files *files, struct lk_view **out, char *error,
                               size_t error_bytes);
void lk_view_free(struct lk_view *view);

#endif
