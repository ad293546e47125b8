/* responses: recent answers to datagram requests, so that a request repeated after a loss is
 * answered again without doing its work again (lurk.md 4).
 *
 * An entry is named by (association, id, keyed hash of the request's bytes). While the first
 * request is in work its repeat is dropped; later it is answered from here, for 8 s; the same id
 * with other bytes is a request of its own.
 * Owner   a loop; its thread only. Time is an argument.
 * Memory  taken at open, locked, not dumped, not inherited by a fork; nothing is allocated later.
 * Bound   a full pool gives up its oldest answer, then its oldest request in work; the price is
 *         that a repeat of that one is worked again.
 * Secrets answers hold master secrets: wiped when an entry goes, for whatever reason. */
#ifndef LK_IO_RESPONSES_H
#define LK_IO_RESPONSES_H

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "crypto/siphash.h"

struct lk_responses;

struct lk_responses_conf {
    uint32_t entries;    /* LK_RESPONSES_KEPT_PER_LOOP */
    uint32_t body_bytes; /* longest answer worth keeping: the path's */
    uint64_t kept_ns;    /* LK_RESPONSES_KEPT_MS */
    struct lk_siphash_key key;
};

/* Errors: -ENOMEM, -EPERM, -EAGAIN: memory or RLIMIT_MEMLOCK too small; see lk_responses_bytes. */
LK_MUST_USE lk_err lk_responses_open(const struct lk_responses_conf *conf,
                                     struct lk_responses **out);
void lk_responses_close(struct lk_responses *responses); /* wipes; NULL is fine */
/* What open locks: for the message that names the limit needed. */
size_t lk_responses_bytes(const struct lk_responses_conf *conf);

enum lk_repeat {
    LK_REPEAT_NEW,     /* work it; ticket names it until keep or drop */
    LK_REPEAT_IN_WORK, /* drop it */
    LK_REPEAT_KEPT     /* answer with these bytes, borrowed until the next call */
};
struct lk_repeat_look {
    enum lk_repeat found;
    uint64_t ticket;
    struct lk_bytes kept;
};

/* Look a request up and enter it when it is new. request: a whole message of at least 16 bytes.
 * association: never reused while an entry of it may live. */
struct lk_repeat_look lk_responses_look(struct lk_responses *responses, uint64_t association,
                                        struct lk_bytes request, uint64_t now_ns);

/* The request's work is done: keep this answer; one longer than body_bytes is forgotten instead. A
 * ticket that is gone does nothing. */
void lk_responses_keep(struct lk_responses *responses, uint64_t ticket, struct lk_bytes answer,
                       uint64_t now_ns);
/* The request ended with an answer that may not be kept, or with none. */
void lk_responses_drop(struct lk_responses *responses, uint64_t ticket);

/* Let go what is past its time, at most `most` entries. Returns how many went. */
uint32_t lk_responses_expire(struct lk_responses *responses, uint64_t now_ns, uint32_t most);

/* Entries in use. */
uint32_t lk_responses_count(const struct lk_responses *responses);

#endif
