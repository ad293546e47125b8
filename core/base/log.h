/* log: one line per event, typed fields only, JSON on stderr or fields in the journal. There is no
 * way to log raw bytes, so no secret can slip in; file texts and identities are escaped.
 *
 * A rate-limited event carries a struct lk_log_limit of the caller's: it says how many were left
 * out.
 * Thread any; one write(2) or journal message an event, nothing shared but the target. No
 * allocation on stderr. Never called on a request's path but for denials, which are
 * rate-limited. */
#ifndef LK_CORE_BASE_LOG_H
#define LK_CORE_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum lk_log_level { LK_LOG_ERROR, LK_LOG_WARNING, LK_LOG_NOTICE, LK_LOG_INFO, LK_LOG_DEBUG };

enum lk_log_type { LK_LOG_END = 0, LK_LOG_STR, LK_LOG_I64, LK_LOG_U64 };
struct lk_log_field {
    enum lk_log_type type;
    const char *name; /* lower case, underscores */
    union {
        const char *str;
        int64_t i64;
        uint64_t u64;
    } v;
};
#define LK_F_STR(n, x) ((struct lk_log_field){.type = LK_LOG_STR, .name = (n), .v.str = (x)})
#define LK_F_I64(n, x) ((struct lk_log_field){.type = LK_LOG_I64, .name = (n), .v.i64 = (x)})
#define LK_F_U64(n, x) ((struct lk_log_field){.type = LK_LOG_U64, .name = (n), .v.u64 = (x)})

/* program: SYSLOG_IDENTIFIER of the journal; who: "supervisor", "front", "vault", "lurk-agent";
 * target: 0 auto (the journal where systemd connected stderr to it), 1 stderr, 2 journald. Where no
 * journal can be reached events go to stderr as JSON. In the journal fields are named LURK_<NAME>,
 * and stand in MESSAGE as name=value, strings as JSON has them. */
void lk_log_setup(const char *program, const char *who, enum lk_log_level level, unsigned target);

/* The level alone: for a process that may no longer look for a journal. */
void lk_log_level(enum lk_log_level level);

void lk_log_write(enum lk_log_level level, const char *message, const struct lk_log_field *fields);

/* lk_log(LK_LOG_INFO, "key loaded", LK_F_STR("key", name), LK_F_U64("bits", 2048)); */
#ifdef __cppcheck__ /* it reads no __VA_OPT__, and leaves a file at the first */
#define lk_log(level, message, ...) \
    lk_log_write((level), (message), (const struct lk_log_field[]){__VA_ARGS__})
#else
#define lk_log(level, message, ...)                                                               \
    lk_log_write((level), (message),                                                              \
                 (const struct lk_log_field[]){__VA_ARGS__ __VA_OPT__(, ) {.type = LK_LOG_END}})
#endif

/* At most `per_s` events a second pass; the first of a new second reports what was left out. */
struct lk_log_limit {
    uint64_t second;
    uint32_t passed, left_out;
};
bool lk_log_may(struct lk_log_limit *limit, uint32_t per_s, uint64_t now_ns, uint32_t *left_out);

#endif
