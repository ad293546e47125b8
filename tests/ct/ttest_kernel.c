#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/rsa/rsa_pad.h"
#include "tests/ct/leaky.h"
#include "tests/ct/ttest.h"
#include "tests/support/draw.h"
#include "tests/support/rsa_bank.h"
#include "tests/support/rsa_edges.h"

#define BYTES_MAX LK_SUBJECT_BYTES_MAX
#define CLASSES 7
#define KEYS 2 /* of them the constants of the first stand where both are run from */

/* What one kernel is measured on. Inputs are copied to one place before each run. */
struct bench {
    const struct lk_rsa_kernel *kernel;
    char name[40];
    struct lk_bank bank;
    struct lk_rsa_job job[LK_RSA_REQUESTS_MAX];
    uint64_t live;
    void *work;
    uint64_t good; /* of the last run */
    size_t k;
    uint8_t pool[LK_WELCH_SLOTS_MAX][BYTES_MAX];
    uint8_t c[LK_RSA_REQUESTS_MAX][BYTES_MAX], m[LK_RSA_REQUESTS_MAX][BYTES_MAX];
    struct lk_rsa_key *key;  /* what jobs name */
    uint8_t *image[CLASSES]; /* its secrets, by class */
    uint8_t d_hash[32], premaster[LK_PREMASTER_BYTES];
};

/* One at a time; large, so static. */
static struct bench *bench_begin(const struct lk_rsa_kernel *kernel)
{
    static struct bench b;
    enum lk_rsa_class size = LK_RSA_2048;
    while (lk_rsa_class_digits(size) != kernel->digits)
        size++;
    memset(&b, 0, sizeof b);
    b.kernel = kernel;
    lk_bank_open_first(&b.bank, size, KEYS);
    b.key = b.bank.key[0].kernel;
    b.k = b.key->k;
    b.work = aligned_alloc(64, (kernel->work_bytes + 63) / 64 * 64);
    LK_ASSERT(b.work != NULL);
    for (unsigned i = 0; i < LK_RSA_REQUESTS_MAX; i++)
        b.job[i] = (struct lk_rsa_job){b.key, b.c[i], b.m[i]};
    b.live = 1;
    return &b;
}

static void bench_end(struct bench *b)
{
    for (unsigned i = 0; i < CLASSES; i++)
        free(b->image[i]);
    free(b->work);
    lk_bank_close(&b->bank);
}

static void run_private(void *context)
{
    struct bench *b = context;
    b->good = b->kernel->private(b->work, b->job, b->live);
}

/* So many of the AVX-512 kernel for 2048 bits; other kernels are slower. */
static unsigned samples_of(const struct lk_rsa_kernel *kernel, unsigned samples)
{
    unsigned slower = kernel->digits == 20 ? 1 : kernel->digits == 30 ? 8 : 16;
    return samples / slower / (kernel->lanes < LK_RSA_REQUESTS_MAX ? 10 : 1);
}

static struct lk_experiment experiment(struct bench *b, const char *what, unsigned samples)
{
    snprintf(b->name, sizeof b->name, "%s %s %s%s", b->kernel->name, b->kernel->isa, what,
             lk_leak == LK_LEAK_NONE ? "" : ", leaky");
    return (struct lk_experiment){.name = b->name,
                                  .samples = samples_of(b->kernel, samples),
                                  .leaky = lk_leak != LK_LEAK_NONE,
                                  .context = b,
                                  .run = run_private};
}

#define FIXED 1 /* the first slot of class 1, which is like all others of it */

/* --- operands ------------------------------------------------------------------------------- */

static const char *const operands[CLASSES] = {"random", "fixed", "0",     "1",
                                              "n - 1",  "p, q",  "sparse"};
static const enum lk_edge edges[CLASSES] = {LK_EDGE_RANDOM, LK_EDGE_RANDOM,    LK_EDGE_ZERO,
                                            LK_EDGE_ONE,    LK_EDGE_MINUS_ONE, LK_EDGE_P_MULTIPLE,
                                            LK_EDGE_SPARSE};

static void fill_operands(struct bench *b)
{
    for (unsigned slot = 0; slot < lk_welch_slots(CLASSES); slot++)
        lk_edge_draw(&b->bank.key[0], edges[lk_welch_class(slot, CLASSES)], b->pool[slot]);
    for (unsigned slot = FIXED; slot < lk_welch_slots(CLASSES); slot++)
        if (lk_welch_class(slot, CLASSES) == 1) memcpy(b->pool[slot], b->pool[FIXED], b->k);
}

static void prepare_operand(void *context, unsigned slot)
{
    struct bench *b = context;
    memcpy(b->c[0], b->pool[slot], b->k);
}

/* The first lane computes on one operand, the others on those of the class. */
static void prepare_neighbours(void *context, unsigned slot)
{
    struct bench *b = context;
    for (unsigned i = 1; i < b->kernel->requests; i++)
        memcpy(b->c[i], b->pool[slot], b->k);
}

