#include "core/exec/novelty.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/rng.h"

#define MAGIC UINT64_C(0x6c6b2d6e6f767332)
#define BUCKET_ENTRIES 8
#define TRIES (2 * BUCKET_ENTRIES) /* places where a value may lie */
#define PRESSED 12                 /* of TRIES in use: from here on shares bind */
#define SHARE_CELLS 8192
#define BUCKETS_MIN 2
#define BUCKETS_MAX (UINT32_C(1) << 29)
#define EXPIRY_BITS 30 /* seconds after the start of the table: 34 years */
#define USES_BITS 2

/* print: the fingerprint, 0 never used. state: peer_payload << 32 | expiry << 2 | uses. */
struct entry {
    alignas(16) _Atomic uint64_t print;
    _Atomic uint64_t state;
};
struct lk_novelty_table {
    uint64_t magic;
    uint32_t buckets;
    struct lk_siphash_key key[2];
    int64_t started_unix_s;
    _Atomic uint64_t share[SHARE_CELLS]; /* period << 32 | entries made in it */
    alignas(64) struct entry entry[];
};

_Static_assert(LK_NOVELTY_REPEATS_MAX < 1 << USES_BITS, "uses fit");

size_t lk_novelty_bytes(uint32_t entries)
{
    uint32_t buckets = BUCKETS_MIN;
    while (buckets < BUCKETS_MAX && (uint64_t)buckets * BUCKET_ENTRIES < entries)
        buckets *= 2;
    return sizeof(struct lk_novelty_table) +
           (size_t)buckets * BUCKET_ENTRIES * sizeof(struct entry);
}

lk_err lk_novelty_attach(struct lk_novelty_view *view, void *memory, size_t bytes,
                         int64_t now_unix_s)
{
    struct lk_novelty_table *table = memory;
    LK_REQUIRE(bytes > sizeof *table, LK_ERR_FORMAT);
    size_t entries = (bytes - sizeof *table) / sizeof(struct entry);
    LK_REQUIRE(entries <= (size_t)BUCKETS_MAX * BUCKET_ENTRIES, LK_ERR_FORMAT);
    LK_REQUIRE(bytes == lk_novelty_bytes((uint32_t)(entries - 1)), LK_ERR_FORMAT);
    uint32_t buckets = (uint32_t)(entries / BUCKET_ENTRIES);
    if (table->magic == 0) {
        struct lk_rng rng;
        lk_rng_init(&rng);
        LK_REQUIRE(lk_rng_bytes(&rng, table->key, sizeof table->key), LK_ERR_CRYPTO);
        table->started_unix_s = now_unix_s;
        table->buckets = buckets;
        table->magic = MAGIC;
    }
    LK_REQUIRE(table->magic == MAGIC && table->buckets == buckets, LK_ERR_FORMAT);
    *view = (struct lk_novelty_view){.table = table,
                                     .buckets = buckets,
                                     .share = (uint32_t)(entries / 8),
                                     .started_unix_s = table->started_unix_s};
    memcpy(view->key, table->key, sizeof view->key);
    return LK_OK;
}

/* --- one entry ------------------------------------------------------------------------------ */

struct value {
    uint64_t print, state;
};

static uint64_t state_of(uint32_t peer_payload, uint64_t expiry, unsigned uses)
{
    return (uint64_t)peer_payload << 32 | expiry << USES_BITS | uses;
}
static unsigned state_uses(uint64_t state)
{
    return (unsigned)(state & ((1u << USES_BITS) - 1));
}
static uint64_t state_expiry(uint64_t state)
{
    return (uint32_t)state >> USES_BITS;
}

/* Both words of one entry, read so that they belong together. */
static struct value entry_read(struct entry *e)
{
    for (;;) {
        struct value v = {.print = atomic_load(&e->print)};
        v.state = atomic_load(&e->state);
        if (atomic_load(&e->print) == v.print) return v;
    }
}

/* The one step by which anything is entered: all 16 bytes, or nothing when they changed meanwhile.
 * Sequentially consistent: who looks through both buckets after it sees every entry whose maker did
 * not yet look, and the other way round. */
__attribute__((target("cx16"))) static bool entry_swap(struct entry *e, struct value old,
                                                       struct value new)
{
    unsigned __int128 from = (unsigned __int128)old.state << 64 | old.print;
    unsigned __int128 to = (unsigned __int128)new.state << 64 | new.print;
    return __sync_bool_compare_and_swap((unsigned __int128 *)(void *)e, from, to);
}

/* --- where a value may lie ------------------------------------------------------------------ */

struct search {
    struct entry *place[2]; /* two buckets */
    uint64_t print;
    uint64_t now;    /* seconds after the start of the table */
    uint64_t expiry; /* the same */
};

