/* poo_jobs: the proofs of a call in the order in which they are judged. For inclusion by a kernel
 * of proofs (ec_poo.inc.c, x25519_poo.inc.c). */
#include <stdbool.h>

#include "crypto/ec/ec_digits.inc.c"
#include "crypto/ec/poo_kernel.h"

struct jobs {
    const struct lk_poo_job *job[LK_POO_PROOFS_MAX]; /* the living, short challenges first */
    uint64_t bit[LK_POO_PROOFS_MAX];                 /* of live, for each */
    unsigned count;
};

static bool is_long(const struct lk_poo_job *job)
{
    return job->challenge_bytes > LK_POO_SHORT_BYTES;
}

static void jobs_order(struct jobs *b, const struct lk_poo_job *job, uint64_t live)
{
    b->count = 0;
    for (unsigned longs = 0; longs < 2; longs++)
        for (uint64_t left = live; left != 0; left &= left - 1) {
            const struct lk_poo_job *one = &job[__builtin_ctzll(left)];
            if (is_long(one) != (longs != 0)) continue;
            b->job[b->count] = one;
            b->bit[b->count++] = left & (0 - left);
        }
}

/* Lanes behind the last proof repeat it. */
static const struct lk_poo_job *job_at(const struct jobs *b, unsigned i)
{
    return b->job[i < b->count ? i : b->count - 1];
}

/* Of the longest challenge among those up to this one. */
static unsigned challenge_bits(const struct jobs *b, unsigned last)
{
    return 8 * (is_long(job_at(b, last)) ? LK_POO_LONG_BYTES : LK_POO_SHORT_BYTES);
}
