#include "tools/provider/line.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tools/liblurk/lurk.h"
#include "tools/provider/key.h"
#include "tools/provider/thread.h"

#define FD_HIGH (1 << 18)

/* A program that waits for many descriptors may have a table for as many as it expects: what it
 * does not wait on stays out of the lower numbers. */
static int fd_out_of_the_way(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    return limit.rlim_cur / 2 < FD_HIGH ? (int)(limit.rlim_cur / 2) : FD_HIGH;
}

static int clock_open(int least)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int moved = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, least) : -1;
    if (moved < 0) return fd;
    close(fd);
    return moved;
}

static bool line_new(struct lk_line *line, const struct lk_pkey *key, bool clocked, char *text,
                     size_t text_bytes)
{
    int least = clocked ? fd_out_of_the_way() : 0;
    struct lurk_transport_options options = {.size = sizeof options,
                                             .kind = LURK_AGENT,
                                             .host = key->agent,
                                             .connect_ms = key->prov->settings.wait_ms,
                                             .calls_max = 1,
                                             .fd_min = least};
    *line = (struct lk_line){.clock_fd = -1};
    memcpy(line->agent, key->agent, sizeof line->agent);
    line->transport = lurk_transport_new(&options, text, text_bytes);
    if (line->transport == NULL) return false;
    if (clocked) line->clock_fd = clock_open(least);
    if (!clocked || line->clock_fd >= 0) return true;
    lk_line_close(line);
    return false;
}

/* With no call under way: drops an answer that was taken, and notices an end that was seen. */
static bool is_open(struct lurk_transport *transport)
{
    struct lurk_result none = {.size = sizeof none};
    (void)lurk_transport_take(transport, lk_now_ns(), &none);
    return lurk_transport_state(transport) == LURK_OPEN;
}

/* lurk_call looks by itself. A request that meets a dead line has had its second try; of a parent's
 * the clock is not to be touched. */
static bool is_alive(struct lk_line *line)
{
    if (line->clock_fd < 0) return true;
    (void)lurk_transport_ready(line->transport, lk_now_ns());
    return is_open(line->transport);
}

/* Of the thread's, if it is one to have; else it is closed. */
static bool line_lend(struct lk_line *kept, struct lk_line *line)
{
    if (!is_alive(kept)) {
        lk_line_close(kept);
        return false;
    }
    *line = *kept;
    *kept = (struct lk_line){0};
    return true;
}

bool lk_line_take(struct lk_line *line, const struct lk_pkey *key, bool clocked, char *text,
                  size_t text_bytes)
{
    struct lk_thread *thread = lk_thread_get();
    for (size_t i = 0; thread != NULL && i < LK_LINES_MAX; i++) {
        struct lk_line *kept = &thread->lines.line[i];
        if (kept->transport == NULL) continue;
        if ((kept->clock_fd >= 0) == clocked && strcmp(kept->agent, key->agent) == 0 &&
            line_lend(kept, line))
            return true;
    }
    return line_new(line, key, clocked, text, text_bytes);
}

void lk_line_put(struct lk_line *line)
{
    struct lk_thread *thread = lk_thread_get();
    if (!is_open(line->transport) || thread == NULL) {
        lk_line_close(line);
        return;
    }
    struct lk_line *oldest = &thread->lines.line[0];
    for (size_t i = 0; i < LK_LINES_MAX && oldest->transport != NULL; i++) {
        struct lk_line *other = &thread->lines.line[i];
        if (other->transport == NULL || other->used < oldest->used) oldest = other;
    }
    lk_line_close(oldest);
    line->used = ++thread->lines.count;
    *oldest = *line;
    line->transport = NULL;
}

void lk_line_close(struct lk_line *line)
{
    if (line->transport == NULL) return;
    lurk_transport_free(line->transport);
    if (line->clock_fd >= 0) close(line->clock_fd);
    *line = (struct lk_line){0};
}

void lk_lines_close(struct lk_lines *lines)
{
    for (size_t i = 0; i < LK_LINES_MAX; i++)
        lk_line_close(&lines->line[i]);
}
