/* child: front or vault as a process: how the supervisor starts one and how one begins its life.
 *
 * A child is fork and exec of /proc/self/exe with its role as argv[0], so that it has an address
 * layout, a canary and a heap of its own and inherits nothing: no environment, no descriptor but
 * standard error and its channel, at 3 as it starts. With --one-process it is a thread instead.
 * Owner   struct lk_child: the supervisor. */
#ifndef LK_IO_CHILD_H
#define LK_IO_CHILD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/conf/conf.h"
#include "io/channel.h"
#include "io/segment.h"

#define LK_CHILD_CHANNEL 3       /* descriptor of the channel in a child process, as it starts */
#define LK_CHILD_DESCRIPTORS 128 /* a vault's are below that, but for the channel then */

static inline struct lk_segment_shape lk_plan_shape(const struct lk_plan_message *plan)
{
    return (struct lk_segment_shape){.loops = plan->loops,
                                     .workers = plan->workers,
                                     .small_per_loop = plan->small_per_loop,
                                     .large_per_loop = plan->large_per_loop};
}

/* --- the supervisor's side -------------------------------------------------------------------- */

struct lk_child {
    enum lk_role role;
    int channel; /* ours; -1: no child */
    bool threaded;
    pid_t pid;
    int pidfd;
    uint32_t uid;
    pthread_t thread;
    _Atomic bool thread_ended;
};

/* Whom a child runs as. uid and gid 0 with drop false: as we do. */
struct lk_child_identity {
    bool drop;
    uint32_t uid, gid;
};
/* user "": nobody else. The vault runs as "USER-vault" where such a user exists, so that the two
 * children cannot signal each other. error: text for the operator. */
LK_MUST_USE lk_err lk_child_identity_find(const char *user, enum lk_role role,
                                          struct lk_child_identity *out, char *error,
                                          size_t error_bytes);

/* Sends on the channel give up after 2 s: a child that reads nothing is dead. */
LK_MUST_USE lk_err lk_child_start(struct lk_child *child, enum lk_role role,
                                  const struct lk_child_identity *identity);
LK_MUST_USE lk_err lk_child_start_thread(struct lk_child *child, enum lk_role role);
/* kill -9; a thread gets end of file instead. */
void lk_child_kill(struct lk_child *child);
/* Has it ended? Then it is reaped, its channel closed, and *how says why (a sentence piece). */
bool lk_child_ended(struct lk_child *child, char *how, size_t how_bytes);

/* --- the child's side ------------------------------------------------------------------------- */

/* The role that argv[0] names, or 0. */
int lk_child_role(const char *argv0);
/* Sets up signals and the parent's death, then lives the role. Returns the exit code. */
int lk_child_main(enum lk_role role);
/* REFUSED with a text; for a fault before any order, of generation 0. */
LK_MUST_USE lk_err lk_child_refuse(int channel, uint64_t generation, const char *text);
void lk_child_refuse_start(int channel, const char *what, lk_err err);
/* Logging as the configuration says, before the sandbox closes: one event goes out at any level, so
 * that libsystemd has its socket. Later only lk_log_level. */
void lk_child_log_setup(const char *who, const struct lk_conf *conf, const char *memory);
/* May this process lock so many bytes, all in all? By RLIMIT_MEMLOCK, or CAP_IPC_LOCK. */
bool lk_child_may_lock(size_t bytes);
/* CPU time of this process. */
uint64_t lk_child_cpu_ns(void);

#endif
