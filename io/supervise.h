/* supervise: the parent of front and vault: it opens every file, makes what they share, starts
 * them, watches them, and starts them again. It holds no secret and serves no byte.
 *
 * Thread  one, which forks; nothing else may run in the process (but with one_process). */
#ifndef LK_IO_SUPERVISE_H
#define LK_IO_SUPERVISE_H

#include <stdbool.h>

struct lk_supervise_options {
    const char *conf_path;
    bool one_process; /* front and vault as threads, without sandboxes: for debuggers */
};

/* Runs until SIGTERM, SIGINT or a fault that no restart mends. Returns the exit code. */
int lk_supervise(const struct lk_supervise_options *options);

#endif
