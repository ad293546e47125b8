#include "io/journal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/wire/registry.h"

#define TAKE_MAX 256u
#define TURNS_PER_WORKER 8u /* 2,040 records of each worker a turn at most */
#define LINE_BYTES_MAX 512u
#define TEXT_BYTES (TAKE_MAX * LINE_BYTES_MAX)
#define SYNC_NS LK_NS_PER_S
#define SLOW_NS                                                                                    \
    (5 * LK_NS_PER_S) /* of one round to disk: worth a line, and another one each time it passed   \
                       */

/* --- lines ------------------------------------------------------------------------------------ */

/* By hand: this runs once for every use of a key. */
static char *put_text(char *at, const char *text)
{
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}

static char *put_u64(char *at, uint64_t v)
{
    char digits[20];
    unsigned n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *put_hex(char *at, const uint8_t *data, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *at++ = digit[data[i] >> 4];
        *at++ = digit[data[i] & 15];
    }
    return at;
}

static char *put_hex64(char *at, uint64_t v)
{
    uint8_t be[8];
    for (unsigned i = 0; i < 8; i++)
        be[i] = (uint8_t)(v >> (56 - 8 * i));
    return put_hex(at, be, sizeof be);
}

static char *put_line(char *at, const struct lk_audit_record *r)
{
    const char *exchange = r->exchange < LK_EXCHANGE_COUNT
                               ? lk_exchange_name((enum lk_exchange_id)r->exchange)
                               : "unknown";
    at = put_text(put_u64(put_text(at, "{\"worker\":"), r->worker), ",\"sequence\":");
    at = put_text(put_u64(at, r->sequence), ",\"time_ns\":");
    at = put_text(put_u64(at, r->unix_ns), ",\"exchange\":\"");
    at = put_text(put_text(at, exchange), "\",\"status\":");
    at = put_text(put_u64(at, r->status), ",\"scheme\":");
    at = put_text(put_u64(at, r->scheme), ",\"key\":\"");
    at = put_text(put_hex(at, r->key_full, sizeof r->key_full), "\",\"handle\":\"");
    at = put_text(put_hex64(at, r->key_handle), "\",\"tenant\":");
    at = put_text(put_u64(at, r->tenant), ",\"edge\":");
    at = put_text(put_u64(at, r->edge), ",\"peer\":\"");
    at = put_text(put_hex64(at, r->peer_hash), "\",\"request\":\"");
    at = put_text(put_hex64(at, r->request_id), "\",\"random\":\"");
    at = put_text(put_hex(at, r->random, sizeof r->random), "\",\"hash\":\"");
    return put_text(put_hex(at, r->hash, sizeof r->hash), "\"}\n");
}

/* A line that ends here is part of the text, and of what the next one follows. */
static void end_line(struct lk_journal *j, const char *end)
{
    const char *line = j->text + j->len;
    lk_journal_seal(&j->end, line, (size_t)(end - line));
    j->len += (size_t)(end - line);
}

static void add_event(struct lk_journal *j, const char *event, uint32_t worker)
{
    char *line = j->text + j->len;
    int n = snprintf(
        line, LINE_BYTES_MAX,
        "{\"event\":\"%s\",\"worker\":%u,\"time_s\":%lld,\"sequence\":%llu,\"chain\":\"", event,
        worker, (long long)lk_clock_unix_s(), (unsigned long long)j->sequence[worker]);
    end_line(j, put_text(put_hex(line + n, j->chain[worker], sizeof j->chain[worker]), "\"}\n"));
}

/* The first line of a file: what it follows. */
static void add_head(struct lk_journal *j, const char *damage)
{
    char *line = j->text + j->len;
    uint8_t before[LK_JOURNAL_HASH_BYTES];
    memcpy(before, j->end.hash, sizeof before);
    int n = snprintf(line, LINE_BYTES_MAX,
                     "{\"event\":\"file\",\"time_s\":%lld,\"damage\":\"%s\",\"previous\":\"",
                     (long long)lk_clock_unix_s(), damage != NULL ? damage : "");
    end_line(j, put_text(put_hex(line + n, before, sizeof before), "\"}\n"));
}

/* --- the file --------------------------------------------------------------------------------- */

static void say_failed(struct lk_journal *j, uint64_t now_ns, const char *what, int error)
{
    uint32_t left_out;
    if (!lk_log_may(&j->limit, 1, now_ns, &left_out)) return;
    lk_log(
        LK_LOG_ERROR,
        "audit journal: the disk takes nothing; requests will be refused when the rings are full",
        LK_F_STR("call", what), LK_F_STR("error", strerror(error)), LK_F_U64("left_out", left_out));
}

/* True when all text is written. */
static bool write_out(struct lk_journal *j, uint64_t now_ns)
{
    while (j->done < j->len) {
        ssize_t n = write(j->fd, j->text + j->done, j->len - j->done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            say_failed(j, now_ns, "write", errno);
            return false;
        }
        j->done += (size_t)n;
        j->unsynced = true;
    }
    j->len = j->done = 0;
    return true;
}

