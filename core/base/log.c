#include "core/base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *who;
    enum lk_log_level level;
    unsigned target;
} log_state = {"lurkd", LK_LOG_NOTICE, 0};

static const char *const level_names[] = {"error", "warning", "notice", "info", "debug"};

void lk_log_setup(const char *who, enum lk_log_level level, unsigned target)
{
    log_state.who = who;
    log_state.level = level;
    log_state.target = target;
}

/* A line under construction. It is JSON at every moment but for its last brace: a text that does not
 * fit is cut between two characters, a field that does not fit is left out. */
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

static void put_value(struct line *line, const struct lk_log_field *f)
{
    char number[32];
    switch (f->type) {
    case LK_LOG_STR: put_escaped(line, f->v.str != NULL ? f->v.str : ""); return;
    case LK_LOG_I64: snprintf(number, sizeof number, "%lld", (long long)f->v.i64); break;
    case LK_LOG_U64: snprintf(number, sizeof number, "%llu", (unsigned long long)f->v.u64); break;
    default: snprintf(number, sizeof number, "\"%016llx\"", (unsigned long long)f->v.u64); break;
    }
    put_raw(line, number);
}

static void put_field(struct line *line, const struct lk_log_field *f)
{
    size_t before = line->len;
    put_raw(line, ",\"");
    put_raw(line, f->name);
    put_raw(line, "\":");
    put_value(line, f);
    if (line->full) line->len = before;
    line->full = false;
}

void lk_log_write(enum lk_log_level level, const char *message, const struct lk_log_field *fields)
{
    if (level > log_state.level) return;
    struct line line = {.len = 0};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    char head[96];
    size_t n = strftime(head, sizeof head, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(head + n, sizeof head - n, ".%03ldZ\",\"level\":\"", now.tv_nsec / 1000000);
    put_raw(&line, head);
    put_raw(&line, level_names[level]);
    put_raw(&line, "\",\"from\":\"");
    put_raw(&line, log_state.who);
    put_raw(&line, "\",\"message\":");
    put_escaped(&line, message);
    for (; fields->type != LK_LOG_END; fields++)
        put_field(&line, fields);
    memcpy(line.text + line.len, LINE_END, sizeof LINE_END - 1);
    ssize_t written = write(STDERR_FILENO, line.text, line.len + sizeof LINE_END - 1);
    (void)written; /* nowhere to report a log that cannot be written */
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
