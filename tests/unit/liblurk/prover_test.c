#include "tools/liblurk/lurk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "core/exec/poo.h"
#include "crypto/poo.h"
#include "crypto/poo_curve.h"

/* An ephemeral key as the TLS library makes it: libcrypto's own, with the bytes it keeps. */
struct share {
    uint16_t group;
    const char *algorithm, *curve;
    size_t scalar_bytes, point_bytes;
    uint8_t b[66], params[4 + 133];
};

static const struct share shares[] = {
    {23, "EC", "P-256", 32, 65, {0}, {0}},  {24, "EC", "P-384", 48, 97, {0}, {0}},
    {25, "EC", "P-521", 66, 133, {0}, {0}}, {29, "X25519", NULL, 32, 32, {0}, {0}},
    {30, "X448", NULL, 56, 56, {0}, {0}},
};
#define SHARES (sizeof shares / sizeof shares[0])

static void share_draw(size_t which, struct share *share)
{
    *share = shares[which];
    size_t len = share->scalar_bytes;
    EVP_PKEY *pkey = share->curve != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", share->curve)
                                          : EVP_PKEY_Q_keygen(NULL, NULL, share->algorithm);
    if (share->curve != NULL) {
        BIGNUM *b = NULL;
        assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &b), 1);
        assert_int_equal(BN_bn2binpad(b, share->b, (int)len), (int)len);
        BN_free(b);
    } else {
        assert_int_equal(EVP_PKEY_get_raw_private_key(pkey, share->b, &len), 1);
    }
    uint8_t *point = share->params + 4;
    share->params[0] = 3;
    share->params[2] = (uint8_t)share->group;
    share->params[3] = (uint8_t)share->point_bytes;
    assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                     point, share->point_bytes, &len),
                     1);
    assert_int_equal(len, share->point_bytes);
    EVP_PKEY_free(pkey);
}

static struct lurk_tls12_ecdhe request_of(const struct share *share)
{
    struct lurk_tls12_ecdhe request = {.size = sizeof request,
                                       .key_id = {1, 2, 3, 4},
                                       .sig_and_hash = 0x0403,
                                       .params = {share->params, 4 + share->point_bytes}};
    assert_int_equal(RAND_bytes(request.client_random, 32), 1);
    assert_int_equal(RAND_bytes(request.server_random, 32), 1);
    return request;
}

/* What the key server would say of the message. */
static bool server_accepts(const struct lurk_tls12_ecdhe *request)
{
    static uint8_t message[1024];
    struct lk_tls12_ecdhe read;
    uint8_t c[32];
    size_t len;
    assert_int_equal(lurk_tls12_ecdhe_write(request, message, sizeof message, &len), LURK_OK);
    assert_int_equal(lk_tls12_ecdhe_parse(lk_bytes_of(message + 16, len - 16), &read), 0);
    struct lk_operand operand = {.in = read.point.data,
                                 .in_bytes = read.point.len,
                                 .poo_point = read.poo_point.data,
                                 .poo_r = read.poo_r.data,
                                 .poo_challenge = c,
                                 .poo_challenge_bytes = lk_poo_challenge(&read, c)};
    struct lk_poo_curve *curve = lk_poo_curve_new(lk_poo_curve_find(read.group), NULL);
    bool good = lk_poo_good(curve, &operand);
    lk_poo_curve_free(curve);
    return good;
}

static struct lurk_bytes b_of(const struct share *share)
{
    return (struct lurk_bytes){.data = share->b, .len = share->scalar_bytes};
}

static void proof_of_a_library_key_is_accepted(void **state)
{
    struct lurk_prover *prover = *state;
    for (size_t i = 0; i < SHARES; i++)
        for (int prf = LURK_POO_SHA256_128; prf <= LURK_POO_SHA256_256; prf++) {
            struct share share;
            share_draw(i, &share);
            struct lurk_tls12_ecdhe request = request_of(&share);
            struct lurk_proof proof = {.size = sizeof proof}, again = {.size = sizeof again};
            assert_int_equal(lurk_tls12_ecdhe_prove(prover, &request, (enum lurk_poo_prf)prf,
                                                    b_of(&share), &proof),
                             LURK_OK);
            request.proof = &proof;
            assert_true(server_accepts(&request));
            assert_int_equal(lurk_tls12_ecdhe_prove(prover, &request, (enum lurk_poo_prf)prf,
                                                    b_of(&share), &again),
                             LURK_OK);
            assert_memory_not_equal(proof.point, again.point, share.point_bytes);
            request.server_random[5] ^= 1;
            assert_false(server_accepts(&request));
        }
}

