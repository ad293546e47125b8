#include "core/exec/health.h"

void lk_health_fault(struct lk_health *health, enum lk_kernel_row row)
{
    uint32_t before = atomic_fetch_add_explicit(&health->faults[row], 1, memory_order_relaxed);
    if (before + 1 >= LK_KERNEL_FAULTS_MAX)
        atomic_fetch_or_explicit(&health->out, UINT32_C(1) << row, memory_order_relaxed);
}

uint32_t lk_health_faults(const struct lk_health *health, enum lk_kernel_row row)
{
    return atomic_load_explicit(&health->faults[row], memory_order_relaxed);
}

uint32_t lk_health_out(const struct lk_health *health)
{
    return atomic_load_explicit(&health->out, memory_order_relaxed);
}
