#include "bench/peak.h"

#include <stdint.h>
#include <x86intrin.h>

#include "bench/values.h"
#include "crypto/cpu.h"

#define CHAIN_TURNS 32u
#define CHAIN_IMULS (64u * CHAIN_TURNS)
#define IMUL_CYCLES 3u /* Intel since Nehalem, AMD since Zen */
#define TRIES 3

static uint64_t ticks(void)
{
    _mm_lfence();
    uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
}

static void chain(void)
{
    uint64_t x = 3;
    for (unsigned i = 0; i < CHAIN_TURNS; i++)
        __asm__ volatile(".rept 64\n imul %0, %0\n .endr" : "+r"(x));
}

/* Of taking the time itself. */
static uint64_t overhead(void)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t start = ticks(), taken = ticks() - start;
        if (taken < least) least = taken;
    }
    return least;
}

/* The least of some tries: an interrupt makes a chain longer, nothing makes it shorter. */
static double ticks_per_cycle(uint64_t of_ticks)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t start = ticks();
        chain();
        uint64_t taken = ticks() - start;
        if (taken < least) least = taken;
    }
    return (double)(least - of_ticks) / (CHAIN_IMULS * IMUL_CYCLES);
}

static bool sample(const struct lk_peak_body *body, uint64_t of_ticks, double *cycles)
{
    double before = ticks_per_cycle(of_ticks);
    uint64_t start = ticks();
    bool good = body->run(body->context);
    uint64_t taken = ticks() - start;
    double after = ticks_per_cycle(of_ticks);
    *cycles = (double)(taken - of_ticks) / ((before + after) / 2) / body->items;
    return good;
}

bool lk_peak_sample(const struct lk_peak_body *body, struct lk_cycles *cycles)
{
    double taken[LK_PEAK_SAMPLES];
    uint64_t of_ticks = overhead();
    bool good = body->run(body->context); /* code and data come into the caches */
    for (unsigned i = 0; i < LK_PEAK_SAMPLES; i++)
        good &= sample(body, of_ticks, &taken[i]);
    struct lk_values values = {taken, LK_PEAK_SAMPLES};
    *cycles = (struct lk_cycles){.min = lk_values_quantile(values, 0),
                                 .p10 = lk_values_quantile(values, 0.1),
                                 .median = lk_values_quantile(values, 0.5)};
    return good;
}

static double burst_ticks(uint64_t of_ticks)
{
    uint64_t start = ticks();
    (void)lk_peak_burst_ifma(NULL);
    return (double)(ticks() - start - of_ticks) / LK_PEAK_BURST;
}

static bool share_sample(const struct lk_peak_body *body, uint64_t of_ticks, double *each)
{
    double before = burst_ticks(of_ticks);
    uint64_t start = ticks();
    bool good = body->run(body->context);
    double taken = (double)(ticks() - start - of_ticks);
    *each = (before + burst_ticks(of_ticks)) / 2 / taken * body->items;
    return good;
}

static bool has_multiplier(void)
{
    uint32_t features;
    (void)lk_cpu_features(&features);
    return (features >> LK_CPU_IFMA & 1) != 0;
}

bool lk_peak_share(const struct lk_peak_body *body, double multiply_adds, struct lk_share *share)
{
    double each[LK_PEAK_SAMPLES];
    uint64_t of_ticks = overhead();
    bool good = has_multiplier() && body->run(body->context);
    for (unsigned i = 0; good && i < LK_PEAK_SAMPLES; i++)
        good = share_sample(body, of_ticks, &each[i]);
    struct lk_values values = {each, LK_PEAK_SAMPLES};
    if (good)
        *share = (struct lk_share){.p90 = multiply_adds * lk_values_quantile(values, 0.9),
                                   .median = multiply_adds * lk_values_quantile(values, 0.5)};
    return good;
}

bool lk_peak_multiplier(double *per_cycle)
{
    if (!has_multiplier()) return false;
    struct lk_peak_body burst = {.run = lk_peak_burst_ifma, .items = LK_PEAK_BURST};
    struct lk_cycles cycles;
    if (!lk_peak_sample(&burst, &cycles)) return false;
    *per_cycle = 1 / cycles.min;
    return true;
}