static struct entry *search_at(const struct search *search, unsigned i)
{
    return &search->place[i / BUCKET_ENTRIES][i % BUCKET_ENTRIES];
}

static struct entry *bucket_at(const struct lk_novelty_view *view, uint32_t bucket)
{
    return &view->table->entry[(size_t)bucket * BUCKET_ENTRIES];
}

static void place_set(const struct lk_novelty_view *view, struct lk_novelty_place *place,
                      uint64_t where)
{
    uint32_t mask = view->buckets - 1;
    place->bucket[0] = (uint32_t)where & mask;
    place->bucket[1] = place->bucket[0] ^
                       ((uint32_t)(where >> 32 | 1) & mask); /* never the first */
    for (unsigned i = 0; i < TRIES; i += 64 / sizeof(struct entry))
        __builtin_prefetch(bucket_at(view, place->bucket[i / BUCKET_ENTRIES]) + i % BUCKET_ENTRIES,
                           1);
}

/* What is hashed of one ask, by each key of the table. The second hashes inputs of 8 bytes, of 16,
 * and requests, which are longer: never one for another. */
struct hashed {
    uint8_t value[LK_SHA256_BYTES + LK_RANDOM_BYTES]; /* key and S */
    uint64_t peer_payload[2];                         /* the peer's hash, and the request's */
};

void lk_novelty_find(const struct lk_novelty_view *view, lk_siphash_many *hash,
                     const struct lk_novelty_ask *ask, unsigned count,
                     struct lk_novelty_place *place)
{
    struct hashed hashed[LK_NOVELTY_ASKS_MAX];
    struct lk_piece value[LK_NOVELTY_ASKS_MAX], print[LK_NOVELTY_ASKS_MAX],
        payload[LK_NOVELTY_ASKS_MAX], peer_payload[LK_NOVELTY_ASKS_MAX];
    uint64_t out[LK_NOVELTY_ASKS_MAX];
    LK_ASSERT(count > 0 && count <= LK_NOVELTY_ASKS_MAX);
    for (unsigned i = 0; i < count; i++) {
        memcpy(hashed[i].value, ask[i].key_full, LK_SHA256_BYTES);
        memcpy(hashed[i].value + LK_SHA256_BYTES, ask[i].s, LK_RANDOM_BYTES);
        value[i] = (struct lk_piece){hashed[i].value, sizeof hashed[i].value};
        print[i] = (struct lk_piece){&place[i].print, sizeof place[i].print};
        payload[i] = (struct lk_piece){ask[i].payload.data, ask[i].payload.len};
        peer_payload[i] = (struct lk_piece){hashed[i].peer_payload, sizeof hashed[i].peer_payload};
    }
    hash(&view->key[0], value, count, out);
    for (unsigned i = 0; i < count; i++)
        place[i].print = out[i] != 0 ? out[i] : 1;
    hash(&view->key[1], print, count, out);
    for (unsigned i = 0; i < count; i++)
        place_set(view, &place[i], out[i]);
    hash(&view->key[1], payload, count, out);
    for (unsigned i = 0; i < count; i++) {
        hashed[i].peer_payload[0] = ask[i].peer_hash;
        hashed[i].peer_payload[1] = out[i];
    }
    hash(&view->key[1], peer_payload, count, out);
    for (unsigned i = 0; i < count; i++)
        place[i].peer_payload = (uint32_t)out[i];
}

/* The live entry of this S beside the one at `own`, or NULL. */
static struct entry *twin_find(const struct search *search, const struct entry *own,
                               struct value *seen)
{
    for (unsigned i = 0; i < TRIES; i++) {
        struct entry *e = search_at(search, i);
        if (e == own || atomic_load(&e->print) != search->print) continue;
        *seen = entry_read(e);
        if (seen->print == search->print && state_expiry(seen->state) >= search->now) return e;
    }
    return NULL;
}

/* What both buckets hold. */
struct look {
    struct entry *found; /* the live entry of this S, or NULL; else: */
    struct entry *empty; /* a place to enter it, in the emptier bucket, or NULL */
    struct value seen;   /* of found, or of empty */
    unsigned live;       /* entries in use, of TRIES */
};

static struct look search_look(const struct search *search)
{
    struct entry *empty[2] = {NULL, NULL};
    struct value was[2] = {{0}, {0}};
    unsigned live[2] = {0, 0};
    for (unsigned i = 0; i < TRIES; i++) {
        struct entry *e = search_at(search, i);
        unsigned bucket = i / BUCKET_ENTRIES;
        struct value v = entry_read(e);
        if (v.print == 0 || state_expiry(v.state) < search->now) {
            empty[bucket] = e;
            was[bucket] = v;
        } else if (v.print == search->print) {
            return (struct look){.found = e, .seen = v};
        } else {
            live[bucket]++;
        }
    }
    unsigned bucket = live[1] < live[0];
    return (struct look){.empty = empty[bucket], .seen = was[bucket], .live = live[0] + live[1]};
}

