#include "tools/lurk-agent/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"

lk_err lk_watches_open(struct lk_watches *w, uint32_t room)
{
    *w = (struct lk_watches){.epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                             .slot = calloc(room, sizeof *w->slot),
                             .room = room};
    LK_REQUIRE(w->epoll_fd >= 0, -errno);
    LK_REQUIRE(w->slot != NULL, LK_ERR_MEMORY);
    for (uint32_t i = 0; i < room; i++)
        w->slot[i].next_free = i + 1 < room ? i + 1 : LK_WATCH_NONE;
    return LK_OK;
}

void lk_watches_close(struct lk_watches *w)
{
    if (w->epoll_fd >= 0) close(w->epoll_fd);
    free(w->slot);
    *w = (struct lk_watches){.epoll_fd = -1};
}

static int control(struct lk_watches *w, int operation, uint32_t slot, uint32_t events)
{
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)w->slot[slot].generation << 32 | slot};
    return epoll_ctl(w->epoll_fd, operation, w->slot[slot].fd, &event);
}

uint32_t lk_watch_add(struct lk_watches *w, int fd, uint32_t events, lk_watch_fn fn, void *owner,
                      uint32_t index)
{
    uint32_t slot = w->free;
    if (slot == LK_WATCH_NONE) return slot;
    struct lk_watch *at = &w->slot[slot];
    at->fd = fd;
    if (control(w, EPOLL_CTL_ADD, slot, events) != 0) return LK_WATCH_NONE;
    w->free = at->next_free;
    at->fn = fn;
    at->owner = owner;
    at->index = index;
    return slot;
}

void lk_watch_change(struct lk_watches *w, uint32_t slot, uint32_t events)
{
    LK_ASSERT(slot < w->room && w->slot[slot].fn != NULL);
    int rc = control(w, EPOLL_CTL_MOD, slot, events);
    LK_ASSERT(rc == 0);
}

void lk_watch_drop(struct lk_watches *w, uint32_t slot)
{
    if (slot == LK_WATCH_NONE) return;
    struct lk_watch *at = &w->slot[slot];
    LK_ASSERT(at->fn != NULL);
    (void)control(w, EPOLL_CTL_DEL, slot, 0); /* it may be closed already */
    at->fn = NULL;
    at->generation++;
    at->next_free = w->free;
    w->free = slot;
}

/* Milliseconds, rounded up: a turn that comes too early would come again at once. */
static int timeout_of(uint64_t due_ns)
{
    uint64_t now_ns = lk_clock_now_ns();
    if (due_ns == UINT64_MAX) return -1;
    if (due_ns <= now_ns) return 0;
    uint64_t ms = (due_ns - now_ns + LK_NS_PER_MS - 1) / LK_NS_PER_MS;
    return ms < 60000 ? (int)ms : 60000;
}

uint64_t lk_watches_turn(struct lk_watches *w, uint64_t due_ns)
{
    struct epoll_event event[LK_WATCH_EVENTS];
    int count = epoll_wait(w->epoll_fd, event, LK_WATCH_EVENTS, timeout_of(due_ns));
    LK_ASSERT(count >= 0 || errno == EINTR);
    uint64_t now_ns = lk_clock_now_ns();
    for (int i = 0; i < count; i++) {
        struct lk_watch *at = &w->slot[(uint32_t)event[i].data.u64];
        if (at->fn == NULL || at->generation != event[i].data.u64 >> 32) continue;
        at->fn(at->owner, at->index, event[i].events, now_ns);
    }
    return now_ns;
}
