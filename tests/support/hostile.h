/* hostile: a front that writes whatever it likes, against a worker over the recording table, whose every
 * private operation is checked as it happens: the key may be used so, the row is the key's, and the
 * bytes are those the vault composes itself. A broken promise aborts.
 * One rig for the program. Thread one; bytes of the slots may be changed by another. */
#ifndef LK_TESTS_SUPPORT_HOSTILE_H
#define LK_TESTS_SUPPORT_HOSTILE_H

#include "core/base/bytes.h"
#include "tests/support/rig.h"

/* The keys of the rig. */
enum lk_hostile_key {
    LK_HOSTILE_PROOF,  /* Ed25519, a proof of ownership is required */
    LK_HOSTILE_PLAIN,  /* Ed25519, of another tenant, a proof is optional */
    LK_HOSTILE_CLOSED, /* Ed25519, with rights that no exchange on it can use */
    LK_HOSTILE_RSA,    /* RSA-2048, PKCS#1 with SHA-256 only */
    LK_HOSTILE_KEYS
};

/* Made at the first call. */
struct lk_rig *lk_hostile_rig(void);
/* An honest request into slot `index`, pushed. */
void lk_hostile_send(uint32_t index, enum lk_hostile_key key, uint32_t number, uint8_t proof_r);
/* Turns until nothing is left; an epoch given up is begun anew. Returns requests done. */
uint32_t lk_hostile_turn(void);
/* Bytes as a list of things to do to slots and rings. */
void lk_hostile_do(struct lk_bytes bytes);

/* Private operations seen so far. */
uint64_t lk_hostile_signed(void);

#endif
