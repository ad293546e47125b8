/* admin: the page for probes and Prometheus: /metrics, /healthz, /readyz, on a socket that the
 * supervisor bound to a loopback address.
 *
 * Owner   the front's control thread starts and stops it; it serves on a thread of its own, so that
 * a slow scraper delays no order. Reads   only the counters it is given, which others write
 * (relaxed atomics). Bounds  8 KiB of headers, no body, 5 s a request; libevent's server parses.
 * ready   the front serves, the vault serves, and there is at least one key. */
#ifndef LK_IO_HTTP_ADMIN_H
#define LK_IO_HTTP_ADMIN_H

#include "core/base/err.h"
#include "core/watch/metrics.h"

struct lk_admin;

struct lk_admin_conf {
    int listen_fd;                           /* listening; taken over */
    const struct lk_process_counters *front; /* borrowed until lk_admin_stop */
    const struct lk_process_counters *vault;
};

LK_MUST_USE lk_err lk_admin_start(const struct lk_admin_conf *conf, struct lk_admin **out);
void lk_admin_stop(struct lk_admin *admin);

#endif
