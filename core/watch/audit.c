#include "core/watch/audit.h"

#include <string.h>

#include "core/base/err.h"
#include "crypto/ct.h"
#include "crypto/hash.h"

#define CHAIN_BYTES sizeof((struct lk_audit_record *)0)->hash

/* hash := first half of SHA-256(chain || record, whose hash is zero). */
static void bare_hash(const uint8_t *chain, const struct lk_audit_record *bare, uint8_t *hash)
{
    struct lk_piece pieces[] = {{chain, CHAIN_BYTES}, {bare, sizeof *bare}};
    uint8_t full[LK_SHA256_BYTES];
    lk_hash_pieces(0, pieces, 2, full);
    memcpy(hash, full, CHAIN_BYTES);
}

bool lk_audit_room(struct lk_audit_ring *ring, uint32_t want)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    /* Orders the supervisor's reads of old records before our reuse of their places. */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return want <= LK_AUDIT_RECORDS_PER_WORKER && tail - head <= LK_AUDIT_RECORDS_PER_WORKER - want;
}

struct lk_audit_record *lk_audit_place(struct lk_audit_ring *ring, uint32_t i)
{
    LK_ASSERT(lk_audit_room(ring, i + 1));
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    return &ring->record[(tail + i) % LK_AUDIT_RECORDS_PER_WORKER];
}

void lk_audit_append(struct lk_audit_ring *ring, uint32_t count)
{
    LK_ASSERT(lk_audit_room(ring, count));
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    const uint8_t *chain = ring->chain;
    if (tail > 0) chain = ring->record[(tail - 1) % LK_AUDIT_RECORDS_PER_WORKER].hash;
    for (uint32_t i = 0; i < count; i++) {
        struct lk_audit_record *record = &ring->record[tail++ % LK_AUDIT_RECORDS_PER_WORKER];
        record->sequence = tail;
        memset(record->hash, 0, sizeof record->hash);
        bare_hash(chain, record, record->hash);
        chain = record->hash;
    }
    /* Orders the records before the supervisor's acquire of tail. */
    atomic_store_explicit(&ring->tail, tail, memory_order_release);
}

uint32_t lk_audit_take(struct lk_audit_ring *ring, struct lk_audit_record *out, uint32_t max)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t count = atomic_load_explicit(&ring->tail, memory_order_acquire) - head;
    if (count > LK_AUDIT_RECORDS_PER_WORKER) count = LK_AUDIT_RECORDS_PER_WORKER;
    if (count > max) count = max;
    for (uint64_t i = 0; i < count; i++)
        out[i] = ring->record[(head + i) % LK_AUDIT_RECORDS_PER_WORKER];
    /* Orders our reads before the worker's reuse of these places (its acquire of head). */
    atomic_store_explicit(&ring->head, head + count, memory_order_release);
    return (uint32_t)count;
}

bool lk_audit_verify(uint8_t chain[16], const struct lk_audit_record *records, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t want[CHAIN_BYTES];
        struct lk_audit_record bare = records[i];
        memset(bare.hash, 0, sizeof bare.hash);
        bare_hash(chain, &bare, want);
        if (!lk_ct_equal(want, records[i].hash, CHAIN_BYTES)) return false;
        if (i > 0 && records[i].sequence != records[i - 1].sequence + 1) return false;
        memcpy(chain, want, CHAIN_BYTES);
    }
    return true;
}
