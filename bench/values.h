/* values: numbers measured one after another, and what is quoted of them. Owner the caller. Thread
 * any. */
#ifndef LK_BENCH_VALUES_H
#define LK_BENCH_VALUES_H

struct lk_values {
    const double *at;
    unsigned count;
};

/* The value below which `part` of them lie, interpolated: 0 the least, 0.5 the median. */
double lk_values_quantile(struct lk_values values, double part);
/* Where the middle half of them lies, as a part of the median. */
double lk_values_variation(struct lk_values values);

#endif
