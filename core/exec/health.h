/* health: which kernels of this process still serve. A result that was wrong is computed again, so
 * no peer sees a fault; a kernel that is wrong again and again is left for the library all the
 * same, as it may one day be wrong where no check looks (T1).
 *
 * Owner   the vault, for the life of its process: no reload forgets a fault, a new vault begins
 *         with none. crypto/ keeps no state, so it stands here.
 * Thread  any worker reports and asks; the control thread reads.
 * Order   relaxed: no access of one thread waits for another's. A count and the mask say nothing of
 *         any other memory (the kernel tables were there before the threads were), adding does not
 *         lose a fault, and the third one sets the mask whoever reports it. A worker that sees the
 *         mask late runs one batch more on a kernel whose every result is checked. */
#ifndef LK_CORE_EXEC_HEALTH_H
#define LK_CORE_EXEC_HEALTH_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "crypto/crypto.h"

struct lk_health {
    _Atomic uint32_t faults[LK_ROW_COUNT];
    _Atomic uint32_t out; /* bit r: the kernel of row r is out of service */
};
_Static_assert(LK_ROW_COUNT <= 32, "a bit for each row");

/* A result of this row's kernel was wrong. From the LK_KERNEL_FAULTS_MAX-th on it is out. */
void lk_health_fault(struct lk_health *health, enum lk_kernel_row row);
/* Faults of this row so far. */
uint32_t lk_health_faults(const struct lk_health *health, enum lk_kernel_row row);
/* Rows, a bit each, that the library serves from now on. */
uint32_t lk_health_out(const struct lk_health *health);

#endif
