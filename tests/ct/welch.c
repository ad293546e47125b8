#include "tests/ct/welch.h"

#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "tests/support/draw.h"

#define ROUND_MAX 10000
#define ROUND_MIN 100
#define ROUND_TICKS 100000000 /* some 50 ms */
#define CUT_PART 20           /* one in twenty */

/* Of the samples of a class that were kept, each less its round's mean. */
struct sum {
    double count, total, squares;
};

struct result {
    double t, difference, least;
};

struct round {
    unsigned count;
    uint8_t class[ROUND_MAX];
    uint64_t ticks[ROUND_MAX], sorted[ROUND_MAX];
};

static uint64_t ticks_of(const struct lk_experiment *x)
{
    unsigned cpu;
    _mm_lfence();
    uint64_t start = __rdtsc();
    _mm_lfence();
    x->run(x->context);
    uint64_t end = __rdtscp(&cpu);
    _mm_lfence();
    return end - start;
}

/* Short, that the machine does not change within: but long enough for each class to come. */
static void round_take(const struct lk_experiment *x, struct round *round, unsigned most)
{
    uint64_t end = __rdtsc() + ROUND_TICKS;
    unsigned slots = lk_welch_slots(x->count), i = 0;
    for (; i < most && (i < ROUND_MIN || __rdtsc() < end); i++) {
        unsigned slot = (unsigned)lk_draw_below(slots);
        x->prepare(x->context, slot);
        round->class[i] = (uint8_t)lk_welch_class(slot, x->count);
        round->ticks[i] = ticks_of(x);
    }
    round->count = i;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void round_add(struct round *round, struct sum *sums)
{
    unsigned kept = round->count - round->count / CUT_PART;
    double mean = 0;
    memcpy(round->sorted, round->ticks, round->count * sizeof round->ticks[0]);
    qsort(round->sorted, round->count, sizeof round->sorted[0], by_value);
    for (unsigned i = 0; i < kept; i++)
        mean += (double)round->sorted[i] / kept;
    for (unsigned i = 0; i < round->count; i++) {
        if (round->ticks[i] > round->sorted[kept - 1]) continue;
        double x = (double)round->ticks[i] - mean;
        struct sum *sum = &sums[round->class[i]];
        sum->count++;
        sum->total += x;
        sum->squares += x * x;
    }
}

static void sample(const struct lk_experiment *x, unsigned samples, struct sum *sums)
{
    static struct round round;
    memset(sums, 0, LK_WELCH_CLASSES_MAX * sizeof sums[0]);
    for (unsigned left = samples; left > 0; left -= round.count) {
        round_take(x, &round, left < ROUND_MAX ? left : ROUND_MAX);
        round_add(&round, sums);
    }
}

/* Square of the standard error of the mean. */
static double error_of(const struct sum *s)
{
    double mean = s->total / s->count;
    return (s->squares / s->count - mean * mean) / (s->count - 1);
}

static struct result compare(const struct sum *a, const struct sum *b)
{
    double error = sqrt(error_of(a) + error_of(b));
    double difference = b->total / b->count - a->total / a->count;
    return (struct result){difference / error, difference, LK_WELCH_PASS * error};
}

static double say(const struct lk_experiment *x, const char *class, double count,
                  struct result result)
{
    printf("  %-32s %-20s %9.0f %9.2f %9.1f %9.1f\n", x->name, class, count, result.t,
           result.difference, result.least);
    fflush(stdout);
    return fabs(result.t);
}

/* The largest |t|. */
static double measure(const struct lk_experiment *x, unsigned samples)
{
    struct sum sums[LK_WELCH_CLASSES_MAX], others = {0};
    double worst = 0;
    sample(x, samples, sums);
    for (unsigned i = 1; i < x->count; i++) {
        others.count += sums[i].count;
        others.total += sums[i].total;
        others.squares += sums[i].squares;
        worst = fmax(worst, say(x, x->classes[i], sums[i].count, compare(&sums[0], &sums[i])));
    }
    if (x->count == 2) return worst;
    return fmax(worst, say(x, "all of them", others.count, compare(&sums[0], &others)));
}

void lk_welch_run(const struct lk_experiment *x, unsigned *passed, unsigned *failed)
{
    double t = measure(x, x->samples);
    bool good = x->leaky ? t > LK_WELCH_FAIL : t < LK_WELCH_PASS;
    if (!x->leaky && !good && t <= LK_WELCH_FAIL)
        good = measure(x, 10 * x->samples) < LK_WELCH_PASS;
    printf("  %-8s %s%s\n", good ? "ok" : "FAILED", x->name,
           x->leaky ? ": the leak is seen" : ": no difference is seen");
    ++*(good ? passed : failed);
}

void lk_welch_begin(void)
{
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
    printf("  %-32s %-20s %9s %9s %9s %9s\n", "operation", "class", "samples", "t", "ticks",
           "least");
}
