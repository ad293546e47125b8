#include "tests/support/rsa_faulty.h"

#include <string.h>

#include "crypto/engine_rsa.h"

lk_rsa_fault_fn *lk_rsa_fault;

static struct {
    bool armed;
    struct lk_rsa_flip flip;
    unsigned passings[LK_RSA_STAGE_COUNT];
} state;

static void flip(enum lk_rsa_stage stage, uint64_t *numbers, unsigned count, unsigned lanes)
{
    unsigned passing = state.passings[stage]++;
    if (!state.armed || stage != state.flip.stage || passing != state.flip.passing) return;
    numbers[state.flip.digit % count * lanes + state.flip.lane % lanes] ^= UINT64_C(1)
                                                                           << state.flip.bit;
}

void lk_rsa_flip_set(const struct lk_rsa_flip *flip_)
{
    memset(&state, 0, sizeof state);
    if (flip_ != NULL) {
        state.armed = true;
        state.flip = *flip_;
    }
    lk_rsa_fault = flip;
}

void lk_rsa_flip_end(unsigned passings[LK_RSA_STAGE_COUNT])
{
    lk_rsa_fault = NULL;
    if (passings != NULL) memcpy(passings, state.passings, sizeof state.passings);
}

bool lk_rsa_fault_plain;

bool __real_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k);
bool __wrap_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k);

bool __wrap_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k)
{
    if (!__real_lk_rsa_private_plain(rsa, c, out, k)) return false;
    if (lk_rsa_fault_plain) out[k - 1] ^= 1;
    return true;
}