/* --- to disk ---------------------------------------------------------------------------------- */

static void *sync_run(void *argument)
{
    struct lk_journal_sync *sync = argument;
    for (;;) {
        while (sem_wait(&sync->wanted) != 0)
            LK_ASSERT(errno == EINTR);
        if (atomic_load(&sync->stop)) return NULL;
        bool good = fdatasync(sync->fd) == 0 || errno == EINVAL; /* EINVAL: a pipe */
        atomic_store(&sync->error, good ? 0 : errno);
        if (sync->last)
            close(sync->fd);
        else if (good)
            lk_journal_mark_write(sync->mark_fd, &sync->mark);
        atomic_store(&sync->busy, false);
    }
}

static void say_slow(struct lk_journal *j, uint64_t now_ns)
{
    if (now_ns - j->slow_ns < SLOW_NS) return;
    j->slow_ns = now_ns;
    lk_log(LK_LOG_WARNING,
           "audit journal: the disk is slow; records are written but may not be on it yet",
           LK_F_U64("seconds", (now_ns - j->sync_ns) / LK_NS_PER_S));
}

/* Signals stay with the supervisor's own thread. */
static lk_err sync_start(struct lk_journal_sync *sync, int mark_fd)
{
    sigset_t all, before;
    sigfillset(&all);
    sync->mark_fd = mark_fd;
    sem_init(&sync->wanted, 0, 0);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&sync->thread, NULL, sync_run, sync);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) return -failed;
    pthread_setname_np(sync->thread, "journal sync");
    sync->started = true;
    return LK_OK;
}

static void sync_end(struct lk_journal_sync *sync)
{
    if (!sync->started) return;
    atomic_store(&sync->stop, true);
    sem_post(&sync->wanted);
    pthread_join(sync->thread, NULL);
    sem_destroy(&sync->wanted);
    sync->started = false;
}

static void sync_ask(struct lk_journal *j, int fd, bool last)
{
    j->sync.fd = fd;
    j->sync.last = last;
    j->sync.mark = j->end;
    atomic_store(&j->sync.busy, true);
    sem_post(&j->sync.wanted);
}

static void sync_when_due(struct lk_journal *j, uint64_t now_ns)
{
    if (atomic_load(&j->sync.busy)) {
        say_slow(j, now_ns);
        return;
    }
    int error = atomic_exchange(&j->sync.error, 0);
    if (error != 0) say_failed(j, now_ns, "fdatasync", error);
    if (!j->unsynced || j->len > 0 || now_ns - j->sync_ns < SYNC_NS) return;
    j->sync_ns = j->slow_ns = now_ns;
    j->unsynced = false;
    sync_ask(j, j->fd, false);
}

/* --- open and close --------------------------------------------------------------------------- */

/* The chains of this run follow from the last line of the run before. */
static void begin(struct lk_journal *j, const struct lk_journal_files *files)
{
    j->end = files->end;
    j->damaged = files->damage != NULL;
    if (j->damaged)
        lk_log(LK_LOG_ERROR, "audit journal: cut or edited; it was put aside and a new file begins",
               LK_F_STR("what", files->damage), LK_F_STR("aside", files->aside),
               LK_F_STR("dir", j->dir));
    if (files->fresh) {
        lk_journal_mark_write(j->mark_fd, &j->end);
        add_head(j, files->damage);
    }
    for (uint32_t w = 0; w < j->workers; w++) {
        memcpy(j->rings[w].chain, j->end.hash, sizeof j->rings[w].chain);
        memcpy(j->chain[w], j->end.hash, sizeof j->chain[w]);
        add_event(j, "start", w);
    }
}

lk_err lk_journal_open(struct lk_journal *j, const char *dir, struct lk_audit_ring *rings,
                       uint32_t workers, char *error, size_t error_bytes)
{
    *j = (struct lk_journal){.fd = -1, .rings = rings, .workers = workers};
    struct lk_journal_files files;
    snprintf(j->dir, sizeof j->dir, "%s", dir);
    lk_err err = lk_journal_files_open(dir, &files);
    j->fd = files.fd;
    j->mark_fd = files.mark_fd;
    if (err == LK_OK && (j->text = malloc(TEXT_BYTES)) == NULL) err = LK_ERR_MEMORY;
    if (err == LK_OK) err = sync_start(&j->sync, j->mark_fd);
    if (err != LK_OK) {
        const char *hint = err == -ENOENT ? "; the directory above server.state_dir has to be there"
                           : err == -EBUSY ? "; another lurkd writes it"
                           : err == LK_ERR_REFUSED
                               ? "; it must be a regular file of our own that others cannot write"
                               : "";
        snprintf(error, error_bytes, "server.state_dir: audit journal %s/audit.log: %s%s", dir,
                 lk_err_text(err), hint);
        if (j->fd >= 0) close(j->fd);
        if (j->mark_fd >= 0) close(j->mark_fd);
        free(j->text);
        j->text = NULL;
        j->fd = j->mark_fd = -1;
        return err;
    }
    begin(j, &files);
    return LK_OK;
}

