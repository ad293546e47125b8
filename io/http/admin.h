/* admin: the page for probes and Prometheus: /metrics, /healthz, /readyz, on a socket that was
 * bound to a loopback address. What it shows is its program's (struct lk_admin_pages).
 *
 * Owner   lurkd: the front's control thread starts and stops it; lurk-agent: its only other thread.
 * It serves on a thread of its own, so that a slow scraper delays nothing. Reads   only counters
 * that others write (relaxed atomics). Bounds  8 KiB of headers, no body, 5 s a request; libevent's
 * server parses. */
#ifndef LK_IO_HTTP_ADMIN_H
#define LK_IO_HTTP_ADMIN_H

#include <stdio.h>

#include "core/base/err.h"
#include "core/watch/metrics.h"

struct lk_admin;

/* Called on the page's own thread. */
struct lk_admin_pages {
    const char *(*fault)(const void *owner); /* why it is not ready; NULL: it is */
    void (*metrics)(const void *owner, FILE *to);
};

struct lk_admin_conf {
    int listen_fd; /* listening; taken over */
    const struct lk_admin_pages *pages;
    const void *owner; /* borrowed until lk_admin_stop */
};

/* lurkd's: ready when the front serves, the vault serves, and there is at least one key. */
struct lk_admin_processes {
    const struct lk_process_counters *front, *vault;
};
extern const struct lk_admin_pages lk_admin_pages_lurkd; /* owner: struct lk_admin_processes */

LK_MUST_USE lk_err lk_admin_start(const struct lk_admin_conf *conf, struct lk_admin **out);
void lk_admin_stop(struct lk_admin *admin);

#endif
