/* What key agreement leaves on the stack: no private key and no secret, whatever the compiler made
 * of them. The kernel runs on a stack that is the test's. LK_SEED=number repeats a run. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

#include "core/base/err.h"
#include "tests/support/draw.h"
#include "tests/support/ec_subject.h"
#include "tests/support/ecdh_subject.h"

#define STACK_BYTES ((size_t)512 << 10)
#define WORDS_MAX 8192
#define MASK52 ((UINT64_C(1) << 52) - 1)
#define BYTES 32 /* of Curve25519 */

/* Eight bytes that stand for a secret, wherever they begin. */
struct word {
    uint64_t bytes;
    const char *of;
    unsigned request;
};

struct scene {
    struct lk_ecdh_trial trial;
    bool with_own;
    uint64_t returned;
    uint8_t *stack, *after; /* [STACK_BYTES], and as it was when the kernel had returned */
    struct word word[WORDS_MAX];
    unsigned words;
};

/* --- what is secret ------------------------------------------------------------------------- */

static void add(struct scene *s, uint64_t bytes, const char *of, unsigned request)
{
    LK_ASSERT(s->words < WORDS_MAX);
    s->word[s->words++] = (struct word){bytes, of, request};
}

static uint64_t eight(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* As bytes in either order, and as digits of 52 bits; the highest digit may be small. */
static void number_add(struct scene *s, const BIGNUM *x, const char *of, unsigned request)
{
    uint8_t little[LK_ECDH_SHARED_BYTES_MAX + 8] = {0}, big[LK_ECDH_SHARED_BYTES_MAX];
    int bytes = (int)s->trial.kernel->shared_bytes;
    LK_ASSERT(BN_bn2lebinpad(x, little, bytes) == bytes && BN_bn2binpad(x, big, bytes) == bytes);
    for (int i = 0; i < bytes; i += 8) {
        add(s, eight(little + i), of, request);
        add(s, eight(big + i), of, request);
    }
    for (int i = 0; i < 8 * bytes / 52; i++)
        add(s, eight(little + i * 13 / 2) >> (i % 2 * 4) & MASK52, of, request);
}

/* k / 8, and the order less that: what the base point is multiplied by. */
static void x25519_key(struct scene *s, unsigned request)
{
    uint8_t key[BYTES];
    BIGNUM *order = NULL, *k;
    memcpy(key, s->trial.secret[request], BYTES);
    key[0] &= 0xf8;
    key[BYTES - 1] = (key[BYTES - 1] & 0x7f) | 0x40;
    k = BN_lebin2bn(key, BYTES, NULL);
    number_add(s, k, "key", request);
    LK_ASSERT(
        BN_hex2bn(&order, "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"));
    LK_ASSERT(BN_rshift(k, k, 3) == 1);
    number_add(s, k, "key / 8", request);
    LK_ASSERT(BN_sub(k, order, k) == 1);
    if (!BN_is_negative(k)) number_add(s, k, "its opposite", request);
    BN_free(k);
    BN_free(order);
}

static void nist_key(struct scene *s, unsigned request)
{
    const struct lk_ec_curve *curve = lk_ecdh_curve(s->trial.kernel);
    uint8_t order[LK_EC_BYTES_MAX];
    lk_ec_near_order(curve, 0, false, order);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = BN_bin2bn(order, (int)curve->bytes, NULL);
    BIGNUM *k = BN_bin2bn(s->trial.secret[request], LK_ECDH_SECRET_BYTES_MAX, NULL);
    LK_ASSERT(BN_nnmod(k, k, n, ctx) == 1);
    number_add(s, k, "key", request);
    LK_ASSERT(BN_sub(k, n, k) == 1);
    number_add(s, k, "its opposite", request);
    BN_free(k), BN_free(n);
    BN_CTX_free(ctx);
}

static int word_compare(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static void secrets_list(struct scene *s)
{
    bool x25519 = lk_ecdh_kernel_is_x25519(s->trial.kernel);
    s->words = 0;
    for (unsigned i = 0; i < s->trial.kernel->requests; i++) {
        for (unsigned at = 0; at < s->trial.kernel->secret_bytes; at += 8)
            add(s, eight(s->trial.secret[i] + at), "random bytes", i);
        const uint8_t *shared = s->trial.shared[i];
        int bytes = (int)s->trial.kernel->shared_bytes;
        BIGNUM *x = x25519 ? BN_lebin2bn(shared, bytes, NULL) : BN_bin2bn(shared, bytes, NULL);
        number_add(s, x, "secret", i);
        BN_free(x);
        if (x25519)
            x25519_key(s, i);
        else
            nist_key(s, i);
    }
    qsort(s->word, s->words, sizeof s->word[0], word_compare);
}

/* --- the stack ------------------------------------------------------------------------------ */

static void *run(void *arg)
{
    struct scene *s = arg;
    uint64_t refused;
    s->returned = (s->with_own ? s->trial.kernel->agree : s->trial.kernel->derive)(
        s->trial.work, s->trial.job, lk_ecdh_trial_all(&s->trial), &refused);
    memcpy(s->after, s->stack, STACK_BYTES);
    return NULL;
}

static void run_on_stack(struct scene *s)
{
    pthread_t thread;
    pthread_attr_t attr;
    memset(s->stack, 0xa5, STACK_BYTES);
    LK_ASSERT(pthread_attr_init(&attr) == 0);
    LK_ASSERT(pthread_attr_setstack(&attr, s->stack, STACK_BYTES) == 0);
    LK_ASSERT(pthread_create(&thread, &attr, run, s) == 0);
    LK_ASSERT(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attr);
}

static const struct word *word_find(const struct scene *s, uint64_t bytes)
{
    struct word key = {.bytes = bytes};
    return bsearch(&key, s->word, s->words, sizeof key, word_compare);
}

static void stack_is_clean(struct scene *s)
{
    lk_ecdh_trial_fill(&s->trial, lk_ecdh_trial_all(&s->trial));
    run_on_stack(s);
    assert_int_equal(s->returned, lk_ecdh_trial_all(&s->trial));
    secrets_list(s);
    assert_non_null(word_find(s, eight(s->trial.shared[0]))); /* what is looked for is found */
    for (size_t at = 0; at + 8 <= STACK_BYTES; at++) {
        const struct word *word = word_find(s, eight(s->after + at));
        if (word != NULL)
            fail_msg("%s %s, own share %d: %s of request %u, %zu bytes below the top",
                     s->trial.kernel->name, s->trial.kernel->isa, s->with_own, word->of,
                     word->request, STACK_BYTES - at);
    }
}

/* The last to be written is the own share, which may cover what of a secret stands there: not where
 * none is made. */
static void kernel_is_clean(const struct lk_ecdh_kernel *kernel)
{
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    s->stack = aligned_alloc(4096, STACK_BYTES);
    s->after = malloc(STACK_BYTES);
    LK_ASSERT(s->stack != NULL && s->after != NULL);
    lk_ecdh_trial_open(&s->trial, kernel);
    stack_is_clean(s);
    s->with_own = true;
    stack_is_clean(s);
    lk_ecdh_trial_close(&s->trial);
    free(s->after);
    free(s->stack);
    free(s);
}

static void stack_holds_no_secret(void **state)
{
    (void)state;
    if (strcmp(LK_CONFIG, "asan") == 0) skip(); /* it lays the stack out in its own way */
    const struct lk_ecdh_kernel *kernels[LK_ECDH_KERNELS_MAX];
    unsigned count = lk_ecdh_kernels(kernels);
    for (unsigned i = 0; i < count; i++)
        kernel_is_clean(kernels[i]);
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stack_holds_no_secret)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
