#include "core/watch/audit.h"

#include <stddef.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/ct.h"
#include "crypto/hash.h"

#define CHAIN_BYTES sizeof((struct lk_audit_record *)0)->hash
#define OWN_BYTES offsetof(struct lk_audit_record, hash)

/* hash := first half of SHA-256(chain || digest of the record's own bytes). */
static void link_hash(const uint8_t *chain, const uint8_t own[LK_SHA256_BYTES], uint8_t *hash)
{
    uint8_t link[CHAIN_BYTES + LK_SHA256_BYTES], full[LK_SHA256_BYTES];
    memcpy(link, chain, CHAIN_BYTES);
    memcpy(link + CHAIN_BYTES, own, LK_SHA256_BYTES);
    lk_sha256(link, sizeof link, full);
    memcpy(hash, full, CHAIN_BYTES);
}

static struct lk_audit_record *record_at(struct lk_audit_ring *ring, uint64_t number)
{
    return &ring->record[number % LK_AUDIT_RECORDS_PER_WORKER];
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
    return record_at(ring, tail + i);
}

/* Records from `number` on, each the next of the chain: side by side what each has for itself, then
 * link by link. Returns where the chain stands. */
static const uint8_t *records_link(struct lk_audit_ring *ring, uint64_t number, uint32_t count,
                                   const uint8_t *chain, lk_sha256_lanes *sha256)
{
    struct lk_sha256_job job[LK_SHA256_LANES_MAX];
    uint8_t own[LK_SHA256_LANES_MAX][LK_SHA256_BYTES];
    for (uint32_t i = 0; i < count; i++) {
        struct lk_audit_record *record = record_at(ring, number + i);
        record->sequence = number + i + 1;
        memcpy(job[i].message, record, OWN_BYTES);
        job[i].len = OWN_BYTES;
        job[i].digest = own[i];
    }
    sha256(job, count);
    for (uint32_t i = 0; i < count; i++) {
        struct lk_audit_record *record = record_at(ring, number + i);
        link_hash(chain, own[i], record->hash);
        chain = record->hash;
    }
    return chain;
}

void lk_audit_append(struct lk_audit_ring *ring, uint32_t count, lk_sha256_lanes *sha256)
{
    LK_ASSERT(lk_audit_room(ring, count));
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    const uint8_t *chain = tail > 0 ? record_at(ring, tail - 1)->hash : ring->chain;
    while (count > 0) {
        uint32_t some = count < LK_SHA256_LANES_MAX ? count : LK_SHA256_LANES_MAX;
        chain = records_link(ring, tail, some, chain, sha256);
        tail += some;
        count -= some;
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
        out[i] = *record_at(ring, head + i);
    /* Orders our reads before the worker's reuse of these places (its acquire of head). */
    atomic_store_explicit(&ring->head, head + count, memory_order_release);
    return (uint32_t)count;
}

bool lk_audit_verify(uint8_t chain[16], const struct lk_audit_record *records, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t own[LK_SHA256_BYTES], want[CHAIN_BYTES];
        lk_sha256(&records[i], OWN_BYTES, own);
        link_hash(chain, own, want);
        if (!lk_ct_equal(want, records[i].hash, CHAIN_BYTES)) return false;
        if (i > 0 && records[i].sequence != records[i - 1].sequence + 1) return false;
        memcpy(chain, want, CHAIN_BYTES);
    }
    return true;
}
