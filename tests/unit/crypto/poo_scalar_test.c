#include "crypto/poo_scalar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <string.h>

/* Orders of the five groups: libcrypto's, and RFC 7748 4.1, 4.2. */
static const struct {
    size_t width;
    int nid;
    const char *q;
} groups[] = {
    {32, NID_X9_62_prime256v1, NULL},
    {48, NID_secp384r1, NULL},
    {66, NID_secp521r1, NULL},
    {32, 0, "1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED"},
    {56, 0,
     "3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7CCA23E9C44EDB49AED63690216CC272"
     "8DC58F552378C292AB5844F3"},
};
#define GROUPS (sizeof groups / sizeof groups[0])

static BIGNUM *order(size_t g)
{
    BIGNUM *q = NULL;
    if (groups[g].q != NULL) {
        assert_true(BN_hex2bn(&q, groups[g].q) > 0);
        return q;
    }
    EC_GROUP *curve = EC_GROUP_new_by_curve_name(groups[g].nid);
    q = BN_dup(EC_GROUP_get0_order(curve));
    EC_GROUP_free(curve);
    return q;
}

/* The same by libcrypto's numbers. */
static void response_check(size_t g, const BIGNUM *b, const BIGNUM *v, const uint8_t *c,
                           size_t c_bytes)
{
    int width = (int)groups[g].width;
    uint8_t qb[66], bb[66], vb[66], got[66], want[66];
    BIGNUM *q = order(g), *x = BN_new(), *r = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    assert_int_equal(BN_bn2binpad(q, qb, width), width);
    assert_int_equal(BN_bn2binpad(b, bb, width), width);
    assert_int_equal(BN_bn2binpad(v, vb, width), width);
    BN_bin2bn(c, (int)c_bytes, x);
    assert_true(BN_mod_mul(r, b, x, q, ctx) && BN_mod_sub(r, v, r, q, ctx));
    assert_int_equal(BN_bn2binpad(r, want, width), width);
    lk_poo_scalar_response(qb, groups[g].width, bb, vb, c, c_bytes, got);
    assert_memory_equal(got, want, groups[g].width);
    lk_poo_scalar_response(qb, groups[g].width, bb, vb, c, c_bytes, bb);
    assert_memory_equal(bb, want, groups[g].width);
    BN_free(q);
    BN_free(x);
    BN_free(r);
    BN_CTX_free(ctx);
}

static void response_agrees_with_libcrypto_at_the_edges(void **state)
{
    (void)state;
    for (size_t g = 0; g < GROUPS; g++) {
        BIGNUM *q = order(g), *most = BN_new(), *less = BN_dup(q), *zero = BN_new();
        /* 8 q - 1, as far as the width goes: what clamped keys stay below. */
        assert_true(BN_lshift(most, q, 3) && BN_sub_word(most, 1) && BN_sub_word(less, 1));
        BN_zero(zero);
        if (BN_num_bytes(most) > (int)groups[g].width) assert_non_null(BN_copy(most, less));
        uint8_t ones[32], none[32] = {0};
        memset(ones, 0xff, sizeof ones);
        const BIGNUM *bs[] = {most, less, q, BN_value_one(), zero};
        for (size_t i = 0; i < 5; i++) {
            response_check(g, bs[i], zero, ones, 32);
            response_check(g, bs[i], less, ones, 16);
            response_check(g, bs[i], less, none, 32);
            response_check(g, bs[i], BN_value_one(), ones, 32);
        }
        BN_free(q);
        BN_free(most);
        BN_free(less);
        BN_free(zero);
    }
}

static void response_agrees_with_libcrypto_at_random(void **state)
{
    (void)state;
    for (size_t g = 0; g < GROUPS; g++) {
        BIGNUM *q = order(g), *b = BN_new(), *v = BN_new();
        for (int i = 0; i < 200; i++) {
            uint8_t c[32];
            assert_true(BN_rand_range(b, q) && BN_rand_range(v, q) && RAND_bytes(c, 32) == 1);
            response_check(g, b, v, c, i % 2 ? 16 : 32);
        }
        BN_free(q);
        BN_free(b);
        BN_free(v);
    }
}

/* k or -k, as libcrypto has it; the sum of the two is q. */
static void fold_is_a_residue_or_its_negative(void **state)
{
    (void)state;
    for (size_t g = 0; g < GROUPS; g++) {
        BIGNUM *q = order(g), *k = BN_new(), *most = BN_new(), *want = BN_new(), *got = BN_new();
        BN_CTX *ctx = BN_CTX_new();
        int width = (int)groups[g].width;
        uint8_t qb[66], kb[66], out[66];
        assert_true(BN_lshift(most, q, groups[g].q != NULL ? 3 : 0));
        if (BN_num_bytes(most) > width) assert_true(BN_lshift(most, q, 1)); /* x448 */
        for (int i = 0; i < 200; i++) {
            assert_true(BN_rand_range(k, most) && BN_add_word(k, i == 0));
            if (BN_nnmod(want, k, q, ctx) != 1 || BN_is_zero(want)) continue;
            assert_int_equal(BN_bn2binpad(q, qb, width), width);
            assert_int_equal(BN_bn2binpad(k, kb, width), width);
            lk_poo_scalar_fold(qb, groups[g].width, kb, 0, out);
            BN_bin2bn(out, width, got);
            assert_int_equal(BN_cmp(got, want), 0);
            lk_poo_scalar_fold(qb, groups[g].width, kb, UINT32_MAX, kb);
            BN_bin2bn(kb, width, got);
            assert_true(BN_add(got, got, want));
            assert_int_equal(BN_cmp(got, q), 0);
        }
        BN_CTX_free(ctx);
        BN_free(q), BN_free(k), BN_free(most), BN_free(want), BN_free(got);
    }
}

static uint32_t in_range(size_t g, const BIGNUM *x, const BIGNUM *q)
{
    uint8_t xb[66], qb[66];
    int width = (int)groups[g].width;
    assert_int_equal(BN_bn2binpad(x, xb, width), width);
    assert_int_equal(BN_bn2binpad(q, qb, width), width);
    return lk_poo_scalar_in_range(xb, qb, groups[g].width);
}

static void range_is_one_to_below_q(void **state)
{
    (void)state;
    for (size_t g = 0; g < GROUPS; g++) {
        BIGNUM *q = order(g), *x = BN_dup(q);
        assert_int_equal(in_range(g, q, q), 0);
        assert_true(BN_sub_word(x, 1));
        assert_int_equal(in_range(g, x, q), UINT32_MAX);
        assert_true(BN_add_word(x, 2));
        assert_int_equal(in_range(g, x, q), 0);
        BN_zero(x);
        assert_int_equal(in_range(g, x, q), 0);
        assert_int_equal(in_range(g, BN_value_one(), q), UINT32_MAX);
        BN_free(q);
        BN_free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_agrees_with_libcrypto_at_the_edges),
        cmocka_unit_test(response_agrees_with_libcrypto_at_random),
        cmocka_unit_test(fold_is_a_residue_or_its_negative),
        cmocka_unit_test(range_is_one_to_below_q),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
