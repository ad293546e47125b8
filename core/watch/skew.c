#include "core/watch/skew.h"

/* Finest around 0, where clocks that are kept should be; windows are 10 s to minutes wide. */
static const int64_t limit_s[LK_SKEW_CELLS] = {-3601, -301, -61, -11, -6, -3,   -2,  -1,
                                               0,     1,    2,   5,   10, 60, 300, INT64_MAX};

int64_t lk_skew_limit_s(unsigned cell)
{
    return limit_s[cell];
}

uint32_t lk_skew_count(const struct lk_skew *skew, unsigned cell)
{
    return atomic_load_explicit(&skew->cell[cell], memory_order_relaxed);
}

static void set(struct lk_skew *skew, unsigned cell, uint32_t count)
{
    atomic_store_explicit(&skew->cell[cell], count, memory_order_relaxed);
}

void lk_skew_add(struct lk_skew *skew, int64_t seconds)
{
    unsigned cell = 0;
    while (seconds > limit_s[cell])
        cell++;
    set(skew, cell, lk_skew_count(skew, cell) + 1);
}

void lk_skew_merge(struct lk_skew *to, const struct lk_skew *from)
{
    for (unsigned i = 0; i < LK_SKEW_CELLS; i++)
        set(to, i, lk_skew_count(to, i) + lk_skew_count(from, i));
}

void lk_skew_clear(struct lk_skew *skew, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (unsigned cell = 0; cell < LK_SKEW_CELLS; cell++)
            set(&skew[i], cell, 0);
}
