#include "tests/support/rsa_subject.h"

#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/engine_rsa_key.h"

#pragma GCC diagnostic ignored                                                                     \
    "-Wdeprecated-declarations" /* building an RSA key from its numbers */

static RSA *rsa_of(const struct lk_test_rsa *numbers)
{
    BIGNUM *x[RSA_NUMBERS];
    RSA *rsa = RSA_new();
    LK_ASSERT(rsa != NULL);
    for (int i = 0; i < RSA_NUMBERS; i++)
        x[i] = BN_dup(numbers->x[i]);
    LK_ASSERT(RSA_set0_key(rsa, x[RSA_N], x[RSA_E], x[RSA_D]) == 1);
    LK_ASSERT(RSA_set0_factors(rsa, x[RSA_P], x[RSA_Q]) == 1);
    LK_ASSERT(RSA_set0_crt_params(rsa, x[RSA_DP], x[RSA_DQ], x[RSA_QINV]) == 1);
    return rsa;
}

void lk_subject_init(struct lk_subject *subject)
{
    struct lk_test_rsa *numbers = &subject->numbers;
    RSA *rsa = rsa_of(numbers);
    subject->kernel = lk_rsa_key_new(rsa);
    RSA_free(rsa);
    struct lk_bytes der = lk_test_rsa_der(numbers);
    enum lk_key_fault fault;
    subject->engine = lk_engine_key_new(der.data, der.len, NULL, 1, &fault);
    LK_ASSERT(subject->engine != NULL || fault == LK_KEY_TOO_SMALL || fault == LK_KEY_EXPONENT);
    free((void *)(uintptr_t)der.data);
    subject->k = (size_t)BN_num_bytes(numbers->x[RSA_N]);
    LK_ASSERT(subject->k <= LK_SUBJECT_BYTES_MAX);
    subject->ctx = BN_CTX_new();
    subject->mont = BN_MONT_CTX_new();
    subject->x = BN_new();
    subject->y = BN_new();
    LK_ASSERT(subject->ctx != NULL && subject->x != NULL && subject->y != NULL);
    LK_ASSERT(BN_MONT_CTX_set(subject->mont, numbers->x[RSA_N], subject->ctx) == 1);
}

void lk_subject_fini(struct lk_subject *subject)
{
    lk_rsa_key_free(subject->kernel);
    lk_engine_key_free(subject->engine);
    lk_test_rsa_fini(&subject->numbers);
    BN_CTX_free(subject->ctx);
    BN_MONT_CTX_free(subject->mont);
    BN_free(subject->x);
    BN_free(subject->y);
}

/* y := bytes^exponent mod n. */
static void raise(struct lk_subject *subject, const uint8_t *bytes,
                  enum lk_test_rsa_number exponent)
{
    BIGNUM *const *numbers = subject->numbers.x;
    LK_ASSERT(BN_bin2bn(bytes, (int)subject->k, subject->x) != NULL);
    LK_ASSERT(BN_mod_exp_mont(subject->y, subject->x, numbers[exponent], numbers[RSA_N],
                              subject->ctx, subject->mont) == 1);
}

bool lk_subject_is_root(struct lk_subject *subject, const uint8_t *m, const uint8_t *c)
{
    raise(subject, m, RSA_E);
    if (BN_cmp(subject->x, subject->numbers.x[RSA_N]) >= 0) return false;
    LK_ASSERT(BN_bin2bn(c, (int)subject->k, subject->x) != NULL);
    return BN_cmp(subject->x, subject->y) == 0;
}

static void put(const struct lk_subject *subject, uint8_t *to)
{
    LK_ASSERT(BN_bn2binpad(subject->y, to, (int)subject->k) == (int)subject->k);
}

void lk_subject_raise(struct lk_subject *subject, const uint8_t *m, uint8_t *c)
{
    raise(subject, m, RSA_E);
    put(subject, c);
}

void lk_subject_root(struct lk_subject *subject, const uint8_t *c, uint8_t *m)
{
    if (lk_subject_is_below(subject, c))
        raise(subject, c, RSA_D);
    else
        BN_zero(subject->y);
    put(subject, m);
}

bool lk_subject_is_below(const struct lk_subject *subject, const uint8_t *c)
{
    LK_ASSERT(BN_bin2bn(c, (int)subject->k, subject->x) != NULL);
    return BN_cmp(subject->x, subject->numbers.x[RSA_N]) < 0;
}
