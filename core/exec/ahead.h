/* ahead: what is cheaper for many lanes than for one, done as they arrive, before their steps: a
 * digest, a keyed hash, a look at a point are chains of which many side by side take little longer
 * than one. Everything here is public, and is forgotten all the same, as lanes are.
 *
 * Done for a lane that was admitted, as far as it has it:
 *   novelty  the place of its S in the table, and the memory there on its way
 *   fs       F(S)
 *   digest   SHA-256 of the text that its exchange signs, where that is known before its steps
 *   point_good  its unproved share of P-256 is on the curve
 * Whether S, share and scheme may be used is judged by the steps, as ever.
 * Owner   a worker; plain memory. Thread its worker. */
#ifndef LK_CORE_EXEC_AHEAD_H
#define LK_CORE_EXEC_AHEAD_H

#include "core/exec/lane.h"
#include "crypto/sha256_lanes.h"

#define LK_AHEAD_LANES LK_SHA256_LANES_MAX

struct lk_ahead {
    struct lk_sha256_job job[LK_AHEAD_LANES];
    const struct lk_kernels *kernels;
    const struct lk_novelty_view *novelty; /* NULL: S are not remembered */
    struct lk_lane *lane[LK_AHEAD_LANES];
    unsigned count;
};

/* Everything pointed to is the worker's. */
void lk_ahead_init(struct lk_ahead *ahead, const struct lk_kernels *kernels,
                   const struct lk_novelty_view *novelty);
/* The lane is done by the return of the next lk_ahead_run; with those before it now, where they are
 * as many as fit. */
void lk_ahead_add(struct lk_ahead *ahead, struct lk_lane *lane);
void lk_ahead_run(struct lk_ahead *ahead);

#endif
