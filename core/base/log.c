#include "core/base/log.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *program, *who;
    _Atomic int level; /* a reload sets it while other threads log */
    bool journal;
} log_state = {"lurkd", "lurkd", LK_LOG_NOTICE, false};

static const struct {
    const char *name;
    char priority; /* of syslog */
} levels[] = {{"error", '3'}, {"warning", '4'}, {"notice", '5'}, {"info", '6'}, {"debug", '7'}};

/* Is stderr the stream that systemd gave this service (systemd.exec(5), JOURNAL_STREAM)? */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2
           && fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void lk_log_setup(const char *program, const char *who, enum lk_log_level level, unsigned target)
{
    /* libsystemd drops a message in silence where no journal runs, so its socket is looked for
     * here. */
    bool running = access("/run/systemd/journal/socket", W_OK) == 0;
    log_state.program = program;
    log_state.who = who;
    atomic_store(&log_state.level, (int)level);
    log_state.journal = running && (target == 2 || (target == 0 && stderr_is_journal()));
}

void lk_log_level(enum lk_log_level level)
{
    atomic_store(&log_state.level, (int)level);
}

/* A line under construction. It is JSON at every moment but for its last brace: a text that does
 * not fit is cut between two characters, a field that does not fit is left out. */
struct line {
    char text[2048];
    size_t len;
    bool full;
};

#define LINE_END "}\n"

static size_t line_room(const struct line *line)
{
    return sizeof line->text - (sizeof LINE_END - 1) - line->len;
}

static void put_raw(struct line *line, const char *text)
{
    size_t len = strlen(text);
    if (len > line_room(line)) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

/* One character as JSON writes it; returns its length. */
static size_t escape(unsigned char c, char one[8])
{
    const char *format = c < 0x20 || c >= 0x7f ? "\\u%04x" : "%c";
    if (c == '"' || c == '\\') format = "\\%c";
    return (size_t)snprintf(one, 8, format, c);
}

static void put_escaped(struct line *line, const char *text)
{
    if (line_room(line) < 2) {
        line->full = true;
        return;
    }
    put_raw(line, "\"");
    for (; *text != 0; text++) {
        char one[8];
        if (escape((unsigned char)*text, one) + 1 > line_room(line)) break;
        put_raw(line, one);
    }
    put_raw(line, "\"");
}

/* A field's value without quotes; numbers are written into the caller's buffer. */
static const char *value_text(const struct lk_log_field *f, char number[32])
{
    switch (f->type) {
    case LK_LOG_STR: return f->v.str != NULL ? f->v.str : "";
    case LK_LOG_I64: snprintf(number, 32, "%lld", (long long)f->v.i64); break;
    case LK_LOG_U64: snprintf(number, 32, "%llu", (unsigned long long)f->v.u64); break;
    default: snprintf(number, 32, "%016llx", (unsigned long long)f->v.u64); break;
    }
    return number;
}

static void put_value(struct line *line, const struct lk_log_field *f)
{
    char number[32];
    bool plain = f->type == LK_LOG_I64 || f->type == LK_LOG_U64;
    (plain ? put_raw : put_escaped)(line, value_text(f, number));
}

/* Name and value between what a line of its kind has before, between and nothing after. */
static void put_field(struct line *line, const char *before, const char *between,
                      const struct lk_log_field *f)
{
    size_t was = line->len;
    put_raw(line, before);
    put_raw(line, f->name);
    put_raw(line, between);
    put_value(line, f);
    if (line->full) line->len = was;
    line->full = false;
}

static void stderr_write(enum lk_log_level level, const char *message,
                         const struct lk_log_field *fields)
{
    struct line line = {.len = 0};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    char head[96];
    size_t n = strftime(head, sizeof head, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(head + n, sizeof head - n, ".%03ldZ\",\"level\":\"", now.tv_nsec / 1000000);
    put_raw(&line, head);
    put_raw(&line, levels[level].name);
    put_raw(&line, "\",\"from\":\"");
    put_raw(&line, log_state.who);
    put_raw(&line, "\",\"message\":");
    put_escaped(&line, message);
    for (; fields->type != LK_LOG_END; fields++)
        put_field(&line, ",\"", "\":", fields);
    memcpy(line.text + line.len, LINE_END, sizeof LINE_END - 1);
    ssize_t written = write(STDERR_FILENO, line.text, line.len + sizeof LINE_END - 1);
    (void)written; /* nowhere to report a log that cannot be written */
}

/* --- the journal ------------------------------------------------------------------------------ */

#define ENTRY_FIELDS_MAX 24

/* A journal entry under construction: NAME=value texts in one buffer, cut like a line. */
struct entry {
    struct iovec vec[ENTRY_FIELDS_MAX];
    int count;
    size_t len;
    char text[2 * sizeof(struct line)]; /* MESSAGE has all the others have */
};

/* What journalctl shows: the message and, since it shows no other field, what they say. */
static void message_line(struct line *line, const char *message, const struct lk_log_field *fields)
{
    *line = (struct line){.len = 0};
    put_raw(line, message);
    for (; fields->type != LK_LOG_END; fields++)
        put_field(line, " ", "=", fields);
    line->text[line->len] = 0;
}

static void entry_put(struct entry *entry, const char *prefix, const char *name, const char *value)
{
    char *to = entry->text + entry->len;
    size_t room = sizeof entry->text - entry->len;
    if (entry->count == ENTRY_FIELDS_MAX || room < 2) return;
    int wanted = snprintf(to, room, "%s%s=%s", prefix, name, value);
    size_t len = wanted < 0 ? 0 : (size_t)wanted < room ? (size_t)wanted : room - 1;
    if (memchr(to, '=', len) == NULL) return; /* the name itself did not fit */
    for (char *c = to; *c != '='; c++)
        *c = (char)toupper((unsigned char)*c);
    entry->vec[entry->count++] = (struct iovec){.iov_base = to, .iov_len = len};
    entry->len += len + 1;
}

static bool journal_write(enum lk_log_level level, const char *message,
                          const struct lk_log_field *fields)
{
    struct entry entry = {.count = 0};
    const char priority[2] = {levels[level].priority, 0};
    entry_put(&entry, "", "SYSLOG_IDENTIFIER", log_state.program);
    entry_put(&entry, "", "PRIORITY", priority);
    entry_put(&entry, "LURK_", "FROM", log_state.who);
    struct line shown;
    message_line(&shown, message, fields);
    entry_put(&entry, "", "MESSAGE", shown.text);
    for (; fields->type != LK_LOG_END; fields++) {
        char number[32];
        entry_put(&entry, "LURK_", fields->name, value_text(fields, number));
    }
    return sd_journal_sendv(entry.vec, entry.count) == 0;
}

void lk_log_write(enum lk_log_level level, const char *message, const struct lk_log_field *fields)
{
    if ((int)level > atomic_load(&log_state.level)) return;
    /* A sealed process may have lost the way to the journal; its stderr is still open. */
    if (log_state.journal && journal_write(level, message, fields)) return;
    stderr_write(level, message, fields);
}

bool lk_log_may(struct lk_log_limit *limit, uint32_t per_s, uint64_t now_ns, uint32_t *left_out)
{
    uint64_t second = now_ns / 1000000000ull;
    *left_out = 0;
    if (second != limit->second) {
        *left_out = limit->left_out;
        *limit = (struct lk_log_limit){.second = second};
    }
    if (limit->passed >= per_s) {
        limit->left_out++;
        return false;
    }
    limit->passed++;
    return true;
}
