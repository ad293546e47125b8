/* journal: the audit records on disk: one JSON object a line in STATE_DIR/audit.log, appended.
 *
 * Owner   the supervisor. Each turn takes what the workers' rings hold, checks each ring's hash chain, and
 *         writes. A thread of its own takes the file to disk (fdatasync) once a second while there was
 *         something: a busy disk makes that last seconds, and a ring is full in a fraction of one.
 * Chain   a line carries the worker, its sequence number and the chain's hash, so that a reader finds
 *         a missing, swapped or edited line. A "start" line marks a new chain.
 * Errors  a disk that takes nothing is logged (rate-limited) and tried again; the rings fill meanwhile, and
 *         then the workers refuse requests rather than use keys unrecorded. */
#ifndef LK_IO_JOURNAL_H
#define LK_IO_JOURNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/log.h"
#include "core/watch/audit.h"
#include "core/base/err.h"

/* What takes the file to disk. One round is asked for by `wanted` and over when `busy` is false again. */
struct lk_journal_sync {
    pthread_t thread;
    bool started;
    int fd;
    sem_t wanted;
    atomic_bool busy, stop;
    _Atomic int error; /* errno of the last round; 0: good */
};

struct lk_journal {
    int fd;
    struct lk_journal_sync sync;
    struct lk_audit_ring *rings; /* [workers] */
    uint32_t workers;
    uint8_t chain[LK_WORKERS_MAX][16];
    uint64_t sync_ns;  /* when the file was last sent to disk */
    uint64_t slow_ns;  /* when it was last said that this takes long */
    bool unsynced;
    char *text;        /* lines that wait for the disk */
    size_t len, done;  /* of text: filled, written */
    uint64_t records, broken;
    struct lk_log_limit limit;
};

LK_MUST_USE lk_err lk_journal_open(struct lk_journal *journal, const char *dir, struct lk_audit_ring *rings,
                                   uint32_t workers, char *error, size_t error_bytes);
/* Takes and writes; true when there was something. Bounded: some thousand records a turn. Does not wait
 * for the disk but where write does. */
bool lk_journal_turn(struct lk_journal *journal, uint64_t now_ns);
/* Everything that is left, to disk, and the file closed. */
void lk_journal_close(struct lk_journal *journal, uint64_t now_ns);

#endif
