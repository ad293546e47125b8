#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "tests/ct/ttest.h"
#include "tests/support/draw.h"
#include "tests/support/ec_subject.h"

#define SAMPLES 200000 /* of the AVX-512 kernel for P-256; others are slower */
#define SAMPLES_LEAKY 40000

/* How many bits of k are zero from the top. What a multiplication that begins at the highest bit
 * that is set would tell of the nonce, and a few hundred such signatures of the key. */
static const struct {
    const char *name;
    unsigned zeros;
} classes[] = {{"none", 0}, {"4 bits", 4}, {"8 bits", 8}, {"32 bits", 32}, {"half", 128}};
#define CLASSES (sizeof classes / sizeof classes[0])
static const char *names[CLASSES];

struct signing {
    const struct lk_ec_kernel *kernel;
    void *work;
    struct lk_ec_subject subject;
    struct lk_ec_job job;
    uint8_t pool[LK_WELCH_SLOTS_MAX][LK_EC_NONCE_BYTES];
    uint8_t digest[LK_EC_BYTES_MAX], nonce[LK_EC_NONCE_BYTES], signature[2 * LK_EC_BYTES_MAX];
    uint64_t good;
};

static void prepare(void *context, unsigned slot)
{
    struct signing *s = context;
    memcpy(s->nonce, s->pool[slot], sizeof s->nonce);
}

static void run(void *context)
{
    struct signing *s = context;
    s->good = s->kernel->sign(s->work, &s->job, 1);
}

/* As if windows of zeros at the top were left out. */
static void run_leaky(void *context)
{
    struct signing *s = context;
    const uint8_t *k = s->nonce + sizeof s->nonce - s->kernel->bytes;
    unsigned left_out = 0;
    run(context);
    while (left_out < s->kernel->bytes && k[left_out] == 0)
        left_out++;
    for (volatile unsigned i = 0; i < 400 * (s->kernel->bytes - left_out);)
        i = i + 1;
}

/* k itself, below n: the bits above it are zero in all classes. */
static void nonce_draw(uint8_t *nonce, unsigned bytes, unsigned zeros)
{
    uint8_t *k = nonce + LK_EC_NONCE_BYTES - bytes;
    memset(nonce, 0, LK_EC_NONCE_BYTES);
    lk_draw_bytes(k, bytes);
    if (zeros == 0) {
        k[0] = (uint8_t)(0x80 | (k[0] & 0x7e)); /* the highest bit is one, and k below n */
        return;
    }
    memset(k, 0, zeros / 8);
    k[zeros / 8] = (uint8_t)((k[zeros / 8] | 0x80) >> zeros % 8);
}

static struct signing *begin(const struct lk_ec_kernel *kernel)
{
    static struct signing s;
    s.kernel = kernel;
    s.work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(s.work != NULL);
    lk_ec_subject_init(&s.subject, lk_ec_curve_of(kernel), NULL);
    lk_draw_bytes(s.digest, sizeof s.digest);
    s.job = (struct lk_ec_job){s.subject.kernel, s.digest, kernel->bytes, s.nonce, s.signature};
    for (unsigned slot = 0; slot < lk_welch_slots(CLASSES); slot++)
        nonce_draw(s.pool[slot], kernel->bytes, classes[lk_welch_class(slot, CLASSES)].zeros);
    for (unsigned i = 0; i < CLASSES; i++)
        names[i] = classes[i].name;
    return &s;
}

void lk_ttest_ec(const struct lk_ec_kernel *kernel, unsigned *passed, unsigned *failed)
{
    struct signing *s = begin(kernel);
    char name[40];
    unsigned slower = (kernel->bytes == LK_EC_BYTES_MAX ? 2u : 1u) * (kernel->lanes < 8 ? 10u : 1u);
    struct lk_experiment x = {.name = name,
                              .classes = names,
                              .count = CLASSES,
                              .samples = SAMPLES / slower,
                              .context = s,
                              .prepare = prepare,
                              .run = run};
    snprintf(name, sizeof name, "%s %s zeros of the nonce", kernel->name, kernel->isa);
    lk_welch_run(&x, passed, failed);
    x.samples = SAMPLES_LEAKY / slower;
    x.leaky = true;
    x.run = run_leaky;
    snprintf(name, sizeof name, "%s %s zeros, leaky", kernel->name, kernel->isa);
    lk_welch_run(&x, passed, failed);
    LK_ASSERT(s->good == 1);
    lk_ec_subject_fini(&s->subject);
    free(s->work);
}
