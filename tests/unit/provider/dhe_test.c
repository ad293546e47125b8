/* What libcrypto draws for a key of DHE, and the private number it makes of it. */
#include "tools/provider/dhe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* a random source of the test's own */

static uint64_t seed = 1;
static uint8_t drawn[128];
static size_t drawn_len;

/* The last draw is kept. Any numbers will do, but for all ones in some: sums have a carry. */
static int draw(unsigned char *out, int len)
{
    for (int i = 0; i < len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = seed >> 63 != 0 && i > 4 ? 0xff : (uint8_t)(seed >> 33);
    }
    drawn_len = (size_t)len < sizeof drawn ? (size_t)len : 0;
    memcpy(drawn, out, drawn_len);
    return 1;
}

static int ready(void)
{
    return 1;
}

static const RAND_METHOD method = {.bytes = draw, .pseudorand = draw, .status = ready};

/* As libssl does it: a key with p and g alone. */
static EVP_PKEY *parameters(const char *name)
{
    EVP_PKEY *named = NULL, *out = NULL;
    BIGNUM *p = NULL, *g = NULL;
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    assert_true(EVP_PKEY_keygen_init(make) == 1 && EVP_PKEY_CTX_set_group_name(make, name) == 1 &&
                EVP_PKEY_keygen(make, &named) == 1 &&
                EVP_PKEY_get_bn_param(named, "p", &p) == 1 &&
                EVP_PKEY_get_bn_param(named, "g", &g) == 1);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_true(OSSL_PARAM_BLD_push_BN(build, "p", p) == 1 && OSSL_PARAM_BLD_push_BN(build, "g", g) == 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *take = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    assert_true(EVP_PKEY_fromdata_init(take) == 1 &&
                EVP_PKEY_fromdata(take, &out, EVP_PKEY_KEY_PARAMETERS, params) == 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(p);
    BN_free(g);
    EVP_PKEY_free(named);
    EVP_PKEY_CTX_free(make);
    EVP_PKEY_CTX_free(take);
    return out;
}

static void key_is_found(EVP_PKEY *group, size_t p_bytes)
{
    EVP_PKEY *key = NULL;
    BIGNUM *private = NULL;
    uint8_t b[LK_DHE_DRAWN_BYTES_MAX], want[LK_DHE_DRAWN_BYTES_MAX];
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_pkey(NULL, group, NULL);
    assert_true(EVP_PKEY_keygen_init(make) == 1 && EVP_PKEY_keygen(make, &key) == 1);
    size_t len = drawn_len;
    assert_true(EVP_PKEY_get_bn_param(key, "priv", &private) == 1);
    assert_true(lk_dhe_private(lk_bytes_of(drawn, len), p_bytes, b));
    assert_int_equal(BN_bn2binpad(private, want, (int)len), len);
    assert_memory_equal(b, want, len);
    BN_free(private);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(make);
}

static void dhe_private_is_libcrypto_s(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t p_bytes;
    } groups[] = {{"ffdhe2048", 256}, {"ffdhe3072", 384}, {"ffdhe4096", 512}, {"ffdhe6144", 768},
                  {"ffdhe8192", 1024}, {"modp_2048", 256}, {"modp_8192", 1024}};
    assert_int_equal(RAND_set_rand_method(&method), 1);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        EVP_PKEY *group = parameters(groups[i].name);
        for (int round = 0; round < 8; round++)
            key_is_found(group, groups[i].p_bytes);
        EVP_PKEY_free(group);
    }
    RAND_set_rand_method(NULL);
}

/* 225 bits all ones: 2^225, one bit longer. */
static void dhe_carry_goes_all_the_way(void **state)
{
    (void)state;
    uint8_t ones[29], b[LK_DHE_DRAWN_BYTES_MAX], want[29] = {2};
    memset(ones, 0xff, sizeof ones);
    assert_true(lk_dhe_private(lk_bytes_of(ones, sizeof ones), 256, b));
    assert_memory_equal(b, want, sizeof want);
    memset(ones, 0, sizeof ones);
    ones[0] = 6; /* the two bits that are dropped */
    memset(want, 0, sizeof want);
    want[28] = 1;
    assert_true(lk_dhe_private(lk_bytes_of(ones, sizeof ones), 256, b));
    assert_memory_equal(b, want, sizeof want);
}

static void dhe_draws_of_another_length_are_none(void **state)
{
    (void)state;
    static const uint8_t bytes[66];
    static const size_t p_bytes[] = {256, 384, 512, 768, 1024}, lens[] = {29, 35, 41, 48, 51};
    uint8_t b[LK_DHE_DRAWN_BYTES_MAX];
    for (size_t p = 0; p < 5; p++)
        for (size_t len = 0; len <= sizeof bytes; len++)
            assert_int_equal(lk_dhe_private(lk_bytes_of(bytes, len), p_bytes[p], b), len == lens[p]);
    assert_false(lk_dhe_private(lk_bytes_of(bytes, 29), 255, b));
    assert_false(lk_dhe_private(lk_bytes_of(bytes, 0), 0, b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dhe_private_is_libcrypto_s),
        cmocka_unit_test(dhe_carry_goes_all_the_way),
        cmocka_unit_test(dhe_draws_of_another_length_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
