#include "core/keys/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/x509.h>

#include "tests/support/vectors.h"

static const char *const names[] = {"rsa", "ecdsa_p256", "ed25519"};

/* libcrypto's idea of the key inside. */
static struct lk_bytes spki_by_openssl(struct lk_vectors *v, struct lk_bytes der)
{
    const unsigned char *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    assert_non_null(certificate);
    unsigned char *out = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &out);
    assert_true(len > 0);
    struct lk_bytes spki = lk_vectors_copy(v, lk_bytes_of(out, (size_t)len));
    OPENSSL_free(out);
    X509_free(certificate);
    return spki;
}

static void certificate_key_is_the_one_openssl_finds(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    const json_t *keys = json_object_get(v.root, "keys");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct lk_bytes der = lk_vectors_hex(&v, json_object_get(keys, names[i]), "certificate_der");
        struct lk_bytes spki, want = spki_by_openssl(&v, der);
        assert_true(lk_certificate_spki(der, &spki));
        assert_true(lk_bytes_equal(spki, want));
    }
    lk_vectors_close(&v);
}

static void certificate_cut_anywhere_or_with_more_behind_has_no_key(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    const json_t *keys = json_object_get(v.root, "keys");
    struct lk_bytes der = lk_vectors_hex(&v, json_object_get(keys, "ed25519"), "certificate_der"), spki;
    for (size_t len = 0; len < der.len; len++) {
        struct lk_bytes cut = lk_vectors_copy(&v, lk_bytes_of(der.data, len));
        if (lk_certificate_spki(cut, &spki)) fail_msg("cut to %zu", len);
    }
    uint8_t more[1024];
    memcpy(more, der.data, der.len);
    more[der.len] = 0;
    assert_false(lk_certificate_spki(lk_bytes_of(more, der.len + 1), &spki));
    lk_vectors_close(&v);
}

/* Lengths that DER does not write so: indefinite, one byte too wide, past any memory. */
static void certificate_with_a_length_of_another_form_has_no_key(void **state)
{
    (void)state;
    static const uint8_t rows[][8] = {{0x30, 0x80}, {0x30, 0x81, 0x05}, {0x30, 0x82, 0x00, 0x04},
                                      {0x30, 0x83, 0x00, 0x00, 0x03}, {0x30, 0x84, 0xff, 0xff, 0xff, 0xff},
                                      {0x31, 0x06}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_bytes spki;
        assert_false(lk_certificate_spki(lk_bytes_of(rows[i], sizeof rows[i]), &spki));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_key_is_the_one_openssl_finds),
        cmocka_unit_test(certificate_cut_anywhere_or_with_more_behind_has_no_key),
        cmocka_unit_test(certificate_with_a_length_of_another_form_has_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
