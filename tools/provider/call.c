#include "tools/provider/call.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/async.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tools/provider/selfcheck.h"
#include "tools/provider/thread.h"

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u
#define TEXT_BYTES 256
#define FD_HIGH (1 << 18)

void lk_reply_fini(struct lk_reply *reply)
{
    OPENSSL_clear_free(reply->bytes, reply->len);
    *reply = (struct lk_reply){0};
}

static struct lurk_transport *transport_new(const struct lk_pkey *key, int fd_min,
                                            char text[TEXT_BYTES])
{
    struct lurk_transport_options options = {.size = sizeof options,
                                             .kind = LURK_AGENT,
                                             .host = key->agent,
                                             .connect_ms = key->prov->settings.wait_ms,
                                             .calls_max = 1,
                                             .fd_min = fd_min};
    return lurk_transport_new(&options, text, TEXT_BYTES);
}

/* The answer out of a result, whose views do not live long. */
static bool reply_take(const struct lurk_answer *answer, struct lk_reply *reply)
{
    reply->len = answer->message.len;
    reply->bytes = OPENSSL_memdup(answer->message.data, reply->len);
    if (reply->bytes == NULL) return false;
    size_t before = answer->message.len - answer->payload.len;
    reply->answer = *answer;
    reply->answer.message.data = reply->bytes;
    reply->answer.payload.data = reply->bytes + before; /* a payload ends its message */
    return true;
}

/* The end of every call: the answer, or an error that names exchange, agent and cause. */
static bool settle(const struct lk_pkey *key, const struct lurk_result *result, const char *cause,
                   const char *what, struct lk_reply *reply)
{
    const struct lk_prov *prov = key->prov;
    const struct lurk_answer *answer = result->answer;
    int outcome = result->outcome;
    if (outcome == LURK_OK && answer != NULL && reply_take(answer, reply)) {
        lk_prov_trace(prov, "%s: answered in %llu us", what,
                      (unsigned long long)(result->elapsed_ns / 1000));
        return true;
    }
    if (outcome == LURK_ERR_REFUSED && answer != NULL && answer->extension != LURK_LURK)
        reply->refused = answer->status;
    reply->closed = outcome == LURK_ERR_REFUSED && answer != NULL &&
                    answer->extension == LURK_LURK;
    if (outcome == LURK_OK)
        lk_prov_error(prov, LK_REASON_MEMORY, "%s: no memory for the answer", what);
    else if ((outcome == LURK_ERR_REFUSED || outcome == LURK_ERR_BUSY) && answer != NULL)
        lk_prov_error(prov, LK_REASON_REFUSED, "%s: the key server answers %s", what,
                      lurk_status_name(answer->extension, answer->status));
    else
        lk_prov_error(prov, LK_REASON_AGENT, "%s: agent %s: %s%s%s", what, key->agent,
                      lurk_error_text(outcome), cause[0] != 0 ? ": " : "", cause);
    return false;
}

/* --- a program that blocks ----------------------------------------------------------------- */

/* The thread's line to an agent; the one that was not used for longest makes room. */
static struct lk_line *line_get(const struct lk_pkey *key, char text[TEXT_BYTES])
{
    struct lk_thread *thread = lk_thread_get();
    if (thread == NULL) return NULL;
    struct lk_line *line = &thread->line[0];
    for (size_t i = 0; i < LK_AGENTS_MAX; i++) {
        struct lk_line *other = &thread->line[i];
        if (strcmp(other->agent, key->agent) == 0 && other->transport != NULL) {
            line = other;
            break;
        }
        if (other->used < line->used) line = other;
    }
    line->used = ++thread->calls;
    if (line->transport != NULL && strcmp(line->agent, key->agent) == 0) return line;
    lurk_transport_free(line->transport);
    memcpy(line->agent, key->agent, sizeof line->agent);
    line->transport = transport_new(key, 0, text);
    return line->transport != NULL ? line : NULL;
}

static bool call_blocking(const struct lk_pkey *key, struct lurk_bytes request, const char *what,
                          struct lk_reply *reply)
{
    char text[TEXT_BYTES] = "";
    struct lurk_result result = {.size = sizeof result, .outcome = LURK_ERR_MEMORY};
    struct lk_line *line = line_get(key, text);
    if (line == NULL) return settle(key, &result, text, what, reply);
    result.outcome = lurk_call(line->transport, request, key->prov->settings.wait_ms, &result);
    return settle(key, &result, lurk_transport_text(line->transport), what, reply);
}

/* --- a job that is paused ------------------------------------------------------------------ */

/* Of an ASYNC_WAIT_CTX, for its life. transport and clock are there during a call only: a
 * connection that stands idle costs its program one descriptor, not three. */
struct wait {
    ASYNC_JOB *job;
    const void *name; /* of the descriptor in its context */
    bool shown;       /* the context has it, and frees this */
    int epoll_fd;     /* what the program waits on */
    int clock_fd;
    struct lurk_transport *transport;
};

static void wait_quiet(struct wait *wait)
{
    lurk_transport_free(wait->transport);
    if (wait->clock_fd >= 0) close(wait->clock_fd);
    wait->transport = NULL;
    wait->clock_fd = -1;
}

