/* AlgorithmIdentifiers, against those that libcrypto gives a key of its own for the same digest, padding
 * and salt. */
#include "tools/provider/algorithm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "core/keys/scheme.h"

static size_t by_openssl(EVP_PKEY *pkey, const char *digest, bool pss, uint8_t out[LK_ALGORITHM_BYTES])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, out, LK_ALGORITHM_BYTES), OSSL_PARAM_END};
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, digest, NULL, NULL, pkey, NULL), 1);
    if (pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_PKEY_CTX_get_params(pctx, params), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return params[0].return_size;
}

static EVP_PKEY *make(const char *kind)
{
    static const char rsa[] = "RSA", pss[] = "RSA-PSS", ec[] = "EC";
    if (strcmp(kind, ec) == 0) return EVP_PKEY_Q_keygen(NULL, NULL, ec, "P-256");
    if (strcmp(kind, rsa) != 0 && strcmp(kind, pss) != 0) return EVP_PKEY_Q_keygen(NULL, NULL, kind);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *pkey = NULL;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static void algorithm_is_what_openssl_writes(void **state)
{
    (void)state;
    static const struct {
        uint16_t scheme;
        const char *kind, *digest;
        bool pss;
    } rows[] = {
        {0x0401, "RSA", "SHA256", false},    {0x0501, "RSA", "SHA384", false},
        {0x0601, "RSA", "SHA512", false},    {0x0403, "EC", "SHA256", false},
        {0x0503, "EC", "SHA384", false},     {0x0603, "EC", "SHA512", false},
        {0x0804, "RSA", "SHA256", true},     {0x0805, "RSA", "SHA384", true},
        {0x0806, "RSA", "SHA512", true},     {0x0807, "ED25519", NULL, false},
        {0x0808, "ED448", NULL, false},      {0x0809, "RSA-PSS", "SHA256", true},
        {0x080a, "RSA-PSS", "SHA384", true}, {0x080b, "RSA-PSS", "SHA512", true},
    };
    size_t count, len;
    (void)lk_schemes(&count);
    assert_int_equal(count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < count; i++) {
        uint8_t own[LK_ALGORITHM_BYTES], want[LK_ALGORITHM_BYTES];
        size_t want_len = by_openssl(make(rows[i].kind), rows[i].digest, rows[i].pss, want);
        assert_true(lk_algorithm_of(rows[i].scheme, own, &len));
        if (!lk_bytes_equal(lk_bytes_of(own, len), lk_bytes_of(want, want_len)))
            fail_msg("%04x: %zu bytes, not %zu", rows[i].scheme, len, want_len);
    }
}

static void algorithm_of_other_schemes_has_no_name(void **state)
{
    (void)state;
    uint8_t out[LK_ALGORITHM_BYTES];
    size_t len;
    static const uint16_t schemes[] = {0, 0x0201, 0x0203, 0x0301, 0x0402, 0x0809 + 3, 0xffff};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        assert_false(lk_algorithm_of(schemes[i], out, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithm_is_what_openssl_writes),
        cmocka_unit_test(algorithm_of_other_schemes_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
