/* The kernel of crypto/ec/p256_poo_ifma.c, spoilt where a test wants it: instead of that one. */
#include "crypto/lane_ifma.h"

#include "crypto/ec/pick_ifma.h"
#include "tests/support/ec_faulty.h"

#include "crypto/ec/p256_field.inc.c"

#include "crypto/ec/ec_poo.inc.c"

static struct lk_poo_verdicts judge_spoilt(void *work, const struct lk_poo_job *job, uint64_t live)
{
    return lk_poo_spoilt(judge(work, job, live), live);
}

const struct lk_poo_kernel lk_p256_poo_x8_ifma = KERNEL("p256", "ifma", LK_CPU_IFMA, judge_spoilt);
