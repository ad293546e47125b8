#include "tools/provider/kept.h"

#include <sys/mman.h>

#include "crypto/ct.h"
#include "tools/provider/key.h"

#define NS_PER_S UINT64_C(1000000000)
#define EXPIRE_NS (NS_PER_S / 10)

/* One description a ring, so that taking, ageing and wiping are written once. */
struct ring {
    size_t offset, bytes; /* in struct lk_kept, of an entry */
    unsigned count;
    uint64_t age_ns;
    void (*let_go)(void *entry); /* of references; NULL: it has none */
};

static void let_go_handle(void *entry)
{
    lk_pkey_free(((struct lk_kept_handle *)entry)->key);
}

static void let_go_final(void *entry)
{
    lk_transcript_free(((struct lk_kept_final *)entry)->transcript);
}

enum ring_name { RING_S, RING_PRIVATE, RING_SHARED, RING_HANDLE, RING_FINAL, RING_HELLO, RINGS };

#define RING(member, seconds, let_go_function)                                                     \
    {                                                                                              \
        offsetof(struct lk_kept, member), sizeof(((struct lk_kept *)0)->member[0]),                \
            sizeof(((struct lk_kept *)0)->member) / sizeof(((struct lk_kept *)0)->member[0]),      \
            (seconds)*NS_PER_S, let_go_function                                                    \
    }

/* A question follows at once, but for S (RSA: the client's next flight) and the ClientHello before
 * a HelloRetryRequest. */
static const struct ring rings[RINGS] = {
    [RING_S] = RING(s, 30, NULL),
    [RING_PRIVATE] = RING(private, 2, NULL),
    [RING_SHARED] = RING(shared, 5, NULL),
    [RING_HANDLE] = RING(handle, 5, let_go_handle),
    [RING_FINAL] = RING(final, 5, let_go_final),
    [RING_HELLO] = RING(hello, 10, let_go_final),
};

static void *entry_at(struct lk_kept *kept, const struct ring *ring, unsigned i)
{
    return (uint8_t *)kept + ring->offset + i * ring->bytes;
}

static uint64_t made_ns(const void *entry)
{
    return ((const struct lk_kept_stamp *)entry)->made_ns;
}

static void entry_drop(const struct ring *ring, void *entry)
{
    if (made_ns(entry) != 0 && ring->let_go != NULL) ring->let_go(entry);
    lk_wipe(entry, ring->bytes);
}

struct lk_kept *lk_kept_new(void)
{
    struct lk_kept *kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (kept == MAP_FAILED) return NULL;
    if (madvise(kept, sizeof *kept, MADV_DONTDUMP) == 0 &&
        madvise(kept, sizeof *kept, MADV_WIPEONFORK) == 0)
        return kept;
    munmap(kept, sizeof *kept);
    return NULL;
}

void lk_kept_free(struct lk_kept *kept)
{
    if (kept == NULL) return;
    for (const struct ring *ring = rings; ring < rings + RINGS; ring++)
        for (unsigned i = 0; i < ring->count; i++)
            entry_drop(ring, entry_at(kept, ring, i));
    munmap(kept, sizeof *kept);
}

void lk_kept_expire(struct lk_kept *kept, uint64_t now_ns)
{
    if (now_ns - kept->expired_ns < EXPIRE_NS) return;
    kept->expired_ns = now_ns;
    for (const struct ring *ring = rings; ring < rings + RINGS; ring++)
        for (unsigned i = 0; i < ring->count; i++) {
            void *entry = entry_at(kept, ring, i);
            uint64_t made = made_ns(entry);
            if (made != 0 && now_ns - made > ring->age_ns) entry_drop(ring, entry);
        }
}

static void *take(struct lk_kept *kept, enum ring_name name, uint64_t now_ns)
{
    const struct ring *ring = &rings[name];
    void *oldest = entry_at(kept, ring, 0);
    for (unsigned i = 1; i < ring->count && made_ns(oldest) != 0; i++) {
        void *entry = entry_at(kept, ring, i);
        if (made_ns(entry) < made_ns(oldest)) oldest = entry;
    }
    entry_drop(ring, oldest);
    ((struct lk_kept_stamp *)oldest)->made_ns = now_ns;
    return oldest;
}

struct lk_kept_s *lk_kept_s_take(struct lk_kept *kept, uint64_t now_ns)
{
    return take(kept, RING_S, now_ns);
}

struct lk_kept_private *lk_kept_private_take(struct lk_kept *kept, uint64_t now_ns)
{
    struct lk_kept_private *entry = &kept->private[kept->next_private];
    kept->next_private = (kept->next_private + 1) % LK_KEPT_PRIVATE_MAX;
    LK_WIPE(*entry);
    entry->stamp.made_ns = now_ns;
    return entry;
}

struct lk_kept_shared *lk_kept_shared_take(struct lk_kept *kept, uint64_t now_ns)
{
    return take(kept, RING_SHARED, now_ns);
}