static void proof_with_a_foreign_b_is_not_made(void **state)
{
    struct lurk_prover *prover = *state;
    for (size_t i = 0; i < SHARES; i++) {
        struct share share, other;
        share_draw(i, &share);
        share_draw(i, &other);
        struct lurk_tls12_ecdhe request = request_of(&share);
        struct lurk_proof proof = {.size = sizeof proof}, untouched = proof;
        for (int round = 0; round < 2; round++)
            assert_int_equal(
                lurk_tls12_ecdhe_prove(prover, &request, LURK_POO_SHA256_128, b_of(&other), &proof),
                LURK_ERR_SHARE);
        assert_memory_equal(&proof, &untouched, sizeof proof);
        struct lurk_bytes point = {share.params + 4, share.point_bytes};
        assert_int_equal(lurk_share_check(prover, share.group, b_of(&share), point), LURK_OK);
        assert_int_equal(lurk_share_check(prover, share.group, b_of(&other), point),
                         LURK_ERR_SHARE);
    }
}

/* Libraries keep keys of the Montgomery curves as drawn, and mask the draw of secp521r1. */
static void bits_that_libraries_mask_do_not_count(void **state)
{
    struct lurk_prover *prover = *state;
    for (size_t i = 2; i < SHARES; i++) {
        struct share share;
        share_draw(i, &share);
        struct lurk_bytes point = {share.params + 4, share.point_bytes};
        if (share.group == 25)
            share.b[0] |= 0xfe;
        else
            share.b[0] |= share.group == 29 ? 7 : 3;
        if (share.group == 29) share.b[31] |= 0x80;
        assert_int_equal(lurk_share_check(prover, share.group, b_of(&share), point), LURK_OK);
    }
}

static void numbers_that_are_no_key_are_refused(void **state)
{
    struct lurk_prover *prover = *state;
    for (size_t i = 0; i < 3; i++) {
        struct share share;
        share_draw(i, &share);
        struct lurk_bytes point = {share.params + 4, share.point_bytes};
        memset(share.b, 0, sizeof share.b);
        assert_int_equal(lurk_share_check(prover, share.group, b_of(&share), point),
                         LURK_ERR_SHARE);
        memset(share.b, 0xff, sizeof share.b);
        assert_int_equal(lurk_share_check(prover, share.group, b_of(&share), point),
                         LURK_ERR_SHARE);
    }
}

static void lengths_and_groups_are_judged(void **state)
{
    struct lurk_prover *prover = *state;
    struct share share;
    share_draw(0, &share);
    struct lurk_bytes point = {share.params + 4, 65}, none = {NULL, 0}, shorter = {share.b, 31};
    assert_int_equal(lurk_share_check(prover, 22, b_of(&share), point), LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_share_check(prover, 23, shorter, point), LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_share_check(prover, 23, none, point), LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_share_check(prover, 23, b_of(&share), none), LURK_ERR_ARGUMENT);
    struct lurk_tls12_ecdhe request = request_of(&share);
    struct lurk_proof proof = {.size = sizeof proof};
    assert_int_equal(lurk_tls12_ecdhe_prove(prover, &request, LURK_POO_NULL, b_of(&share), &proof),
                     LURK_ERR_ARGUMENT);
    for (size_t at = 0; at < 4; at++) { /* params of another kind, group, length */
        share.params[at] ^= 1;
        assert_int_equal(
            lurk_tls12_ecdhe_prove(prover, &request, LURK_POO_SHA256_128, b_of(&share), &proof),
            LURK_ERR_ARGUMENT);
        share.params[at] ^= 1;
    }
    proof.size = 4;
    assert_int_equal(
        lurk_tls12_ecdhe_prove(prover, &request, LURK_POO_SHA256_128, b_of(&share), &proof),
        LURK_ERR_ARGUMENT);
}

static int setup(void **state)
{
    *state = lurk_prover_new();
    return *state == NULL;
}

static int teardown(void **state)
{
    lurk_prover_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_of_a_library_key_is_accepted),
        cmocka_unit_test(proof_with_a_foreign_b_is_not_made),
        cmocka_unit_test(bits_that_libraries_mask_do_not_count),
        cmocka_unit_test(numbers_that_are_no_key_are_refused),
        cmocka_unit_test(lengths_and_groups_are_judged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
