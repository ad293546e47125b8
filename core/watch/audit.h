/* audit: a record of every use of a key, in a ring that vault and supervisor share, hash-chained.
 *
 * One ring per worker; producer the worker, consumer the supervisor. A record is in the ring before
 * the answer enters the front's ring (I8), so it survives the death of either child. Ring full: the
 * request is answered temporary_failure and the key is not used.
 * Layout  fixed, 128 bytes; hash = first 16 bytes of SHA-256(hash of the record before || SHA-256
 * of this record's bytes before its hash): only the outer one waits for the record before. Sequence
 * numbers start at 1 and never repeat in the life of the memfd.
 * Start   a zeroed ring is an empty one; `chain` may be set before the first record, by the
 * supervisor, to go on from an earlier journal. After that the newest record itself carries the
 * chain, so a worker killed between two stores leaves nothing to repair. */
#ifndef LK_CORE_WATCH_AUDIT_H
#define LK_CORE_WATCH_AUDIT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "crypto/sha256_lanes.h"

#define LK_AUDIT_RANDOM_BYTES 16 /* enough to tell any two handshakes apart */

struct lk_audit_record {
    uint64_t sequence;
    uint64_t unix_ns;
    uint64_t request_id;
    uint64_t key_handle;
    uint8_t key_full[32];  /* SHA-256 of the public key */
    uint32_t tenant, edge; /* the front's word */
    uint16_t exchange;     /* enum lk_exchange_id */
    uint16_t status;       /* wire status answered */
    uint16_t worker;
    uint16_t scheme; /* SignatureScheme or PRF hash */
    uint64_t peer_hash;
    uint8_t random[LK_AUDIT_RANDOM_BYTES]; /* of ServerHello.random, the first; 0: it had none */
    uint8_t reserved[8];
    uint8_t hash[16];
};
_Static_assert(sizeof(struct lk_audit_record) == 128, "audit record");

struct lk_audit_ring {
    alignas(64) _Atomic uint64_t tail; /* next sequence - 1, written by the worker */
    alignas(64) _Atomic uint64_t head; /* journaled so far, written by the supervisor */
    uint8_t chain[16];                 /* what record 1 follows */
    alignas(64) struct lk_audit_record record[LK_AUDIT_RECORDS_PER_WORKER];
};

/* Worker. Room for `want` more records? Asked before keys are used. */
bool lk_audit_room(struct lk_audit_ring *ring, uint32_t want);
/* Worker. The i-th place behind the newest record, within the room that was asked for: to be
 * filled, all of it, and then appended. Several before one append, since a hash that reads what was
 * written just now waits for it. */
struct lk_audit_record *lk_audit_place(struct lk_audit_ring *ring, uint32_t i);
/* Worker. The first `count` places are records from here on; sequence and hash are set here.
 * sha256: takes LK_SHA256_LANES_MAX. */
void lk_audit_append(struct lk_audit_ring *ring, uint32_t count, lk_sha256_lanes *sha256);
/* Supervisor: copies up to max records out and gives their room back. */
uint32_t lk_audit_take(struct lk_audit_ring *ring, struct lk_audit_record *out, uint32_t max);
/* Checks a run of records that follows `chain` (16 bytes, updated). False: cut, swapped or
 * edited. */
bool lk_audit_verify(uint8_t chain[16], const struct lk_audit_record *records, uint32_t count);

#endif
