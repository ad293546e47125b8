/* supervisor: the state of the parent of front and vault, shared by its files: supervise.c (the
 * poll loop: signals, deaths, heartbeats), rollout.c (a generation on its way to both children),
 * report.c (what lurkctl is told).
 *
 * Thread  one. Owner: lk_supervise. */
#ifndef LK_IO_SUPERVISOR_H
#define LK_IO_SUPERVISOR_H

#include "io/bundle.h"
#include "io/child.h"
#include "io/control.h"
#include "io/journal.h"
#include "io/listener.h"
#include "io/plan.h"
#include "io/supervise.h"
#include "io/tables.h"

#define LK_STRIKES_PER_MINUTE_MAX 10
#define LK_SUPERVISE_ERROR_BYTES 4096

/* A child and what is known of it. */
struct lk_ward {
    struct lk_child child;
    struct lk_child_identity identity;
    const char *name;
    /* Its counters are memory that it writes: how many there are is our own knowledge. */
    struct lk_process_counters *counters;
    uint32_t threads;
    /* The last heartbeat seen of each, and for how long of our own wakeful time there was none
     * since. */
    struct lk_pulse {
        uint64_t beat_ns, silent_ns;
    } pulse[LK_LOOPS_MAX > LK_WORKERS_MAX ? LK_LOOPS_MAX : LK_WORKERS_MAX];
    bool wants_load;   /* started, or served keys withdrawn: it needs the current generation */
    bool ready;        /* it serves some generation */
    bool gone;         /* its channel is closed: it has done its last, and is not reaped yet */
    uint64_t ready_ns; /* since then */
    uint64_t start_ns; /* when it may be started again */
    uint64_t back_off_ns;
    /* A strike is a death, or an epoch that it broke as the other child says. */
    uint64_t strike_ns[LK_STRIKES_PER_MINUTE_MAX]; /* a ring; strikes counts on */
    uint64_t strikes, deaths, breaches;
};

enum lk_rollout_step { LK_ROLLOUT_NONE, LK_ROLLOUT_VAULT, LK_ROLLOUT_FRONT };

/* A generation on its way. */
struct lk_rollout {
    enum lk_rollout_step step;
    struct lk_bundle *bundle; /* next (fresh) or current */
    bool fresh;               /* start or reload: a fault refuses it; else a bad key is left out */
    bool told;                /* this step's child got the head of the load */
    bool committed;           /* and the COMMIT */
    uint32_t sent, answered;  /* keys */
    uint32_t faults;
    bool has_client;
    uint32_t client; /* of lurkctl, waits for the end */
    uint64_t started_ns;
};

struct lk_supervisor {
    struct lk_supervise_options options;
    struct lk_bundle *current, *next;
    struct lk_plan threads;
    struct lk_plan_message plan; /* the same as children get it */
    struct lk_listeners listeners;
    struct lk_tables tables;
    int bell_fd[LK_LOOPS_MAX];
    struct lk_ward front, vault;
    struct lk_rollout rollout;
    uint64_t generation; /* newest number given out */
    uint64_t epoch;
    int epoch_fd; /* segment of this epoch; -1: none */
    bool epoch_wanted;
    uint64_t epoch_after_ns; /* not before */

    bool reload_wanted, reload_has_client;
    uint32_t reload_client;
    bool draining, drained, ended, failed;
    bool serving; /* said READY */
    uint64_t drain_until_ns;
    uint64_t started_ns, turn_ns;
    struct lk_journal journal;
    struct lk_control control;
    int signal_fd;
    char error[LK_SUPERVISE_ERROR_BYTES];
    struct lk_message message;
};

/* --- rollout.c -------------------------------------------------------------------------------- */

/* Begins what is due and carries on what is under way, without waiting. True: there is more to do
 * at once. */
bool lk_rollout_turn(struct lk_supervisor *s);
/* A message of a child. Errors: it broke the order, and is to be killed. */
LK_MUST_USE lk_err lk_rollout_hear(struct lk_supervisor *s, struct lk_ward *from,
                                   struct lk_message *m);
/* A child died: what it took part in starts again, a reload fails. */
void lk_rollout_death(struct lk_supervisor *s, const struct lk_ward *ward);
/* Reads the configuration again and begins a reload; its end answers the client. */
void lk_rollout_reload(struct lk_supervisor *s);
/* Both children go over to a fresh segment. */
void lk_epoch_begin(struct lk_supervisor *s);
/* The vault is gone, or the epoch was broken: the front answers what is in flight at once. Nothing
 * where that was done already. */
void lk_epoch_end(struct lk_supervisor *s);

/* --- report.c
 * ------------------------------------------------------------------------------------- */

extern const struct lk_control_row lk_report_rows[];
extern const size_t lk_report_row_count;

/* --- supervise.c
 * ----------------------------------------------------------------------------------- */

void lk_supervise_drain(struct lk_supervisor *s);
/* This child broke the epoch, as the other one says: the next one begins after its back-off. */
void lk_supervise_breach(struct lk_supervisor *s, struct lk_ward *at_fault);

#endif
