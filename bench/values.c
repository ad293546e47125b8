#include "bench/values.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double lk_values_quantile(struct lk_values values, double part)
{
    LK_ASSERT(values.count > 0);
    double *sorted = malloc(values.count * sizeof *sorted);
    LK_ASSERT(sorted != NULL);
    memcpy(sorted, values.at, values.count * sizeof *sorted);
    qsort(sorted, values.count, sizeof *sorted, compare);
    double place = part * (values.count - 1);
    unsigned below = (unsigned)place;
    unsigned above = below + 1 < values.count ? below + 1 : below;
    double value = sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    free(sorted);
    return value;
}

double lk_values_variation(struct lk_values values)
{
    double width = lk_values_quantile(values, 0.75) - lk_values_quantile(values, 0.25);
    return width / lk_values_quantile(values, 0.5);
}
