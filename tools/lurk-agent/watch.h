/* watch: descriptors that the agent waits for, by epoll. Level-triggered; a slot carries a
 * generation, so that an event of a descriptor that was dropped earlier in the same turn finds
 * nobody. Owner the agent's thread. Allocates at init only. */
#ifndef LK_TOOLS_LURK_AGENT_WATCH_H
#define LK_TOOLS_LURK_AGENT_WATCH_H

#include <stdint.h>
#include <sys/epoll.h>

#include "core/base/err.h"

#define LK_WATCH_NONE UINT32_MAX
#define LK_WATCH_EVENTS 256 /* of one turn */

typedef void (*lk_watch_fn)(void *owner, uint32_t index, uint32_t events, uint64_t now_ns);

struct lk_watch {
    lk_watch_fn fn; /* NULL: free */
    void *owner;
    uint32_t index;
    uint32_t generation;
    int fd;
    uint32_t next_free;
};

struct lk_watches {
    int epoll_fd;
    struct lk_watch *slot;
    uint32_t room, free;
};

LK_MUST_USE lk_err lk_watches_open(struct lk_watches *w, uint32_t room);
void lk_watches_close(struct lk_watches *w);
/* The slot; LK_WATCH_NONE: no room, or the system refused. The descriptor stays the caller's. */
uint32_t lk_watch_add(struct lk_watches *w, int fd, uint32_t events, lk_watch_fn fn, void *owner,
                      uint32_t index);
void lk_watch_change(struct lk_watches *w, uint32_t slot, uint32_t events);
/* Before the descriptor is closed. */
void lk_watch_drop(struct lk_watches *w, uint32_t slot);
/* Waits until due_ns at the latest, reads the clock once, and calls what is ready. Returns that
 * time. */
uint64_t lk_watches_turn(struct lk_watches *w, uint64_t due_ns);

#endif
