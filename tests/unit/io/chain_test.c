/* Chains in PEM, of certificates that libcrypto made here. */
#include "io/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/base/limits.h"
#include "core/keys/cert_names.h"

#define DAY_S 86400

struct bench {
    EVP_PKEY *own, *other;
    uint8_t *spki;
    size_t spki_bytes;
};

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    *state = b;
    b->own = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    b->other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    b->spki_bytes = (size_t)i2d_PUBKEY(b->own, &b->spki);
    return 0;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    EVP_PKEY_free(b->own);
    EVP_PKEY_free(b->other);
    OPENSSL_free(b->spki);
    free(b);
    return 0;
}

/* One after the other: of the key ("k") or of another ("o"), good for so many days since 1970. */
struct part {
    char of;
    int days;
};

static struct lk_bytes pem_of(const struct bench *b, const struct part *part, BIO **bio)
{
    char *data;
    *bio = BIO_new(BIO_s_mem());
    for (; part->of != 0; part++) {
        X509 *x = X509_new();
        EVP_PKEY *key = part->of == 'k' ? b->own : b->other;
        ASN1_INTEGER_set(X509_get_serialNumber(x), part->days);
        ASN1_TIME_set(X509_getm_notBefore(x), 0);
        ASN1_TIME_set(X509_getm_notAfter(x), (time_t)part->days * DAY_S);
        assert_true(X509_set_pubkey(x, key) && X509_sign(x, b->other, NULL) > 0);
        assert_int_equal(PEM_write_bio_X509(*bio, x), 1);
        X509_free(x);
    }
    long len = BIO_get_mem_data(*bio, &data);
    return lk_bytes_of(data, (size_t)len);
}

static void chain_lasts_as_long_as_the_best_of_its_chains(void **state)
{
    const struct bench *b = *state;
    static const struct {
        struct part part[8];
        lk_err err;
        uint32_t own;
        int days;
    } rows[] = {
        {{{'k', 90}}, LK_OK, 1, 90},
        {{{'k', 90}, {'o', 70}, {'o', 80}}, LK_OK, 1, 70},
        {{{'k', 90}, {'o', 900}, {'k', 30}, {'o', 900}}, LK_OK, 2, 90},
        {{{'k', 30}, {'o', 900}, {'k', 90}, {'o', 900}}, LK_OK, 2, 90},
        {{{'k', 90}, {'o', 20}, {'k', 30}, {'o', 900}}, LK_OK, 2, 30},
        {{{'k', 1}, {'k', 2}, {'k', 3}, {'k', 4}}, LK_OK, 4, 4},
        {{{'k', 1}, {'k', 2}, {'k', 3}, {'k', 4}, {'k', 5}}, LK_ERR_FULL, 0, 0},
        {{{'o', 90}, {'k', 90}}, LK_ERR_KEY, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BIO *bio;
        struct lk_chain chain = {.data = NULL};
        struct lk_bytes pem = pem_of(b, rows[i].part, &bio);
        assert_int_equal(lk_chain_read(pem, lk_bytes_of(b->spki, b->spki_bytes), &chain), rows[i].err);
        assert_int_equal(chain.own, rows[i].own);
        assert_int_equal(chain.expiry_s, (int64_t)rows[i].days * DAY_S);
        lk_chain_free(&chain);
        BIO_free(bio);
    }
    assert_int_equal(LK_KEY_CERTIFICATES_MAX, 4); /* as the messages to the operator say */
}

/* A subjectAltName of these bytes, which libcrypto copies and does not read. */
static struct lk_bytes with_names(const struct bench *b, const char *value, int len, BIO **bio)
{
    char *data;
    X509 *x = X509_new();
    ASN1_OCTET_STRING *names = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(names, (const unsigned char *)value, len);
    X509_EXTENSION *alt = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, names);
    assert_true(X509_add_ext(x, alt, -1) && X509_set_version(x, 2));
    ASN1_TIME_set(X509_getm_notBefore(x), 0);
    ASN1_TIME_set(X509_getm_notAfter(x), DAY_S);
    assert_true(X509_set_pubkey(x, b->own) && X509_sign(x, b->other, NULL) > 0);
    *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(*bio, x), 1);
    X509_EXTENSION_free(alt);
    ASN1_OCTET_STRING_free(names);
    X509_free(x);
    long size = BIO_get_mem_data(*bio, &data);
    return lk_bytes_of(data, (size_t)size);
}

/* Found when the key is loaded, not when its certificate ends. */
static void chain_of_names_that_cannot_be_read_bounds_no_request(void **state)
{
    const struct bench *b = *state;
    static const struct {
        const char *value;
        int len;
        bool good;
    } rows[] = {{"\x30\x05\x82\x03www", 7, true}, {"\x30\x05\x82\x04www", 7, false}, {"\x30\x00", 2, false},
                {"\x30\x80\x82\x03www\0\0", 9, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BIO *bio;
        struct lk_chain chain = {.data = NULL};
        struct lk_bytes pem = with_names(b, rows[i].value, rows[i].len, &bio);
        assert_int_equal(lk_chain_read(pem, lk_bytes_of(b->spki, b->spki_bytes), &chain), LK_OK);
        const char *fault = lk_chain_names_fault(&chain);
        assert_int_equal(fault == NULL, rows[i].good);
        if (fault != NULL) assert_non_null(strstr(fault, "take the flag request away"));
        lk_chain_free(&chain);
        BIO_free(bio);
    }
    assert_int_equal(LK_CERT_NAMES_MAX, 4096); /* as the message to the operator says */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chain_lasts_as_long_as_the_best_of_its_chains),
                                       cmocka_unit_test(chain_of_names_that_cannot_be_read_bounds_no_request)};
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