struct lk_kept_handle *lk_kept_handle_take(struct lk_kept *kept, uint64_t now_ns)
{
    return take(kept, RING_HANDLE, now_ns);
}

struct lk_kept_final *lk_kept_final_take(struct lk_kept *kept, uint64_t now_ns)
{
    return take(kept, RING_FINAL, now_ns);
}

struct lk_kept_final *lk_kept_hello_take(struct lk_kept *kept, uint64_t now_ns)
{
    return take(kept, RING_HELLO, now_ns);
}

/* --- finding: what is looked for has a width of at least 32 random bytes, so that two entries that
 * both fit say the same or were forged; then none is taken ----------------------------------- */

typedef bool (*fits_fn)(const void *entry, struct lk_bytes wanted);

static void *find(struct lk_kept *kept, enum ring_name name, fits_fn fits, struct lk_bytes wanted)
{
    const struct ring *ring = &rings[name];
    void *found = NULL;
    unsigned count = 0;
    for (unsigned i = 0; i < ring->count; i++) {
        void *entry = entry_at(kept, ring, i);
        if (made_ns(entry) == 0 || !fits(entry, wanted)) continue;
        found = entry;
        count++;
    }
    return count == 1 ? found : NULL;
}

static bool s_fits(const void *entry, struct lk_bytes wanted)
{
    const struct lk_kept_s *s = entry;
    return lk_ct_equal(s->random, wanted.data, sizeof s->random);
}

struct lk_kept_s *lk_kept_s_find(struct lk_kept *kept, const uint8_t random[32])
{
    return find(kept, RING_S, s_fits, lk_bytes_of(random, 32));
}

/* Of the handshake secret; the hash has its length. */
static bool shared_fits_secret(const void *entry, struct lk_bytes wanted)
{
    const struct lk_kept_shared *shared = entry;
    return wanted.len <= sizeof shared->handshake_secret &&
           lk_ct_equal(shared->handshake_secret, wanted.data, wanted.len);
}

struct lk_kept_shared *lk_kept_shared_by_secret(struct lk_kept *kept, struct lk_bytes secret)
{
    return secret.len >= 32 ? find(kept, RING_SHARED, shared_fits_secret, secret) : NULL;
}

static bool shared_fits_hash(const void *entry, struct lk_bytes wanted)
{
    const struct lk_kept_shared *shared = entry;
    return shared->hash_len == wanted.len &&
           lk_ct_equal(shared->transcript_hash, wanted.data, wanted.len);
}

struct lk_kept_shared *lk_kept_shared_by_hash(struct lk_kept *kept, struct lk_bytes hash)
{
    return hash.len >= 32 ? find(kept, RING_SHARED, shared_fits_hash, hash) : NULL;
}

static bool handle_fits(const void *entry, struct lk_bytes wanted)
{
    return lk_ct_equal(((const struct lk_kept_handle *)entry)->handle, wanted.data, wanted.len);
}

struct lk_kept_handle *lk_kept_handle_find(struct lk_kept *kept, struct lk_bytes handle)
{
    return handle.len == LK_PREMASTER_BYTES ? find(kept, RING_HANDLE, handle_fits, handle) : NULL;
}

static bool final_fits(const void *entry, struct lk_bytes wanted)
{
    const struct lk_kept_final *final = entry;
    return final->hash_len == wanted.len && lk_ct_equal(final->hash, wanted.data, wanted.len);
}

struct lk_kept_final *lk_kept_final_find(struct lk_kept *kept, struct lk_bytes hash)
{
    return hash.len >= 32 ? find(kept, RING_FINAL, final_fits, hash) : NULL;
}

/* The same hello from two clients gives two entries that say the same: no choice is made. */
struct lk_kept_final *lk_kept_hello_find(struct lk_kept *kept, struct lk_bytes hash)
{
    return hash.len >= 32 ? find(kept, RING_HELLO, final_fits, hash) : NULL;
}

struct lk_kept_private *lk_kept_private_at(struct lk_kept *kept, unsigned i)
{
    if (i >= LK_KEPT_PRIVATE_MAX) return NULL;
    unsigned at = (kept->next_private + LK_KEPT_PRIVATE_MAX - 1 - i) % LK_KEPT_PRIVATE_MAX;
    struct lk_kept_private *entry = &kept->private[at];
    return entry->stamp.made_ns != 0 ? entry : NULL;
}

/* --- used ---------------------------------------------------------------------------------- */

void lk_kept_s_drop(struct lk_kept_s *entry)
{
    entry_drop(&rings[RING_S], entry);
}

void lk_kept_shared_drop(struct lk_kept_shared *entry)
{
    entry_drop(&rings[RING_SHARED], entry);
}

void lk_kept_handle_drop(struct lk_kept_handle *entry)
{
    entry_drop(&rings[RING_HANDLE], entry);
}

void lk_kept_final_drop(struct lk_kept_final *entry)
{
    entry_drop(&rings[RING_FINAL], entry);
}

void lk_kept_private_drop_all(struct lk_kept *kept)
{
    LK_WIPE(kept->private);
    kept->next_private = 0;
}
