/* journal_file: the files under STATE_DIR that the audit journal is kept in, and how a reader knows
 * that nothing was cut out of them.
 *
 * audit.log   lines. A hash runs over all of them, hash := first half of SHA-256(hash || line with
 *             its end), and over one file into the next: a file's first line carries the hash of
 *             the file before.
 * audit.mark  how long audit.log was, and the hash there, when it last reached the disk. So a start
 *             knows whether the end was cut off, or a line before it changed.
 * Who may write both can deceive us here, and nobody who has the lines elsewhere.
 *
 * Owner       the journal.
 * Thread      the supervisor's; lk_journal_mark_write may be called by another one. */
#ifndef LK_IO_JOURNAL_FILE_H
#define LK_IO_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define LK_JOURNAL_HASH_BYTES 16

struct lk_journal_mark {
    uint64_t size; /* bytes of audit.log, whole lines */
    uint8_t hash[LK_JOURNAL_HASH_BYTES];
};

struct lk_journal_files {
    int fd; /* audit.log: appended, locked */
    int mark_fd;
    struct lk_journal_mark end; /* of what was found, or the hash that a new file follows */
    bool fresh;                 /* audit.log is empty: it wants its first line */
    const char *damage; /* NULL: none; else what was found wrong, and audit.log was put aside */
    char aside[32];     /* its name then */
};

/* Over one line. */
void lk_journal_seal(struct lk_journal_mark *end, const char *line, size_t len);

/* Makes the directory, opens, locks and checks both files; a journal that was cut or edited is
 * renamed and a new one begun. Reads all of audit.log. Nothing stays open on errors. */
LK_MUST_USE lk_err lk_journal_files_open(const char *dir, struct lk_journal_files *out);
/* A new audit.log when the path leads to another file than `fd`, or to none; else *out is -1. */
LK_MUST_USE lk_err lk_journal_files_next(const char *dir, int fd, int *out);
void lk_journal_mark_write(int mark_fd, const struct lk_journal_mark *mark);

#endif
