#include "io/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "crypto/hash.h"

#define PATH_BYTES 1024
#define LINE_BYTES 4096 /* none of ours is a quarter of it */
#define MARK_BYTES 54   /* "%020llu ", 32 digits, line end */
#define LOG "audit.log"

void lk_journal_seal(struct lk_journal_mark *end, const char *line, size_t len)
{
    uint8_t full[LK_SHA256_BYTES];
    struct lk_piece pieces[] = {{end->hash, sizeof end->hash}, {line, len}};
    lk_hash_pieces(0, pieces, 2, full);
    memcpy(end->hash, full, sizeof end->hash);
    end->size += len;
}

/* --- the mark --------------------------------------------------------------------------------- */

static bool unhex(const char *text, uint8_t *out)
{
    for (size_t i = 0; i < LK_JOURNAL_HASH_BYTES; i++)
        if (sscanf(text + 2 * i, "%2hhx", &out[i]) != 1) return false;
    return true;
}

static bool read_mark(int fd, struct lk_journal_mark *mark)
{
    char text[MARK_BYTES + 1] = "";
    unsigned long long size;
    if (pread(fd, text, MARK_BYTES, 0) != MARK_BYTES || sscanf(text, "%20llu", &size) != 1)
        return false;
    mark->size = size;
    return unhex(text + 21, mark->hash);
}

void lk_journal_mark_write(int mark_fd, const struct lk_journal_mark *mark)
{
    char text[MARK_BYTES + 1];
    int n = snprintf(text, sizeof text, "%020llu ", (unsigned long long)mark->size);
    for (size_t i = 0; i < sizeof mark->hash; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%02x", mark->hash[i]);
    text[n] = '\n';
    /* An old mark is no worse than a disk that lost the newest lines. */
    (void)!pwrite(mark_fd, text, MARK_BYTES, 0);
}

/* --- the log ---------------------------------------------------------------------------------- */

static bool own_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & 022) == 0;
}

static lk_err open_own(const char *dir, const char *name, int *out)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(
        path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (strcmp(name, LOG) == 0 ? O_APPEND : 0),
        0600);
    if (fd < 0) return -errno;
    lk_err err = own_file(fd) ? LK_OK : LK_ERR_REFUSED;
    if (err == LK_OK && flock(fd, LOCK_EX | LOCK_NB) != 0)
        err = -EBUSY; /* two would mix their chains */
    if (err == LK_OK)
        *out = fd;
    else
        close(fd);
    return err;
}

/* The hash that a file follows stands in its first line. */
static void seed(const char *line, struct lk_journal_mark *end)
{
    static const char head[] = "{\"event\":\"file\"", field[] = "\"previous\":\"";
    const char *at = strncmp(line, head, sizeof head - 1) == 0 ? strstr(line, field) : NULL;
    if (at == NULL || strlen(at) < sizeof field - 1 + 2 * sizeof end->hash ||
        !unhex(at + sizeof field - 1, end->hash))
        memset(end->hash, 0, sizeof end->hash);
}

/* Every line, against the mark (NULL: there is none). Returns what is wrong. */
static const char *judge(FILE *log, const struct lk_journal_mark *mark, struct lk_journal_mark *end)
{
    char line[LINE_BYTES];
    bool met = mark == NULL, good = true;
    *end = (struct lk_journal_mark){.size = 0};
    while (fgets(line, sizeof line, log) != NULL) {
        size_t len = strlen(line);
        if (end->size == 0) seed(line, end);
        if (!met && end->size >= mark->size) {
            met = true;
            good = end->size == mark->size && memcmp(end->hash, mark->hash, sizeof end->hash) == 0;
        }
        if (len == 0 || line[len - 1] != '\n') return "a line of it is not whole";
        lk_journal_seal(end, line, len);
    }
    if (ferror(log)) return "it cannot be read";
    if (!met && end->size < mark->size) return "it is shorter than it was: its end was cut off";
    if (!met)
        good = end->size == mark->size && memcmp(end->hash, mark->hash, sizeof end->hash) == 0;
    return good ? NULL : "lines in it are not those that were written";
}

static lk_err scan(struct lk_journal_files *f)
{
    struct lk_journal_mark mark;
    bool marked = read_mark(f->mark_fd, &mark);
    struct stat st;
    if (fstat(f->fd, &st) != 0) return -errno;
    f->fresh = st.st_size == 0;
    if (f->fresh) { /* the first one, or the one before was moved away */
        f->end = (struct lk_journal_mark){.size = 0};
        if (marked) memcpy(f->end.hash, mark.hash, sizeof mark.hash);
        return LK_OK;
    }
    int again = dup(f->fd);
    FILE *log = again >= 0 ? fdopen(again, "r") : NULL;
    if (log == NULL) {
        if (again >= 0) close(again);
        return LK_ERR_MEMORY;
    }
    f->damage = judge(log, marked ? &mark : NULL, &f->end);
    fclose(log);
    return LK_OK;
}

/* What is left of it stays for who looks into the matter; its hash goes on in the new file. */
static lk_err put_aside(const char *dir, struct lk_journal_files *f)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    snprintf(f->aside, sizeof f->aside, LOG ".damaged-%lld", (long long)lk_clock_unix_s());
    snprintf(from, sizeof from, "%s/" LOG, dir);
    snprintf(to, sizeof to, "%s/%s", dir, f->aside);
    if (rename(from, to) != 0) return -errno;
    close(f->fd);
    f->fd = -1;
    f->fresh = true;
    f->end.size = 0;
    return open_own(dir, LOG, &f->fd);
}

lk_err lk_journal_files_open(const char *dir, struct lk_journal_files *out)
{
    *out = (struct lk_journal_files){.fd = -1, .mark_fd = -1};
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) return -errno;
    lk_err err = open_own(dir, LOG, &out->fd);
    if (err == LK_OK) err = open_own(dir, "audit.mark", &out->mark_fd);
    if (err == LK_OK) err = scan(out);
    if (err == LK_OK && out->damage != NULL) err = put_aside(dir, out);
    if (err == LK_OK) return LK_OK;
    if (out->fd >= 0) close(out->fd);
    if (out->mark_fd >= 0) close(out->mark_fd);
    out->fd = out->mark_fd = -1;
    return err;
}

lk_err lk_journal_files_next(const char *dir, int fd, int *out)
{
    char path[PATH_BYTES];
    struct stat named, held;
    *out = -1;
    snprintf(path, sizeof path, "%s/" LOG, dir);
    bool there = lstat(path, &named) == 0;
    if (fstat(fd, &held) != 0) return -errno;
    if (there && named.st_dev == held.st_dev && named.st_ino == held.st_ino) return LK_OK;
    LK_REQUIRE(!there || named.st_size == 0, LK_ERR_REFUSED); /* somebody else's lines */
    return open_own(dir, LOG, out);
}
