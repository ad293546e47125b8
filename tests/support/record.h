/* record: a kernel table that computes nothing and remembers what it was asked: which row, which key,
 * which bytes, in which batch. A private operation "answers" its first bytes; a proof holds unless its
 * r begins with an odd byte.
 * One record for the program, since kernels have no context: thread one. */
#ifndef LK_TESTS_SUPPORT_RECORD_H
#define LK_TESTS_SUPPORT_RECORD_H

#include "core/base/limits.h"
#include "crypto/crypto.h"

#define LK_RECORDS_MAX 4096 /* later ones are counted and not kept */

struct lk_record {
    enum lk_kernel_row row;
    uint32_t batch; /* number of the call, from 0 */
    const struct lk_engine_key *key;
    size_t in_bytes;
    uint8_t in[LK_RSA_BYTES_MAX];
};

/* Every row with this many lanes and this cost. */
void lk_record_kernels(struct lk_kernels *out, uint32_t lanes_max, uint32_t cost_ns);
void lk_record_clear(void);
/* Lanes recorded, and one of them. */
uint32_t lk_record_count(void);
const struct lk_record *lk_record_at(uint32_t i);
uint32_t lk_record_batches(void);
/* Called for every lane as it is recorded; NULL: nobody. */
void lk_record_watch(void (*watch)(const struct lk_record *record));
/* Refused proofs take this much more than their row says; 0: they do not. */
void lk_record_extra(uint32_t extra_ns);
/* Private operations fail from now on, or not. */
void lk_record_fail(bool fail);

#endif