static void run_operands(struct bench *b, unsigned samples, unsigned *passed, unsigned *failed)
{
    struct lk_experiment x = experiment(b, "operands", samples);
    x.classes = operands;
    x.count = CLASSES;
    x.prepare = prepare_operand;
    b->live = 1;
    lk_welch_run(&x, passed, failed);
}

static void run_neighbours(struct bench *b, unsigned samples, unsigned *passed, unsigned *failed)
{
    struct lk_experiment x = experiment(b, "neighbours", samples);
    x.classes = operands;
    x.count = CLASSES;
    x.prepare = prepare_neighbours;
    b->live = (UINT64_C(1) << b->kernel->requests) - 1;
    memcpy(b->c[0], b->pool[FIXED], b->k);
    lk_welch_run(&x, passed, failed);
}

/* --- keys ----------------------------------------------------------------------------------- */

/* Windows of one value are no key's exponent: nothing comes out, in the same time. */
static const char *const keys[] = {"key A", "key B", "windows 0", "windows 15"};
#define KEY_CLASSES 4

static void set_windows(const struct lk_rsa_key *key, uint8_t value)
{
    memset((void *)(uintptr_t)key->p.window, value, key->windows);
    memset((void *)(uintptr_t)key->q.window, value, key->windows);
}

/* A key is a block: the struct, then what it points at. */
static uint8_t *image_of(const struct lk_rsa_key *key)
{
    uint8_t *image = malloc(key->bytes);
    LK_ASSERT(image != NULL);
    memcpy(image, key, key->bytes);
    return image;
}

static void fill_keys(struct bench *b)
{
    const struct lk_rsa_key *other = b->bank.key[1].kernel;
    LK_ASSERT(other->bytes == b->key->bytes && other->windows == b->key->windows);
    b->image[0] = image_of(b->key);
    b->image[1] = image_of(other);
    set_windows(b->key, 0);
    b->image[2] = image_of(b->key);
    set_windows(b->key, 15);
    b->image[3] = image_of(b->key);
}

/* All but the pointers, which stay. */
static void prepare_key(void *context, unsigned slot)
{
    struct bench *b = context;
    struct lk_rsa_key *key = b->key;
    const uint8_t *bytes = b->image[lk_welch_class(slot, KEY_CLASSES)];
    const struct lk_rsa_key *image = (const struct lk_rsa_key *)(const void *)bytes;
    memcpy(key + 1, image + 1, key->bytes - sizeof *key);
    key->n0 = image->n0;
    key->p.n0 = image->p.n0;
    key->q.n0 = image->q.n0;
    memcpy(b->c[0], b->pool[2 * (slot / 2)], b->k); /* random, by no class of key */
    b->c[0][0] = 0;                                 /* below the modulus of either */
}

static void run_keys(struct bench *b, unsigned samples, unsigned *passed, unsigned *failed)
{
    struct lk_experiment x = experiment(b, "keys", samples);
    x.classes = keys;
    x.count = KEY_CLASSES;
    x.prepare = prepare_key;
    b->live = 1;
    fill_keys(b);
    lk_welch_run(&x, passed, failed);
    prepare_key(b, 0);
}

/* --- decryption ----------------------------------------------------------------------------- */

static void run_decrypt(void *context)
{
    struct bench *b = context;
    run_private(b);
    lk_rsa_premaster(b->m[0], b->c[0], b->pool[0], b->k, b->d_hash, LK_PREMASTER_TLS, b->premaster);
}

void lk_ttest_decrypt(const struct lk_rsa_kernel *kernel, unsigned *passed, unsigned *failed)
{
    struct bench *b = bench_begin(kernel);
    struct lk_experiment x = experiment(b, "decrypt", 100000);
    for (unsigned slot = 0; slot < lk_welch_slots(LK_PADDINGS); slot++) {
        lk_padding_draw(lk_welch_class(slot, LK_PADDINGS), b->pool[slot], b->k);
        lk_subject_raise(&b->bank.key[0], b->pool[slot], b->pool[slot]);
    }
    x.classes = lk_paddings;
    x.count = LK_PADDINGS;
    x.prepare = prepare_operand;
    x.run = run_decrypt;
    lk_welch_run(&x, passed, failed);
    bench_end(b);
}

/* --- all ------------------------------------------------------------------------------------ */

void lk_ttest_kernel(const struct lk_rsa_kernel *kernel, unsigned *passed, unsigned *failed)
{
    struct bench *b = bench_begin(kernel);
    fill_operands(b);
    run_operands(b, 80000, passed, failed);
    run_keys(b, 40000, passed, failed);
    run_neighbours(b, 40000, passed, failed);
    bench_end(b);
}

void lk_ttest_leaky(const struct lk_rsa_kernel *kernel, unsigned *passed, unsigned *failed)
{
    struct bench *b = bench_begin(kernel);
    fill_operands(b);
    lk_leak = LK_LEAK_EARLY_OUT;
    run_operands(b, 8000, passed, failed);
    run_neighbours(b, 8000, passed, failed);
    lk_leak = LK_LEAK_BRANCH;
    run_keys(b, 8000, passed, failed);
    lk_leak = LK_LEAK_NONE;
    bench_end(b);
}
