#include "tools/provider/call.h"

#include <errno.h>
#include <openssl/async.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "tools/provider/line.h"
#include "tools/provider/selfcheck.h"
#include "tools/provider/thread.h"

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u
#define TEXT_BYTES 256

void lk_reply_fini(struct lk_reply *reply)
{
    OPENSSL_clear_free(reply->bytes, reply->len);
    *reply = (struct lk_reply){0};
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

/* Kept where an answer came; of another call nobody knows what may come yet. */
static void line_end(struct lk_line *line, const struct lurk_result *result)
{
    if (result->answer != NULL)
        lk_line_put(line);
    else
        lk_line_close(line);
}

/* --- a program that blocks ----------------------------------------------------------------- */

static bool call_blocking(const struct lk_pkey *key, struct lurk_bytes request, const char *what,
                          struct lk_reply *reply)
{
    char text[TEXT_BYTES] = "";
    struct lk_line line;
    struct lurk_result result = {.size = sizeof result, .outcome = LURK_ERR_MEMORY};
    if (!lk_line_take(&line, key, false, text, sizeof text))
        return settle(key, &result, text, what, reply);
    result.outcome = lurk_call(line.transport, request, key->prov->settings.wait_ms, &result);
    bool good = settle(key, &result, lurk_transport_text(line.transport), what, reply);
    line_end(&line, &result);
    return good;
}

/* --- a job that is paused ------------------------------------------------------------------ */

/* Of an ASYNC_WAIT_CTX, for its life. The line is there during a call only: a connection that
 * stands idle costs its program one descriptor, not three. */
struct wait {
    ASYNC_JOB *job;
    const void *name; /* of the descriptor in its context */
    bool shown;       /* the context has it, and frees this */
    int epoll_fd;     /* what the program waits on */
    struct lk_line line;
};

static void wait_free(ASYNC_WAIT_CTX *ctx, const void *name, OSSL_ASYNC_FD fd, void *data)
{
    struct wait *wait = data;
    (void)ctx, (void)name, (void)fd;
    lk_line_close(&wait->line); /* of a job that was lost while it was paused */
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
    *wait = (struct wait){.job = job, .name = prov};
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

/* The job's descriptor becomes readable with the clock, and with the transport's socket, which may
 * be another than before. */
static bool wait_watch(const struct wait *wait, uint64_t due_ns)
{
    int fd = lurk_transport_fd(wait->line.transport);
    short wanted = lurk_transport_events(wait->line.transport);
    struct epoll_event event = {.events = (uint32_t)wanted}; /* POLLIN and EPOLLIN are one */
    if (fd >= 0 && epoll_ctl(wait->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0 &&
        (errno != EEXIST || epoll_ctl(wait->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0))
        return false;
    if (due_ns == 0) due_ns = 1; /* zero is never */
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(due_ns / NS_PER_S), .tv_nsec = (long)(due_ns % NS_PER_S)}};
    return timerfd_settime(wait->line.clock_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0;
}

/* The line wakes this job no more: it may be another's next, and a child of a fork may have its
 * descriptors for longer. */
static void wait_leave(const struct wait *wait)
{
    if (wait->line.transport == NULL || !wait->shown) return;
    epoll_ctl(wait->epoll_fd, EPOLL_CTL_DEL, wait->line.clock_fd, NULL);
    epoll_ctl(wait->epoll_fd, EPOLL_CTL_DEL, lurk_transport_fd(wait->line.transport), NULL);
}

static bool wait_begin(struct wait *wait, const struct lk_pkey *key, char text[TEXT_BYTES])
{
    struct epoll_event event = {.events = EPOLLIN};
    wait_leave(wait); /* a job that was lost while it was paused may have left one */
    lk_line_close(&wait->line);
    return lk_line_take(&wait->line, key, true, text, TEXT_BYTES) &&
           epoll_ctl(wait->epoll_fd, EPOLL_CTL_ADD, wait->line.clock_fd, &event) == 0;
}

static void wait_end(struct wait *wait, const struct lurk_result *result)
{
    wait_leave(wait);
    line_end(&wait->line, result);
    if (!wait->shown) wait_free(NULL, NULL, -1, wait);
}

/* Whatever wakes the job, the transport knows whether it was the answer. */
static void wait_for(struct wait *wait, uint64_t deadline_ns, struct lurk_result *result)
{
    for (;;) {
        lurk_transport_ready(wait->line.transport, lk_now_ns());
        uint64_t now = lk_now_ns();
        if (lurk_transport_take(wait->line.transport, now, result)) return;
        uint64_t due = lurk_transport_due_ns(wait->line.transport);
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
        int why = errno;
        if (wait != NULL) wait_end(wait, &result);
        return settle(key, &result, text[0] != 0 ? text : strerror(why), what, reply);
    }
    result.outcome = lurk_transport_open(wait->line.transport, now);
    if (result.outcome == LURK_OK)
        result.outcome = lurk_transport_submit(wait->line.transport, &submit, now, &id);
    if (result.outcome == LURK_OK) wait_for(wait, deadline_ns, &result);
    bool good = settle(key, &result, lurk_transport_text(wait->line.transport), what, reply);
    wait_end(wait, &result);
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
