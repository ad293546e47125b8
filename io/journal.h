/* journal: the audit records on disk: one JSON object a line in STATE_DIR/audit.log, appended.
 *
 * Owner   the supervisor. Each turn takes what the workers' rings hold, checks each ring's hash
 *         chain, and writes. A thread of its own takes the file to disk (fdatasync) once a second
 *         while there was something: a busy disk makes that last seconds, and a ring is full in a
 *         fraction of one.
 * Chain   a line carries the worker, its sequence number and the chain's hash, so that a reader
 *         finds a missing, swapped or edited line. A "start" line begins the chain of a run from
 *         the hash over every line before it (journal_file.h), so that no run can be cut out; a
 *         "file" line begins a file with that hash, and "continue" lines say where the workers'
 *         chains stand.
 * Errors  a disk that takes nothing is logged (rate-limited) and tried again; the rings fill
 *         meanwhile, and then the workers refuse requests rather than use keys unrecorded. */
#ifndef LK_IO_JOURNAL_H
#define LK_IO_JOURNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/log.h"
#include "core/watch/audit.h"
#include "core/base/err.h"

#include "io/journal_file.h"

/* What takes the file to disk. One round is asked for by `wanted` and over when `busy` is false
 * again. */
struct lk_journal_sync {
    pthread_t thread;
    bool started;
    /* Set before a round is asked for: */
    int fd, mark_fd;
    struct lk_journal_mark mark; /* what the file holds */
    bool last;                   /* the file is closed after it, and another one marked */
    sem_t wanted;
    atomic_bool busy, stop;
    _Atomic int error; /* errno of the last round; 0: good */
};

struct lk_journal {
    int fd;
    struct lk_journal_sync sync;
    struct lk_audit_ring *rings; /* [workers] */
    uint32_t workers;
    char dir[LK_PATH_BYTES_MAX];
    int mark_fd;
    struct lk_journal_mark end; /* behind the newest line of text */
    uint8_t chain[LK_WORKERS_MAX][16];
    uint64_t sequence[LK_WORKERS_MAX]; /* of the newest record */
    bool reopen, damaged;              /* damaged: at start it was found cut or edited */
    uint64_t sync_ns;                  /* when the file was last sent to disk */
    uint64_t slow_ns;                  /* when it was last said that this takes long */
    bool unsynced;
    char *text;       /* lines that wait for the disk */
    size_t len, done; /* of text: filled, written */
    uint64_t records, broken;
    struct lk_log_limit limit, broken_limit; /* of what the disk refuses; of chains */
};

/* Reads the journal that is there (a second or two a gigabyte), and goes on from it. */
LK_MUST_USE lk_err lk_journal_open(struct lk_journal *journal, const char *dir,
                                   struct lk_audit_ring *rings, uint32_t workers, char *error,
                                   size_t error_bytes);
/* What a turn found. */
enum lk_journal_found {
    LK_JOURNAL_NOTHING,
    LK_JOURNAL_SOME, /* what there was, or what the disk took of it */
    LK_JOURNAL_MORE  /* a ring may have more: a pause now would be time in which it fills */
};

/* Takes and writes. Bounded: some thousand records of each worker a turn. Does not wait for the
 * disk but where write does. */
enum lk_journal_found lk_journal_turn(struct lk_journal *journal, uint64_t now_ns);
/* audit.log may have been moved away: a turn soon goes on in a new one. */
void lk_journal_reopen(struct lk_journal *journal);
/* Everything that is left, to disk, and the file closed. */
void lk_journal_close(struct lk_journal *journal, uint64_t now_ns);

#endif
