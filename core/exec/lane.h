/* lane: the vault's own copy of a job, checked, with its key: one request in the hands of a worker.
 *
 * Owner   its worker. FREE lanes lie in the worker's lists; an admitted one in a queue of its
 *         kernel row (batch.h) or in the batch in hand.
 * Trust   the slot is read once, by lk_lane_copy, head and job; everything after that looks at the
 *         copy. A front that changes the slot meanwhile changes nothing that was checked.
 * Memory  the lane and, behind it, room for a job of its class; in the vault's secret memory.
 * Secrets premaster and master secret pass through in, out and job: lk_lane_wipe at release. */
#ifndef LK_CORE_EXEC_LANE_H
#define LK_CORE_EXEC_LANE_H

#include <stdalign.h>
#include <stdbool.h>

#include "core/base/slot.h"
#include "core/exec/keyring.h"
#include "core/exec/novelty.h"
#include "core/watch/metrics.h"
#include "core/wire/split.h"
#include "core/wire/tls12.h"
#include "core/wire/tls13.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_pad.h"

struct lk_exchange;

/* The slot a ring named, as the worker found it in its own map. */
struct lk_slot_place {
    struct lk_slot *slot;
    uint32_t body_bytes; /* of its class */
    uint32_t loop;
    uint64_t ref;
};

#define LK_TLS13_SECRET_BYTES_MAX 48 /* of SHA-384, the longest hash of a suite */
#define LK_TLS13_SHARE_BYTES_MAX 133 /* secp521r1 */
#define LK_TLS13_WORK_SECRETS 5      /* h_c h_s a_c a_s x */

/* What s_init_cert_verify has between its kernels. */
struct lk_tls13_work {
    struct lk_hash_state transcript;
    uint8_t master[LK_HASH_BYTES_MAX]; /* master secret */
    uint8_t secret[LK_TLS13_WORK_SECRETS][LK_HASH_BYTES_MAX];
    uint8_t share[LK_TLS13_SHARE_BYTES_MAX]; /* that was made here */
    uint16_t share_bytes;                    /* 0: none was */
};

struct lk_lane {
    struct lk_lane *next; /* in a free list or a queue */
    struct lk_slot_place place;
    bool large; /* class of its room for a job */

    /* what it asks for, from the checked copy */
    const struct lk_exchange *exchange; /* NULL: unknown */
    const struct lk_key *key;           /* borrowed from the keyring of this turn */
    const uint8_t *s; /* [32], in job: the server random as the edge drew it, to be judged before
                       * the start; NULL: nothing of the kind */
    const uint8_t *point; /* [65], in job: a share of P-256 that no proof vouches for; NULL: none */
    bool point_good;      /* it is one of the curve: judged by the worker, before the start */
    struct lk_novelty_place novelty; /* of s, where the table is looked at */
    bool digested; /* `digest` is of what will be signed: done ahead (ahead.h) */
    struct lk_tls12_common common; /* without a funct or a key id where the payload has none */
    union {
        struct lk_tls12_rsa_master rsa_master;
        struct lk_tls12_handshake handshake;
        struct lk_split_sign_ske ske; /* ecdhe of tls12 too: what its form has is here as well */
        struct lk_split_rsa_premaster rsa_premaster;
        struct lk_split_cert_verify cert_verify;
        struct lk_split_cert_request cert_request;
        struct lk_tls13_cert_verify s_init;
    } request; /* views of job */

    /* where it stands */
    enum lk_kernel_row row; /* the kernel it waits for */
    bool started;           /* its S was entered; steps after it are done */
    bool key_used;          /* the private key was at work: a record is due */
    bool denied;            /* the front granted what the key's own rule does not allow */
    uint8_t verdict;        /* enum lk_slot_verdict */
    uint8_t status;         /* of the extension; 0 while undecided */
    uint8_t why;            /* as in the slot */
    uint64_t queued_ns, work_ns;

    /* scratch of the steps */
    uint8_t hash;                        /* enum lk_hash of the PRF or the signature */
    enum lk_premaster_versions versions; /* RSA decryption */
    uint16_t scheme; /* for the audit record: SignatureScheme, PRF hash or client version */
    const uint8_t *client_random;        /* [32], in job */
    struct lk_bytes ciphertext;          /* in job */
    struct lk_operand operand;           /* of the kernel it waits for */
    uint8_t fs[LK_RANDOM_BYTES];         /* F(S) */
    uint8_t digest[LK_SHA256_BYTES];     /* SHA-256 of the text to be signed */
    uint8_t challenge[LK_SHA256_BYTES];  /* of the proof of ownership */
    uint8_t master[LK_MASTER_BYTES];     /* the answer of RSA exchanges */

    alignas(struct lk_slot) uint8_t head[LK_SLOT_HEAD_BYTES]; /* the copy of the slot's head */
    uint32_t job_bytes;                                       /* copied into job */

    /* Two kilobytes of which most requests touch a line each: at the end, so that a lane lies on
     * few lines of the cache. */
    struct lk_tls13_work tls13;
    uint8_t in[LK_RSA_BYTES_MAX];  /* encoded message, digest or text to sign */
    uint8_t out[LK_RSA_BYTES_MAX]; /* what the kernel wrote */
    alignas(64) uint8_t job[];
};

/* Bytes of a lane with room for a job of the class; whole lines. */
static inline size_t lk_lane_bytes(bool large)
{
    size_t body = large ? LK_SLOT_LARGE_BODY_BYTES : LK_SLOT_SMALL_BODY_BYTES;
    return (sizeof(struct lk_lane) + body + 63) / 64 * 64;
}

static inline const struct lk_slot *lk_lane_head(const struct lk_lane *lane)
{
    return (const struct lk_slot *)(const void *)lane->head;
}

/* Copy the slot of `place`, which fits the lane's class. LK_ERR_ABSURD: state or generation is not
 * what a slot on its way to a worker has. */
LK_MUST_USE lk_err lk_lane_copy(struct lk_lane *lane, const struct lk_slot_place *place);

/* Judge the copy: exchange, length, key, rights, structure, up to where S comes in. True: go on,
 * `row` is where it queues. False: verdict and status are the answer. Denials are counted where an
 * honest front would not have sent the job. */
bool lk_lane_admit(struct lk_lane *lane, const struct lk_keyring *keys,
                   struct lk_counters *counters);

/* Is the key id in the payload one of the lane's key? */
bool lk_lane_names_key(const struct lk_lane *lane);

/* Settle the answer. */
static inline void lk_lane_answer(struct lk_lane *lane, uint8_t status)
{
    lane->verdict = LK_VERDICT_ANSWER;
    lane->status = status;
}
static inline void lk_lane_refuse(struct lk_lane *lane)
{
    lane->verdict = LK_VERDICT_TEMPORARY;
    lane->status = 0;
}

/* Forget everything a request left in the lane. */
void lk_lane_wipe(struct lk_lane *lane);

#endif
