/* exchange: one constant row for every exchange that needs a key. It joins the layout of its
 * messages (core/wire) to the steps around the kernels (run_*.c); the worker knows nothing of
 * either.
 *
 * A lane goes through its row in this order:
 *   cut      payload to its last byte: the faults that precede every step; lane->s where there is
 *            an S to be judged
 *   (names_key, and whether the key's own rule opens the exchange)
 *   funct    the rest of what an honest front finds first, once the key is known
 *   check    steps before S is judged; sets lane->row, and lane->s if cut could not
 *   (what is done ahead for many lanes at once, F(S) into lane->fs among it: ahead.h)
 *   text     where it does not hang on a kernel: what it will sign, for its digest ahead
 *   (queue; then S, if there is one: window, novelty; by the worker)
 *   start    steps after S up to the first kernel; sets lane->operand
 *   (kernel)
 *   resume   after each kernel: next kernel, or the answer
 *   write    the answer's payload
 * cut, funct, check and start return 0 or the wire status of the first fault.
 * Stateless but for the lane. Thread: the lane's worker. */
#ifndef LK_CORE_EXEC_EXCHANGE_H
#define LK_CORE_EXEC_EXCHANGE_H

#include "core/exec/lane.h"
#include "core/exec/rate.h"
#include "crypto/rng.h"

struct lk_exchange {
    enum lk_exchange_id id;
    uint8_t type;       /* of its extension */
    uint32_t key_kinds; /* bit i: enum lk_key_kind i */
    uint8_t no_key;     /* the status of a key that is unknown, closed or of another kind */
    bool ecdhe_window;  /* the window of S: ecdhe's, or that of the others */
    bool public_scratch; /* in, out and tls13 of a lane hold a digest or a text, and a signature */
    enum lk_rated rated; /* its use is bounded by rate, for each peer and key */
    bool (*names_key)(const struct lk_lane *lane);
    uint8_t (*cut)(struct lk_lane *lane);
    uint8_t (*funct)(const struct lk_lane *lane);
    uint8_t (*check)(struct lk_lane *lane);
    void (*text)(const struct lk_lane *lane, struct lk_writer *w); /* NULL: none is known ahead */
    uint8_t (*start)(struct lk_lane *lane, struct lk_rng *rng);
    /* good: the kernel returned the lane. True: lane->row and operand name one more kernel. False:
     * lane->status is set. */
    bool (*resume)(struct lk_lane *lane, bool good, struct lk_rng *rng);
    void (*write)(const struct lk_lane *lane, struct lk_writer *w);
};

/* The exchanges that judge an S, by its window. */
extern const lk_exchange_mask lk_exchange_windows[2]; /* [ecdhe_window] */

/* NULL: no exchange of that number needs a key. */
const struct lk_exchange *lk_exchange_row(unsigned id);

#endif
