/* calls: the calls in flight on one connection, each in one slot: found by id, and in exactly one
 * of four lists, free, waiting to be sent, flying, ended.
 *
 * Slots are made once. A slot keeps a copy of its message where the framing may send it again; the
 * copy is wiped when the call ends. Owner a client; its thread. */
#ifndef LK_TOOLS_LIBLURK_CALLS_H
#define LK_TOOLS_LIBLURK_CALLS_H

#include "core/wire/header.h"

#define LK_CALL_NONE UINT32_MAX
#define LK_CALLS_MAX 65536

enum lk_call_list {
    LK_CALLS_FREE,
    LK_CALLS_WAITING, /* datagrams and packets: in the order they go out */
    LK_CALLS_FLYING,
    LK_CALLS_ENDED, /* without an answer; the outcome waits to be taken */
    LK_CALLS_LISTS
};

struct lk_call {
    struct lk_header header; /* of the request, with its id */
    void *token;
    uint64_t submitted_ns, sent_ns, deadline_ns;
    uint64_t repeat_ns, repeat_wait_ns; /* datagrams: next repeat, and the pause after it */
    uint8_t *copy;                      /* head and message, as `keep` asked for */
    uint32_t copy_bytes, copy_size;
    uint32_t previous, next;
    uint32_t sends;
    int outcome;  /* ENDED */
    uint16_t age; /* how often the slot was used: an answer to an earlier call has another */
    uint8_t list; /* enum lk_call_list */
    bool resent;  /* queued again after its connection went */
};

struct lk_calls {
    struct lk_call *call; /* [max] */
    uint32_t max, count;  /* count: not FREE */
    struct {
        uint32_t first, last;
    } list[LK_CALLS_LISTS];
    uint32_t *table; /* open addressing, by id: index of the call, or LK_CALL_NONE */
    uint32_t mask;
};

bool lk_calls_init(struct lk_calls *calls, uint32_t max);
void lk_calls_fini(struct lk_calls *calls);

/* The call with this id, WAITING or FLYING; or NULL. */
struct lk_call *lk_calls_find(const struct lk_calls *calls, uint64_t id);
/* The call of a packet's tag, WAITING or FLYING; or NULL. */
struct lk_call *lk_calls_find_tag(const struct lk_calls *calls, uint32_t tag);
uint32_t lk_calls_tag(const struct lk_calls *calls, const struct lk_call *call);

/* A free slot in list `to`, found by header->id, which nobody has; NULL: none is free. */
struct lk_call *lk_calls_take(struct lk_calls *calls, const struct lk_header *header,
                              enum lk_call_list to);
/* call->copy := room for len bytes. False: no memory. */
bool lk_calls_keep(struct lk_call *call, size_t len);
/* To the end of another list. What is ENDED is not found by id any more. */
void lk_calls_move(struct lk_calls *calls, struct lk_call *call, enum lk_call_list to);
/* Free; its copy is wiped. */
void lk_calls_release(struct lk_calls *calls, struct lk_call *call);

static inline struct lk_call *lk_calls_at(const struct lk_calls *calls, uint32_t index)
{
    return index != LK_CALL_NONE ? &calls->call[index] : NULL;
}

static inline struct lk_call *lk_calls_first(const struct lk_calls *calls, enum lk_call_list list)
{
    return lk_calls_at(calls, calls->list[list].first);
}

#endif