static void wait_free(ASYNC_WAIT_CTX *ctx, const void *name, OSSL_ASYNC_FD fd, void *data)
{
    struct wait *wait = data;
    (void)ctx, (void)name, (void)fd;
    wait_quiet(wait);
    close(wait->epoll_fd);
    OPENSSL_free(wait);
}

static struct wait *wait_get(ASYNC_JOB *job, const struct lk_prov *prov)
{
    OSSL_ASYNC_FD fd;
    void *data = NULL;
    if (ASYNC_WAIT_CTX_get_fd(ASYNC_get_wait_ctx(job), prov, &fd, &data)) return data;
    struct wait *wait = OPENSSL_malloc(sizeof *wait);
    if (wait == NULL) return NULL;
    *wait = (struct wait){.job = job, .name = prov, .clock_fd = -1};
    wait->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (wait->epoll_fd >= 0) return wait;
    OPENSSL_free(wait);
    return NULL;
}

/* To the program, and only when the job pauses: HAProxy believes that it was told of every
 * descriptor it finds when the connection ends, and stops where it was not. */
static bool wait_show(struct wait *wait)
{
    wait->shown = wait->shown ||
                  ASYNC_WAIT_CTX_set_wait_fd(ASYNC_get_wait_ctx(wait->job), wait->name,
                                             wait->epoll_fd, wait, wait_free) == 1;
    return wait->shown;
}

static void wait_end(struct wait *wait)
{
    wait_quiet(wait);
    if (!wait->shown) wait_free(NULL, NULL, -1, wait);
}

/* The job's descriptor becomes readable with the clock, and with the transport's socket, which may
 * be another than before. */
static bool wait_watch(struct wait *wait, uint64_t due_ns)
{
    int fd = lurk_transport_fd(wait->transport);
    short wanted = lurk_transport_events(wait->transport);
    struct epoll_event event = {.events = (uint32_t)wanted}; /* POLLIN and EPOLLIN are one */
    if (fd >= 0 && epoll_ctl(wait->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0 &&
        (errno != ENOENT || epoll_ctl(wait->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0))
        return false;
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(due_ns / NS_PER_S), .tv_nsec = (long)(due_ns % NS_PER_S)}};
    return timerfd_settime(wait->clock_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0;
}

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

static bool wait_begin(struct wait *wait, const struct lk_pkey *key, char text[TEXT_BYTES])
{
    struct epoll_event event = {.events = EPOLLIN};
    wait_quiet(wait); /* a job that was lost while it was paused may have left something */
    int least = fd_out_of_the_way();
    wait->transport = transport_new(key, least, text);
    wait->clock_fd = clock_open(least);
    return wait->transport != NULL && wait->clock_fd >= 0 &&
           epoll_ctl(wait->epoll_fd, EPOLL_CTL_ADD, wait->clock_fd, &event) == 0;
}

/* Whatever wakes the job, the transport knows whether it was the answer. */
static void wait_for(struct wait *wait, uint64_t deadline_ns, struct lurk_result *result)
{
    for (;;) {
        lurk_transport_ready(wait->transport, lk_now_ns());
        uint64_t now = lk_now_ns();
        if (lurk_transport_take(wait->transport, now, result)) return;
        uint64_t due = lurk_transport_due_ns(wait->transport);
        if (due > deadline_ns) due = deadline_ns;
        if (now >= deadline_ns || !wait_watch(wait, due) || !wait_show(wait) ||
            !ASYNC_pause_job()) {
            result->outcome = now >= deadline_ns ? LURK_ERR_TIMEOUT : LURK_ERR_SYSTEM;
            return;
        }
    }
}

static bool call_paused(ASYNC_JOB *job, const struct lk_pkey *key, struct lurk_bytes request,
                        const char *what, struct lk_reply *reply)
{
    char text[TEXT_BYTES] = "";
    struct lurk_result result = {.size = sizeof result, .outcome = LURK_ERR_SYSTEM};
    uint64_t now = lk_now_ns(), id;
    uint64_t deadline_ns = now + (uint64_t)key->prov->settings.wait_ms * NS_PER_MS;
    struct lurk_submit submit = {
        .size = sizeof submit, .message = request, .deadline_ns = deadline_ns};
    struct wait *wait = wait_get(job, key->prov);
    if (wait == NULL || !wait_begin(wait, key, text)) {
        if (wait != NULL) wait_end(wait);
        return settle(key, &result, text[0] != 0 ? text : strerror(errno), what, reply);
    }
    result.outcome = lurk_transport_open(wait->transport, now);
    if (result.outcome == LURK_OK)
        result.outcome = lurk_transport_submit(wait->transport, &submit, now, &id);
    if (result.outcome == LURK_OK) wait_for(wait, deadline_ns, &result);
    bool good = settle(key, &result, lurk_transport_text(wait->transport), what, reply);
    wait_end(wait);
    return good;
}

bool lk_call(const struct lk_pkey *key, struct lurk_bytes request, const char *what,
             struct lk_reply *reply)
{
    *reply = (struct lk_reply){0};
    if (key->check != NULL) {
        lk_selfcheck_asked(key, request.len);
        return true;
    }
    ASYNC_JOB *job = ASYNC_get_current_job();
    lk_prov_trace(key->prov, "%s: %zu bytes to %s%s", what, request.len, key->agent,
                  job != NULL ? ", job paused meanwhile" : "");
    return job != NULL ? call_paused(job, key, request, what, reply)
                       : call_blocking(key, request, what, reply);
}
