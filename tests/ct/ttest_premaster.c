#include <string.h>

#include "crypto/rsa/rsa_pad.h"
#include "tests/ct/ttest.h"
#include "tests/support/draw.h"

#define K 256
#define SAMPLES 5000000
#define SAMPLES_LEAKY 100000

const char *const lk_paddings[LK_PADDINGS] = {
    "good",           "first byte", "type",          "zero in the padding",
    "no separator",   "too short",  "too long",      "version, minor",
    "version, major", "all zero",   "anything else",
};

static void good_padding(uint8_t *m, size_t k)
{
    uint8_t *inside = m + k - LK_PREMASTER_BYTES;
    lk_draw_bytes(m, k);
    for (size_t i = 2; i < k; i++)
        m[i] = m[i] != 0 ? m[i] : 1;
    m[0] = 0;
    m[1] = 2;
    inside[-1] = 0;
    inside[0] = inside[1] = 3;
}

void lk_padding_draw(unsigned kind, uint8_t *m, size_t k)
{
    uint8_t *inside = m + k - LK_PREMASTER_BYTES;
    good_padding(m, k);
    switch (kind) {
    case 1: m[0] = 1; break;
    case 2: m[1] = 1; break;
    case 3: m[2 + lk_draw_below(k - LK_PREMASTER_BYTES - 3)] = 0; break;
    case 4: inside[-1] = 1; break;
    case 5: inside[-1] = 1, inside[0] = 0; break;
    case 6: inside[-2] = 0; break;
    case 7: inside[1] = 1; break;
    case 8: inside[0] = 2; break;
    case 9: memset(m, 0, k); break;
    case 10:
        lk_draw_bytes(m, k);
        m[0] = 0; /* below any modulus of k bytes */
        m[1] = 4;
        break;
    default: break;
    }
}

struct unpadding {
    uint8_t pool[LK_WELCH_SLOTS_MAX][K];
    uint8_t m[K], c[K], n[K], d_hash[32], premaster[LK_PREMASTER_BYTES];
};

static void prepare(void *context, unsigned slot)
{
    struct unpadding *u = context;
    memcpy(u->m, u->pool[slot], K);
}

static void run(void *context)
{
    struct unpadding *u = context;
    lk_rsa_premaster(u->m, u->c, u->n, K, u->d_hash, LK_PREMASTER_TLS, u->premaster);
}

/* As it is done where nobody thinks of it: the first bad byte ends the search. */
static void run_leaky(void *context)
{
    struct unpadding *u = context;
    size_t i = 2, separator = K - LK_PREMASTER_BYTES - 1;
    run(context);
    if (u->m[0] != 0 || u->m[1] != 2) return;
    while (i < separator && u->m[i] != 0)
        i++;
    if (i == separator && u->m[i] == 0) memcpy(u->premaster, u->m + i + 1, LK_PREMASTER_BYTES);
}

static void begin(struct unpadding *u)
{
    for (unsigned slot = 0; slot < lk_welch_slots(LK_PADDINGS); slot++)
        lk_padding_draw(lk_welch_class(slot, LK_PADDINGS), u->pool[slot], K);
    lk_draw_bytes(u->c, K);
    memset(u->n, 0xff, K);
    lk_draw_bytes(u->d_hash, sizeof u->d_hash);
}

void lk_ttest_premaster(unsigned *passed, unsigned *failed)
{
    static struct unpadding u;
    struct lk_experiment x = {.name = "premaster",
                              .classes = lk_paddings,
                              .count = LK_PADDINGS,
                              .samples = SAMPLES,
                              .context = &u,
                              .prepare = prepare,
                              .run = run};
    begin(&u);
    lk_welch_run(&x, passed, failed);
    x.name = "leaky premaster";
    x.samples = SAMPLES_LEAKY;
    x.run = run_leaky;
    x.leaky = true;
    lk_welch_run(&x, passed, failed);
}
