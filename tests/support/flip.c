#include "tests/support/flip.h"

#include <stdbool.h>
#include <string.h>

static struct {
    bool armed;
    struct lk_flip flip;
    unsigned passings[LK_FLIP_STAGES_MAX];
} state;

lk_flip_fn *lk_flip_also;

void lk_flip_stage(unsigned stage, uint64_t *numbers, unsigned count, unsigned lanes)
{
    unsigned passing = state.passings[stage]++;
    if (lk_flip_also != NULL) lk_flip_also(stage, numbers, count, lanes);
    if (!state.armed || stage != state.flip.stage || passing != state.flip.passing) return;
    numbers[state.flip.digit % count * lanes + state.flip.lane % lanes] ^= UINT64_C(1)
                                                                           << state.flip.bit;
}

void lk_flip_set(const struct lk_flip *flip)
{
    memset(&state, 0, sizeof state);
    state.armed = flip != NULL;
    if (flip != NULL) state.flip = *flip;
}

void lk_flip_end(unsigned passings[LK_FLIP_STAGES_MAX])
{
    state.armed = false;
    if (passings != NULL) memcpy(passings, state.passings, sizeof state.passings);
}