/* --- entering ------------------------------------------------------------------------------- */

/* Entries a peer may make in a period where `live` of the places are in use. Each value goes to the
 * emptier of two buckets, so the buckets are alike and tell how full the table is. */
static uint64_t share_of(const struct lk_novelty_view *view, unsigned live)
{
    static const uint8_t halvings[TRIES - PRESSED] = {0, 2, 4, 6};
    return live < PRESSED ? UINT32_MAX : view->share >> halvings[live - PRESSED];
}

/* Counts one more entry of the peer in this period; false: its share is used up. A count that is
 * not used after all stays: it errs on the side of refusing. */
static bool share_take(const struct lk_novelty_view *view, const struct lk_novelty_use *use,
                       uint64_t now, unsigned live)
{
    uint64_t period_s = 2 * (uint64_t)(use->window_s != 0 ? use->window_s : LK_NOVELTY_KEEP_S);
    uint64_t period = (now / period_s) & UINT32_MAX;
    uint64_t may = share_of(view, live);
    uint64_t cell = (use->peer_hash ^ use->window_s) * 0x9e3779b97f4a7c15ull >> 51;
    _Atomic uint64_t *share = &view->table->share[cell];
    uint64_t old = atomic_load_explicit(share, memory_order_relaxed);
    for (;;) {
        uint64_t made = old >> 32 == period ? old & UINT32_MAX : 0;
        if (made >= may) return false;
        uint64_t new = period << 32 | (made + 1);
        if (atomic_compare_exchange_weak_explicit(share, &old, new, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
}

/* The S of `seen` was there before: count this use of it. Returns false when it changed
 * meanwhile. */
static bool repeat(struct entry *e, struct value seen, uint32_t peer_payload, enum lk_novelty *out)
{
    *out = LK_REPLAYED;
    unsigned uses = state_uses(seen.state);
    if ((uint32_t)(seen.state >> 32) != peer_payload || uses >= LK_NOVELTY_REPEATS_MAX) return true;
    *out = LK_SAME_AGAIN;
    return entry_swap(e, seen, (struct value){seen.print, seen.state + 1});
}

/* One attempt to enter S; false: another changed what it saw, or entered a twin, try again. *own:
 * what this call entered. */
static bool enter_once(const struct lk_novelty_view *view, const struct lk_novelty_use *use,
                       const struct search *search, struct entry **own, enum lk_novelty *out)
{
    uint32_t peer_payload = use->place.peer_payload;
    struct look look = search_look(search);
    if (look.found != NULL) return repeat(look.found, look.seen, peer_payload, out);
    *out = LK_NOVELTY_FULL;
    if (look.empty == NULL || !share_take(view, use, search->now, look.live)) return true;
    struct value mine = {search->print, state_of(peer_payload, search->expiry, 0)};
    if (entry_swap(look.empty, look.seen, mine)) *own = look.empty;
    return false;
}

/* After it was entered: nobody else did, in the other place? False: the twin changed meanwhile. */
static bool alone(const struct lk_novelty_use *use, const struct search *search,
                  const struct entry *own, enum lk_novelty *out)
{
    struct value seen;
    struct entry *twin = twin_find(search, own, &seen);
    *out = LK_NEW;
    return twin == NULL || repeat(twin, seen, use->place.peer_payload, out);
}

enum lk_novelty lk_novelty_enter(const struct lk_novelty_view *view,
                                 const struct lk_novelty_use *use, int64_t now_unix_s)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(use->s, sizeof(uint32_t)));
    int64_t time = (int64_t)lk_cursor_u32(&c);
    if (use->window_s != 0 && time < view->started_unix_s) return LK_REPLAYED;
    int64_t until = use->window_s != 0 ? time + use->window_s : now_unix_s + LK_NOVELTY_KEEP_S;
    int64_t now = now_unix_s - view->started_unix_s, expiry = until - view->started_unix_s;
    if (now < 0) now = 0;
    if (expiry < now) return LK_REPLAYED; /* outside the window: it would be forgotten at once */
    if (expiry >= INT64_C(1) << EXPIRY_BITS) return LK_NOVELTY_FULL;

    struct search search = {
        .print = use->place.print, .now = (uint64_t)now, .expiry = (uint64_t)expiry};
    for (unsigned i = 0; i < 2; i++)
        search.place[i] = bucket_at(view, use->place.bucket[i]);
    struct entry *own = NULL;
    enum lk_novelty out;
    while (own == NULL ? !enter_once(view, use, &search, &own, &out)
                       : !alone(use, &search, own, &out))
        ;
    return out;
}
