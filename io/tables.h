/* tables: the memory that outlives a child: counters of both, the table of server randoms, the
 * audit rings. Memfds, sealed in size; the supervisor hands them to each child it starts.
 *
 * Owner   the supervisor, for its whole life. It maps counters and audit rings itself; of the
 * novelty table it only keeps the descriptor. */
#ifndef LK_IO_TABLES_H
#define LK_IO_TABLES_H

#include "core/watch/audit.h"
#include "core/watch/metrics.h"
#include "io/channel.h"

struct lk_tables {
    struct lk_process_counters *front,
        *vault;                  /* mapped read and write: heartbeats are reset here */
    struct lk_audit_ring *audit; /* [workers] */
    int front_fd, vault_fd, front_ro_fd, vault_ro_fd, novelty_fd, audit_fd;
};

/* Errors: errno of memfd_create, ftruncate, mmap. What was made until then stays: lurkd ends. */
LK_MUST_USE lk_err lk_tables_open(uint32_t loops, uint32_t workers, uint32_t novelty_entries,
                                  struct lk_tables *out);
/* The tables of this role, over the channel. */
LK_MUST_USE lk_err lk_tables_send(const struct lk_tables *tables, enum lk_role role, int channel);

#endif
