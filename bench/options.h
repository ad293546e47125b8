/* options: what every program of bench/ can be told on its command line. */
#ifndef LK_BENCH_OPTIONS_H
#define LK_BENCH_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/shim.h"

struct lk_options {
    struct lk_shim_settings shim;
    unsigned keys;    /* in rotation */
    const char *only; /* parts, with commas; empty: all */
    const char *out;  /* where the JSON goes */
    int cpu;          /* that the program is pinned to */
};

/* Reads the command line, with `out` where the JSON goes unless it says so, and pins the program.
 * `parts` names what --only picks from. Does not return when something is wrong. */
void lk_options_read(struct lk_options *options, const char *out, const char *parts, int argc,
                     char **argv);
bool lk_options_want(const struct lk_options *options, const char *part);
/* As an object for the results. */
json_t *lk_options_json(const struct lk_options *options);

#endif
