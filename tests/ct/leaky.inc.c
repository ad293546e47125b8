/* The leaks, between a lane header and the body of the kernels: at the picking of an entry, which
 * the blocks of a squaring do, and at the result. */
#include <string.h>

#include "tests/ct/leaky.h"

static volatile uint64_t sink;

/* What a branch that is taken costs: enough for a clock to see. */
static inline void spend(void)
{
    for (int i = 0; i < 200; i++)
        sink++;
}

static void step_even(void)
{
    sink = 2;
}
static void step_odd(void)
{
    sink = 1;
}
static void (*const steps[2])(void) = {step_even, step_odd};

static inline void leak_window(const uint64_t *entries, uint64_t window)
{
    switch (lk_leak) {
    case LK_LEAK_LOOKUP: sink = entries[window]; return;
    case LK_LEAK_GATHER: sink = gathered(entries, window); return;
    case LK_LEAK_BRANCH:
        if (window == 0) spend();
        return;
    case LK_LEAK_JUMP: steps[window % 2](); return;
    case LK_LEAK_DIVISION: sink = entries[0] / (window + 1); return;
    default: return;
    }
}

/* Of the first lane: its index stands in the last of the lanes that picking goes on in. */
static inline void leaky_step(struct picking *p, const uint64_t *row, int i)
{
    uint64_t index[LANES];
    memcpy(index, (const uint8_t *)(p + 1) - sizeof index, sizeof index);
    if (i == 0) leak_window(row, index[0]);
    picking_step(p, row, i);
}
#define picking_step leaky_step

static void leak_zeros(const lane *number, unsigned digits)
{
    const uint64_t *word = (const uint64_t *)(const void *)number;
    for (unsigned l = 0; l < LANES; l++)
        for (unsigned i = digits; i-- > 0 && word[i * LANES + l] == 0;)
            spend();
}

static void leak_borrow(const lane *number)
{
    lane borrow = lane_carry(lane_sub(number[0], number[1]));
    uint64_t word[LANES];
    memcpy(word, &borrow, sizeof word);
    if (word[0] != 0) spend();
}

static void leak_result(enum lk_rsa_stage stage, const lane *number, unsigned digits)
{
    if (stage != LK_RSA_STAGE_RESULT) return;
    if (lk_leak == LK_LEAK_EARLY_OUT) leak_zeros(number, digits);
    if (lk_leak == LK_LEAK_BORROW) leak_borrow(number);
}
#define STAGE(stage, number, count) leak_result(stage, number, count)
