#include "io/responses.h"

#include <errno.h>
#include <sys/mman.h>

#include "core/base/limits.h"
#include "core/wire/header.h"
#include "crypto/ct.h"

#define NONE UINT32_MAX

enum state { FREE, IN_WORK, KEPT, STATES };

struct entry {
    uint64_t association, id, hash;
    uint64_t since_ns; /* entered, or answered */
    uint32_t generation;
    uint32_t state; /* enum state: also the list it stands in */
    uint32_t before, after;
    uint32_t chain; /* next of its bucket */
    uint32_t len;
};

/* Oldest first. */
struct list {
    uint32_t first, last;
};

struct lk_responses {
    struct lk_responses_conf conf;
    size_t map_bytes;
    uint32_t buckets, used;
    struct list list[STATES];
    uint32_t *bucket;
    struct entry *entry;
    uint8_t *body;
};

static size_t whole_lines(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static uint32_t bucket_count(uint32_t entries)
{
    uint32_t n = 1;
    while (n < 2 * entries)
        n *= 2;
    return n;
}

static size_t bucket_offset(void)
{
    return whole_lines(sizeof(struct lk_responses));
}

static size_t entry_offset(const struct lk_responses_conf *conf)
{
    return bucket_offset() + whole_lines(bucket_count(conf->entries) * sizeof(uint32_t));
}

static size_t body_offset(const struct lk_responses_conf *conf)
{
    return entry_offset(conf) + whole_lines(conf->entries * sizeof(struct entry));
}

size_t lk_responses_bytes(const struct lk_responses_conf *conf)
{
    return body_offset(conf) + (size_t)conf->entries * conf->body_bytes;
}

static uint8_t *body_of(struct lk_responses *r, uint32_t index)
{
    return r->body + (size_t)index * r->conf.body_bytes;
}

/* --- lists and chains ------------------------------------------------------------------------- */

static void leave_list(struct lk_responses *r, uint32_t index)
{
    struct entry *e = &r->entry[index];
    struct list *list = &r->list[e->state];
    *(e->before == NONE ? &list->first : &r->entry[e->before].after) = e->after;
    *(e->after == NONE ? &list->last : &r->entry[e->after].before) = e->before;
}

static void join_list(struct lk_responses *r, uint32_t index, enum state state)
{
    struct entry *e = &r->entry[index];
    struct list *list = &r->list[state];
    e->state = state;
    e->before = list->last;
    e->after = NONE;
    *(list->last == NONE ? &list->first : &r->entry[list->last].after) = index;
    list->last = index;
}

/* The hash is keyed and covers the id, so the sum spreads whatever the peers send. */
static uint32_t *bucket_of(struct lk_responses *r, uint64_t association, uint64_t hash)
{
    return &r->bucket[(uint32_t)(hash + association) & (r->buckets - 1)];
}

static void leave_chain(struct lk_responses *r, uint32_t index)
{
    uint32_t *at = bucket_of(r, r->entry[index].association, r->entry[index].hash);
    while (*at != index)
        at = &r->entry[*at].chain;
    *at = r->entry[index].chain;
}

static void release(struct lk_responses *r, uint32_t index)
{
    struct entry *e = &r->entry[index];
    lk_wipe(body_of(r, index), e->len);
    leave_chain(r, index);
    leave_list(r, index);
    e->len = 0;
    e->generation++;
    join_list(r, index, FREE);
    r->used--;
}

static uint32_t find(struct lk_responses *r, uint64_t association, uint64_t id, uint64_t hash)
{
    uint32_t at = *bucket_of(r, association, hash);
    while (at != NONE) {
        const struct entry *e = &r->entry[at];
        if (e->hash == hash && e->association == association && e->id == id) break;
        at = e->chain;
    }
    return at;
}

static uint32_t take(struct lk_responses *r)
{
    if (r->list[FREE].first == NONE)
        release(r, r->list[KEPT].first != NONE ? r->list[KEPT].first : r->list[IN_WORK].first);
    uint32_t index = r->list[FREE].first;
    leave_list(r, index);
    r->used++;
    return index;
}

/* --- open and close --------------------------------------------------------------------------- */

lk_err lk_responses_open(const struct lk_responses_conf *conf, struct lk_responses **out)
{
    LK_ASSERT(conf->entries > 0 && conf->body_bytes >= LK_HEADER_BYTES);
    size_t bytes = lk_responses_bytes(conf);
    uint8_t *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return -errno;
    if (mlock(map, bytes) != 0 || madvise(map, bytes, MADV_DONTDUMP) != 0 ||
        madvise(map, bytes, MADV_DONTFORK) != 0) {
        lk_err err = -errno;
        munmap(map, bytes);
        return err;
    }
    struct lk_responses *r = (struct lk_responses *)(void *)map;
    *r = (struct lk_responses){.conf = *conf, .map_bytes = bytes,
                               .buckets = bucket_count(conf->entries)};
    r->bucket = (uint32_t *)(void *)(map + bucket_offset());
    r->entry = (struct entry *)(void *)(map + entry_offset(conf));
    r->body = map + body_offset(conf);
    for (uint32_t i = 0; i < STATES; i++)
        r->list[i] = (struct list){.first = NONE, .last = NONE};
    for (uint32_t i = 0; i < r->buckets; i++)
        r->bucket[i] = NONE;
    for (uint32_t i = 0; i < conf->entries; i++) {
        r->entry[i].generation = 1; /* so that no ticket is 0 */
        join_list(r, i, FREE);
    }
    *out = r;
    return LK_OK;
}

void lk_responses_close(struct lk_responses *r)
{
    if (r == NULL) return;
    size_t bytes = r->map_bytes;
    lk_wipe(r, bytes);
    munmap(r, bytes);
}

/* --- requests --------------------------------------------------------------------------------- */

static uint32_t enter(struct lk_responses *r, const struct entry *fresh)
{
    uint32_t index = take(r);
    struct entry *e = &r->entry[index];
    uint32_t *bucket = bucket_of(r, fresh->association, fresh->hash);
    e->association = fresh->association;
    e->id = fresh->id;
    e->hash = fresh->hash;
    e->since_ns = fresh->since_ns;
    e->len = 0;
    e->chain = *bucket;
    *bucket = index;
    join_list(r, index, IN_WORK);
    return index;
}

static bool is_past(const struct lk_responses *r, const struct entry *e, uint64_t now_ns)
{
    return now_ns - e->since_ns >= r->conf.kept_ns;
}

struct lk_repeat_look lk_responses_look(struct lk_responses *r, uint64_t association,
                                        struct lk_bytes request, uint64_t now_ns)
{
    struct lk_header header;
    struct lk_cursor c = lk_cursor_of(request);
    lk_header_read(&c, &header);
    LK_ASSERT(!c.bad);
    struct entry fresh = {.association = association, .id = header.id, .since_ns = now_ns,
                          .hash = lk_siphash(&r->conf.key, request.data, request.len)};
    uint32_t index = find(r, association, fresh.id, fresh.hash);
    if (index != NONE && is_past(r, &r->entry[index], now_ns)) {
        release(r, index);
        index = NONE;
    }
    if (index == NONE) {
        index = enter(r, &fresh);
        uint64_t ticket = (uint64_t)r->entry[index].generation << 32 | index;
        return (struct lk_repeat_look){.found = LK_REPEAT_NEW, .ticket = ticket};
    }
    const struct entry *e = &r->entry[index];
    if (e->state == IN_WORK) return (struct lk_repeat_look){.found = LK_REPEAT_IN_WORK};
    return (struct lk_repeat_look){.found = LK_REPEAT_KEPT,
                                   .kept = lk_bytes_of(body_of(r, index), e->len)};
}

/* The entry of a ticket that is still in work. */
static uint32_t entry_of(const struct lk_responses *r, uint64_t ticket)
{
    uint32_t index = (uint32_t)ticket;
    if (index >= r->conf.entries) return NONE;
    const struct entry *e = &r->entry[index];
    return e->generation == ticket >> 32 && e->state == IN_WORK ? index : NONE;
}

void lk_responses_keep(struct lk_responses *r, uint64_t ticket, struct lk_bytes answer,
                       uint64_t now_ns)
{
    uint32_t index = entry_of(r, ticket);
    if (index == NONE) return;
    if (answer.len > r->conf.body_bytes) {
        release(r, index);
        return;
    }
    memcpy(body_of(r, index), answer.data, answer.len);
    r->entry[index].len = (uint32_t)answer.len;
    r->entry[index].since_ns = now_ns;
    leave_list(r, index);
    join_list(r, index, KEPT);
}

void lk_responses_drop(struct lk_responses *r, uint64_t ticket)
{
    uint32_t index = entry_of(r, ticket);
    if (index != NONE) release(r, index);
}

static uint32_t expire_list(struct lk_responses *r, enum state state, uint64_t now_ns,
                            uint32_t most)
{
    uint32_t gone = 0;
    while (gone < most && r->list[state].first != NONE &&
           is_past(r, &r->entry[r->list[state].first], now_ns)) {
        release(r, r->list[state].first);
        gone++;
    }
    return gone;
}

uint32_t lk_responses_expire(struct lk_responses *r, uint64_t now_ns, uint32_t most)
{
    uint32_t gone = expire_list(r, KEPT, now_ns, most);
    return gone + expire_list(r, IN_WORK, now_ns, most - gone);
}

uint32_t lk_responses_count(const struct lk_responses *r)
{
    return r->used;
}
