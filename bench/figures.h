/* figures: figures and ratios by name, with the rounds they are medians of; a table while they come
 * in, lines `figure NAME VALUE UNIT` and `ratio NAME VALUE` at the end, and JSON of the form that
 * bench/e2e writes.
 * Owner the program. Thread one. */
#ifndef LK_BENCH_FIGURES_H
#define LK_BENCH_FIGURES_H

#include "bench/options.h"
#include "bench/peak.h"
#include "bench/shim.h"
#include "bench/values.h"

struct lk_figures;

struct lk_figures *lk_figures_new(const char *bench, const struct lk_options *options);
void lk_figures_free(struct lk_figures *figures);

/* The median of the values. */
void lk_figures_figure(struct lk_figures *figures, const char *name, struct lk_values values,
                       const char *unit);
/* The median of over[i] / under[i], each of one round. Nothing when one of the two did not apply
 * on this machine. */
void lk_figures_ratio(struct lk_figures *figures, const char *name, const struct lk_shim_row *over,
                      const struct lk_shim_row *under, const char *goal);
/* A ratio that is no median of rounds. */
void lk_figures_ratio_is(struct lk_figures *figures, const char *name, double value,
                         const char *goal);
/* Figures `NAME_cycles_min`, `_p10`, `_median`, and a line of the table. */
void lk_figures_cycles(struct lk_figures *figures, const char *name,
                       const struct lk_cycles *cycles);
/* A line of the table, and a figure of the row's name in ns. */
void lk_figures_row(struct lk_figures *figures, const struct lk_shim_row *row);
/* What a reader of the numbers must know; printed at once, too. */
void lk_figures_note(struct lk_figures *figures, const char *text);

void lk_figures_print(const struct lk_figures *figures);
/* To options->out. False, with a message, when the file cannot be written. */
bool lk_figures_write(const struct lk_figures *figures);

#endif
