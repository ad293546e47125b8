#include "bench/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/machine.h"
#include "core/base/err.h"

#define ROUNDS_WANTED 11

struct lk_figures {
    const char *bench;
    const struct lk_options *options;
    json_t *figures, *ratios, *rounds, *notes;
};

struct lk_figures *lk_figures_new(const char *bench, const struct lk_options *options)
{
    struct lk_figures *figures = malloc(sizeof *figures);
    LK_ASSERT(figures != NULL);
    *figures = (struct lk_figures){.bench = bench,
                                   .options = options,
                                   .figures = json_object(),
                                   .ratios = json_object(),
                                   .rounds = json_object(),
                                   .notes = json_array()};
    if (options->shim.rounds < ROUNDS_WANTED)
        lk_figures_note(figures, "fewer than 11 rounds: a try, not a result");
    return figures;
}

void lk_figures_free(struct lk_figures *figures)
{
    json_decref(figures->figures);
    json_decref(figures->ratios);
    json_decref(figures->rounds);
    json_decref(figures->notes);
    free(figures);
}

/* --- what comes in -------------------------------------------------------------------------- */

static double rounded(double value)
{
    return fabs(value) >= 1000 ? round(value) : round(value * 1000) / 1000;
}

static void put(struct lk_figures *figures, json_t *to, const char *name, struct lk_values values,
                const char *member, const char *text)
{
    double median = rounded(lk_values_quantile(values, 0.5));
    LK_ASSERT(json_object_get(figures->rounds, name) == NULL);
    json_t *rounds = json_array();
    for (unsigned i = 0; i < values.count; i++)
        json_array_append_new(rounds, json_real(values.at[i]));
    json_object_set_new(to, name, json_pack("{s:f, s:s}", "value", median, member, text));
    json_object_set_new(figures->rounds, name, rounds);
}

void lk_figures_figure(struct lk_figures *figures, const char *name, struct lk_values values,
                       const char *unit)
{
    put(figures, figures->figures, name, values, "unit", unit);
}

void lk_figures_ratio(struct lk_figures *figures, const char *name, const struct lk_shim_row *over,
                      const struct lk_shim_row *under, const char *goal)
{
    if (over->run == NULL || under->run == NULL) return;
    double ratio[LK_SHIM_ROUNDS_MAX];
    unsigned rounds = figures->options->shim.rounds;
    for (unsigned i = 0; i < rounds; i++)
        ratio[i] = over->ns[i] / under->ns[i];
    put(figures, figures->ratios, name, (struct lk_values){ratio, rounds}, "goal", goal);
}

void lk_figures_ratio_is(struct lk_figures *figures, const char *name, double value,
                         const char *goal)
{
    put(figures, figures->ratios, name, (struct lk_values){&value, 1}, "goal", goal);
}

void lk_figures_row(struct lk_figures *figures, const struct lk_shim_row *row)
{
    if (row->run == NULL) {
        printf("  %-36s not applicable\n", row->name);
        return;
    }
    struct lk_values ns = {row->ns, figures->options->shim.rounds};
    double median = lk_values_quantile(ns, 0.5);
    printf("  %-36s %12.0f ns each  +- %4.1f %%  %10.1f /s\n", row->name, median,
           50 * lk_values_variation(ns), 1e9 / median);
    fflush(stdout);
    lk_figures_figure(figures, row->name, ns, "ns");
}

void lk_figures_cycles(struct lk_figures *figures, const char *name, const struct lk_cycles *cycles)
{
    static const char *const of[] = {"min", "p10", "median"};
    double value[] = {cycles->min, cycles->p10, cycles->median};
    printf("  %-36s %12.0f cycles at least, %.0f p10, %.0f median\n", name, value[0], value[1],
           value[2]);
    for (unsigned i = 0; i < 3; i++) {
        char full[LK_SHIM_NAME_MAX + 16];
        snprintf(full, sizeof full, "%s_cycles_%s", name, of[i]);
        lk_figures_figure(figures, full, (struct lk_values){&value[i], 1}, "cycles");
    }
}

void lk_figures_note(struct lk_figures *figures, const char *text)
{
    json_array_append_new(figures->notes, json_string(text));
    printf("  NOTE %s\n", text);
}

/* --- what goes out -------------------------------------------------------------------------- */

static double value_of(const json_t *row)
{
    return json_real_value(json_object_get(row, "value"));
}

static const char *text_of(const json_t *row, const char *member)
{
    return json_string_value(json_object_get(row, member));
}

void lk_figures_print(const struct lk_figures *figures)
{
    const char *name;
    json_t *row;
    printf("\n");
    json_object_foreach(figures->ratios, name, row)
    {
        printf("  %-44s %8.3f   goal %s\n", name, value_of(row), text_of(row, "goal"));
    }
    printf("\n");
    json_object_foreach(figures->figures, name, row)
    {
        printf("figure %s %.10g %s\n", name, value_of(row), text_of(row, "unit"));
    }
    json_object_foreach(figures->ratios, name, row)
    {
        printf("ratio %s %.3f\n", name, value_of(row));
    }
}

static json_t *result_of(const struct lk_figures *figures)
{
    json_t *result = json_object();
    json_object_set_new(result, "bench", json_string(figures->bench));
    lk_machine_describe(result);
    json_object_set_new(result, "settings", lk_options_json(figures->options));
    json_object_set(result, "figures", figures->figures);
    json_object_set(result, "ratios", figures->ratios);
    json_object_set(result, "rounds", figures->rounds);
    json_object_set_new(result, "faults", json_array()); /* a fault has stopped the program */
    json_object_set(result, "notes", figures->notes);
    return result;
}

bool lk_figures_write(const struct lk_figures *figures)
{
    const char *path = figures->options->out;
    json_t *result = result_of(figures);
    FILE *file = fopen(path, "we");
    bool good = file != NULL &&
                json_dumpf(result, file, JSON_INDENT(1) | JSON_REAL_PRECISION(10)) == 0 &&
                fputc('\n', file) != EOF;
    if (file != NULL) good &= fclose(file) == 0;
    json_decref(result);
    if (!good) fprintf(stderr, "bench: %s cannot be written: say another by --out\n", path);
    return good;
}
