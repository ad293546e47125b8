#include "tests/support/ecdh_faulty.h"

#include <stdbool.h>
#include <string.h>

static struct {
    bool armed;
    struct lk_ecdh_flip flip;
    unsigned passings[LK_ECDH_STAGES_MAX];
} state;

void lk_ecdh_stage_done(unsigned stage, uint64_t *numbers, unsigned count, unsigned lanes)
{
    unsigned passing = state.passings[stage]++;
    if (!state.armed || stage != state.flip.stage || passing != state.flip.passing) return;
    numbers[state.flip.digit % count * lanes + state.flip.lane % lanes] ^= UINT64_C(1)
                                                                           << state.flip.bit;
}

void lk_ecdh_flip_set(const struct lk_ecdh_flip *flip)
{
    memset(&state, 0, sizeof state);
    state.armed = flip != NULL;
    if (flip != NULL) state.flip = *flip;
}

void lk_ecdh_flip_end(unsigned passings[LK_ECDH_STAGES_MAX])
{
    state.armed = false;
    if (passings != NULL) memcpy(passings, state.passings, sizeof state.passings);
}
