#include "io/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/exec/novelty.h"

static lk_err make(const char *name, size_t bytes, int *fd)
{
    *fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0) return -errno;
    if (ftruncate(*fd, (off_t)bytes) != 0) return -errno;
    return fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0 ? LK_OK : -errno;
}

static lk_err map(int fd, size_t bytes, void **out)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) return -errno;
    *out = p;
    return LK_OK;
}

/* A second descriptor of the same memory that cannot be mapped for writing. */
static lk_err reopen_read_only(int fd, int *out)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *out = open(path, O_RDONLY | O_CLOEXEC);
    return *out >= 0 ? LK_OK : -errno;
}

/* One process's block: a writable descriptor, a read-only one, and our map. */
struct block {
    struct lk_process_counters *counters;
    int fd, ro_fd;
};

static lk_err make_block(const char *name, uint32_t threads, struct block *b)
{
    void *p = NULL;
    size_t bytes = lk_process_counters_bytes(threads);
    LK_TRY(make(name, bytes, &b->fd));
    LK_TRY(map(b->fd, bytes, &p));
    LK_TRY(reopen_read_only(b->fd, &b->ro_fd));
    b->counters = p;
    b->counters->threads = threads;
    snprintf(b->counters->process, sizeof b->counters->process, "%s", name);
    return LK_OK;
}

lk_err lk_tables_open(uint32_t loops, uint32_t workers, uint32_t novelty_entries,
                      struct lk_tables *t)
{
    struct block front, vault;
    void *audit = NULL;
    size_t audit_bytes = workers * sizeof(struct lk_audit_ring);
    LK_TRY(make_block("front", loops, &front));
    LK_TRY(make_block("vault", workers, &vault));
    LK_TRY(make("lurk-novelty", lk_novelty_bytes(novelty_entries), &t->novelty_fd));
    LK_TRY(make("lurk-audit", audit_bytes, &t->audit_fd));
    LK_TRY(map(t->audit_fd, audit_bytes, &audit));
    t->audit = audit;
    t->front = front.counters;
    t->front_fd = front.fd;
    t->front_ro_fd = front.ro_fd;
    t->vault = vault.counters;
    t->vault_fd = vault.fd;
    t->vault_ro_fd = vault.ro_fd;
    return LK_OK;
}

lk_err lk_tables_send(const struct lk_tables *t, enum lk_role role, int channel)
{
    struct lk_message *m = calloc(1, sizeof *m);
    LK_REQUIRE(m != NULL, LK_ERR_MEMORY);
    m->kind = LK_M_COUNTERS;
    m->fd_count = 2;
    m->fd[0] = role == LK_ROLE_FRONT ? t->front_fd : t->vault_fd;
    m->fd[1] = role == LK_ROLE_FRONT ? t->vault_ro_fd : t->front_ro_fd;
    lk_err err = lk_channel_send(channel, m);
    free(m);
    LK_TRY(err);
    if (role == LK_ROLE_FRONT) return LK_OK;
    LK_TRY(lk_channel_tell(channel, LK_M_NOVELTY, NULL, 0, t->novelty_fd));
    return lk_channel_tell(channel, LK_M_AUDIT, NULL, 0, t->audit_fd);
}
