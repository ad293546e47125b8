/* call: one call that waits, over a transport that nobody else uses meanwhile. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "tools/liblurk/fields.h"
#include "tools/liblurk/transport.h"

#define NS_PER_MS UINT64_C(1000000)

static uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Until the transport has something to do. */
static bool wait_for(const struct lurk_transport *t, uint64_t deadline_ns)
{
    uint64_t now = clock_ns(), due = lurk_transport_due_ns(t);
    if (due > deadline_ns) due = deadline_ns;
    uint64_t left_ns = due > now ? due - now : 0;
    struct timespec left = {.tv_sec = (time_t)(left_ns / 1000000000u),
                            .tv_nsec = (long)(left_ns % 1000000000u)};
    struct pollfd fd = {.fd = lurk_transport_fd(t), .events = lurk_transport_events(t)};
    return ppoll(&fd, 1, &left, NULL) >= 0 || errno == EINTR;
}

/* Open, or on its way there; one that went while nobody looked is opened anew. */
static int transport_wake(struct lurk_transport *t, uint64_t now_ns)
{
    struct lurk_result none = {.size = sizeof none};
    if (lurk_client_calls(t->client) > 0) return LURK_ERR_ARGUMENT;
    (void)lurk_transport_ready(t, now_ns);
    (void)lurk_transport_take(t, now_ns, &none); /* nothing is in flight: an end is noticed */
    return lurk_transport_open(t, now_ns);
}

int lurk_call(struct lurk_transport *t, struct lurk_bytes request, uint32_t wait_ms,
              struct lurk_result *result)
{
    struct lurk_result own = {.size = sizeof own};
    uint64_t now = clock_ns(), deadline = now + wait_ms * NS_PER_MS;
    const struct lurk_submit submit = {
        .size = sizeof submit, .message = request, .deadline_ns = deadline};
    own.outcome = transport_wake(t, now);
    if (own.outcome == LURK_OK) own.outcome = lurk_transport_submit(t, &submit, now, NULL);
    bool waits = own.outcome == LURK_OK;
    while (waits) {
        (void)lurk_transport_ready(t, clock_ns());
        if (lurk_transport_take(t, clock_ns(), &own)) break;
        waits = wait_for(t, deadline);
        if (!waits) own.outcome = lk_transport_fault(t, LURK_ERR_SYSTEM, "wait for", "poll failed");
    }
    return LK_FIELDS_GIVE(result, own) ? own.outcome : LURK_ERR_ARGUMENT;
}