/* --- a new file under way
 * ---------------------------------------------------------------------------- */

void lk_journal_reopen(struct lk_journal *j)
{
    j->reopen = true;
}

/* The old file goes to disk and is closed by the thread for that. */
static void reopen_when_due(struct lk_journal *j)
{
    if (!j->reopen || j->len > 0 || atomic_load(&j->sync.busy)) return;
    j->reopen = false;
    int fresh;
    lk_err err = lk_journal_files_next(j->dir, j->fd, &fresh);
    if (err != LK_OK)
        lk_log(LK_LOG_ERROR, "audit journal: no new file; the old one is written on",
               LK_F_STR("error", lk_err_text(err)));
    if (err != LK_OK || fresh < 0) return;
    sync_ask(j, j->fd, true);
    j->fd = fresh;
    j->end.size = 0;
    lk_journal_mark_write(j->mark_fd, &j->end);
    add_head(j, NULL);
    for (uint32_t w = 0; w < j->workers; w++)
        add_event(j, "continue", w);
    lk_log(LK_LOG_NOTICE, "audit journal: a new file begins", LK_F_STR("dir", j->dir));
}

/* A vault that goes on and on with it is not let fill the log. */
static void say_broken(struct lk_journal *j, uint32_t worker, uint64_t sequence, uint64_t now_ns)
{
    uint32_t left_out;
    if (!lk_log_may(&j->broken_limit, 1, now_ns, &left_out)) return;
    lk_log(LK_LOG_ERROR, "audit chain broken", LK_F_U64("worker", worker),
           LK_F_U64("sequence", sequence), LK_F_U64("left_out", left_out));
}

static void check_chain(struct lk_journal *j, uint32_t worker,
                        const struct lk_audit_record *records, uint32_t count, uint64_t now_ns)
{
    if (lk_audit_verify(j->chain[worker], records, count)) return;
    j->broken++;
    say_broken(j, worker, records[0].sequence, now_ns);
    memcpy(j->chain[worker], records[count - 1].hash,
           sizeof j->chain[worker]); /* go on from here */
    add_event(j, "chain broken", worker);
}

static uint32_t take(struct lk_journal *j, uint32_t worker, uint64_t now_ns)
{
    static struct lk_audit_record records[TAKE_MAX]; /* the supervisor is one thread */
    if (!write_out(j, now_ns)) return 0;
    uint32_t count = lk_audit_take(&j->rings[worker], records, TAKE_MAX - 1);
    if (count == 0) return 0;
    check_chain(j, worker, records, count, now_ns);
    for (uint32_t i = 0; i < count; i++)
        end_line(j, put_line(j->text + j->len, &records[i]));
    j->sequence[worker] = records[count - 1].sequence;
    j->records += count;
    return count;
}

/* Of one worker. */
static enum lk_journal_found take_some(struct lk_journal *j, uint32_t worker, uint64_t now_ns)
{
    enum lk_journal_found found = LK_JOURNAL_NOTHING;
    for (uint32_t i = 0; i < TURNS_PER_WORKER; i++) {
        uint32_t count = take(j, worker, now_ns);
        if (count == 0) return found;
        found = LK_JOURNAL_SOME;
        if (count < TAKE_MAX - 1) return found;
    }
    return LK_JOURNAL_MORE;
}

enum lk_journal_found lk_journal_turn(struct lk_journal *j, uint64_t now_ns)
{
    enum lk_journal_found most = LK_JOURNAL_NOTHING;
    for (uint32_t w = 0; w < j->workers; w++) {
        enum lk_journal_found found = take_some(j, w, now_ns);
        if (found > most) most = found;
    }
    if (write_out(j, now_ns)) reopen_when_due(j);
    sync_when_due(j, now_ns);
    return most;
}

void lk_journal_close(struct lk_journal *j, uint64_t now_ns)
{
    if (j->fd < 0) return;
    while (lk_journal_turn(j, now_ns) != LK_JOURNAL_NOTHING)
        continue;
    sync_end(&j->sync);
    bool synced = fdatasync(j->fd) == 0;
    if (synced && j->len == 0) lk_journal_mark_write(j->mark_fd, &j->end);
    uint64_t left = 0;
    for (uint32_t w = 0; w < j->workers; w++)
        left += atomic_load(&j->rings[w].tail) - atomic_load(&j->rings[w].head);
    if (left > 0 || j->len > 0)
        lk_log(LK_LOG_ERROR, "audit records are lost: the disk took nothing to the end",
               LK_F_U64("in_rings", left), LK_F_U64("bytes_unwritten", j->len - j->done));
    close(j->fd);
    close(j->mark_fd);
    free(j->text);
    j->fd = j->mark_fd = -1;
}
