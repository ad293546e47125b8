/* plan: which thread runs on which CPU, and whether it may spin before it sleeps. Made by the
 * supervisor at start from configuration and topology; a pure function of the two.
 *
 * auto    takes physical cores before SMT siblings, leaves cpu.reserve cores (the lowest, where
 *         interrupts go) free, gives each memory node a loop for every three workers, and
 *         keeps to the cgroup's quota. Workers get cores, since a second kernel on a core gains
 * nothing. Spins   only where a thread has a core to itself in the plan, and there is no quota to
 * burn: the peer it waits for then runs elsewhere. One CPU: loop and worker share it and sleep. */
#ifndef LK_IO_PLAN_H
#define LK_IO_PLAN_H

#include <stdbool.h>
#include <stdio.h>

#include "io/topology.h"

enum lk_plan_role { LK_PLAN_LOOP, LK_PLAN_WORKER };

struct lk_plan_thread {
    enum lk_plan_role role;
    uint32_t index; /* of its role */
    uint16_t cpu, core, node;
    bool spins;
};

struct lk_plan {
    uint32_t loops, workers;
    struct lk_plan_thread thread[LK_LOOPS_MAX + LK_WORKERS_MAX]; /* loops, then workers */
};

/* error: one line for the operator. Errors: LK_ERR_RANGE: a listed CPU that may not be used, a
 * reserve that leaves nothing. */
LK_MUST_USE lk_err lk_plan_make(const struct lk_conf *conf, const struct lk_topology *topology,
                                struct lk_plan *plan, char *error, size_t error_bytes);

/* A table with a heading, and a JSON array of one object a thread, without a newline at its end. */
void lk_plan_print(const struct lk_plan *plan, FILE *to);
void lk_plan_print_json(const struct lk_plan *plan, FILE *to);

#endif
