/* What a slow look finds that the checks at load cannot: factors that are no primes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/rsa.h>

#include "crypto/engine_check.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* an RSA object of bare factors */

static BIGNUM *prime(int bits)
{
    BIGNUM *p = BN_new();
    assert_int_equal(BN_generate_prime_ex(p, bits, 0, NULL, NULL, NULL), 1);
    return p;
}

static BIGNUM *composite(void)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *a = prime(512), *b = prime(512);
    assert_int_equal(BN_mul(a, a, b, ctx), 1);
    BN_free(b);
    BN_CTX_free(ctx);
    return a;
}

static bool good(BIGNUM *p, BIGNUM *q)
{
    RSA *rsa = RSA_new();
    assert_int_equal(RSA_set0_factors(rsa, p, q), 1);
    bool primes = lk_rsa_primes_good(rsa);
    RSA_free(rsa);
    return primes;
}

static void factors_are_both_judged(void **state)
{
    (void)state;
    assert_true(good(prime(1024), prime(1024)));
    assert_false(good(composite(), prime(1024)));
    assert_false(good(prime(1024), composite()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(factors_are_both_judged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
