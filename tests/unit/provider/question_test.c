#include "tools/provider/question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define ROOM 4096

static uint8_t message[ROOM];

static struct lk_bytes put(size_t at, const void *data, size_t len)
{
    memcpy(message + at, data, len);
    return lk_bytes_of(message, at + len);
}

/* As libssl composes it: RFC 8446 4.4.3. */
static struct lk_bytes cert_verify(const char *context, size_t hash_bytes)
{
    memset(message, ' ', 64);
    size_t len = strlen(context) + 1;
    put(64, context, len);
    memset(message + 64 + len, 0xab, hash_bytes);
    return lk_bytes_of(message, 64 + len + hash_bytes);
}

static void question_knows_both_certificate_verifies(void **state)
{
    (void)state;
    struct lk_question q = lk_question_of(cert_verify("TLS 1.3, server CertificateVerify", 32));
    assert_int_equal(q.kind, LK_QUESTION_CERT_VERIFY);
    assert_false(q.client);
    assert_int_equal(q.transcript_hash.len, 32);
    assert_int_equal(q.transcript_hash.data[0], 0xab);
    q = lk_question_of(cert_verify("TLS 1.3, client CertificateVerify", 48));
    assert_int_equal(q.kind, LK_QUESTION_CERT_VERIFY);
    assert_true(q.client);
    assert_int_equal(q.transcript_hash.len, 48);
}

/* What begins with 64 spaces and is not exactly that is nothing: a delegated credential (RFC 9345 4)
 * among it. It must not pass for a ServerKeyExchange of two blank randoms either. */
static void question_takes_no_other_context(void **state)
{
    static const char *const contexts[] = {"TLS, server delegated credentials",
                                           "TLS 1.3, server CertificateVerifY",
                                           "TLS 1.3, Server CertificateVerify", "", "TLS 1.3"};
    static const size_t hash_bytes[] = {0, 31, 32, 33, 47, 48, 49, 64};
    (void)state;
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++)
        for (size_t k = 0; k < sizeof hash_bytes / sizeof hash_bytes[0]; k++)
            assert_int_equal(lk_question_of(cert_verify(contexts[i], hash_bytes[k])).kind, LK_QUESTION_NONE);
    for (size_t k = 0; k < sizeof hash_bytes / sizeof hash_bytes[0]; k++) {
        bool good = hash_bytes[k] == 32 || hash_bytes[k] == 48;
        struct lk_question q = lk_question_of(cert_verify("TLS 1.3, server CertificateVerify", hash_bytes[k]));
        assert_int_equal(q.kind, good ? LK_QUESTION_CERT_VERIFY : LK_QUESTION_NONE);
    }
    memset(message, ' ', 64); /* blank randoms, params behind */
    uint8_t params[69] = {3, 0, 23, 65, 4};
    assert_int_equal(lk_question_of(put(64, params, sizeof params)).kind, LK_QUESTION_NONE);
    /* One character away from blank it is a ServerKeyExchange. */
    message[63] = 'x';
    assert_int_equal(lk_question_of(lk_bytes_of(message, 64 + sizeof params)).kind, LK_QUESTION_SKE);
}

static void question_cuts_a_server_key_exchange(void **state)
{
    static const struct {
        uint8_t group, point;
    } rows[] = {{23, 65}, {24, 97}, {25, 133}, {29, 32}, {30, 56}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(message, 1, 32);
        memset(message + 32, 2, 32);
        uint8_t head[] = {3, 0, rows[i].group, rows[i].point};
        put(64, head, sizeof head);
        memset(message + 68, 4, rows[i].point);
        size_t len = 68u + rows[i].point;
        struct lk_question q = lk_question_of(lk_bytes_of(message, len));
        assert_int_equal(q.kind, LK_QUESTION_SKE);
        assert_false(q.dhe);
        assert_int_equal(q.group, rows[i].group);
        assert_ptr_equal(q.client_random, message);
        assert_ptr_equal(q.server_random, message + 32);
        assert_int_equal(q.params.len, len - 64);
        assert_int_equal(q.point.len, rows[i].point);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(lk_question_of(lk_bytes_of(message, cut)).kind, LK_QUESTION_NONE);
        assert_int_equal(lk_question_of(lk_bytes_of(message, len + 1)).kind, LK_QUESTION_NONE);
    }
}

static void question_takes_no_unknown_group_and_no_explicit_curve(void **state)
{
    (void)state;
    memset(message, 1, 64);
    uint8_t params[] = {3, 0, 22, 1, 4}, explicit_prime[] = {1, 0, 23, 1, 4};
    assert_int_equal(lk_question_of(put(64, params, sizeof params)).kind, LK_QUESTION_NONE);
    assert_int_equal(lk_question_of(put(64, explicit_prime, sizeof explicit_prime)).kind, LK_QUESTION_NONE);
}

static void question_knows_dhe_params(void **state)
{
    (void)state;
    memset(message, 1, sizeof message);
    struct lk_writer w = lk_writer_of(message + 64, sizeof message - 64);
    uint8_t number[256] = {0xff};
    lk_writer_vec16(&w, lk_bytes_of(number, 256));
    lk_writer_vec16(&w, lk_bytes_of(number, 1));
    lk_writer_vec16(&w, lk_bytes_of(number, 256));
    struct lk_question q = lk_question_of(lk_bytes_of(message, 64 + w.len));
    assert_int_equal(q.kind, LK_QUESTION_SKE);
    assert_true(q.dhe);
    assert_int_equal(lk_question_of(lk_bytes_of(message, 64 + w.len - 1)).kind, LK_QUESTION_NONE);
}

/* Text that somebody may want signed. */
static void question_takes_no_text_and_no_certificate_request(void **state)
{
    (void)state;
    static const char token[] = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ";
    assert_int_equal(lk_question_of(lk_bytes_of(token, sizeof token - 1)).kind, LK_QUESTION_NONE);
    memset(message, 0x30, 600);
    message[1] = 0x82;
    assert_int_equal(lk_question_of(lk_bytes_of(message, 600)).kind, LK_QUESTION_NONE);
    assert_int_equal(lk_question_of(lk_bytes_of(message, 0)).kind, LK_QUESTION_NONE);
}

static void scheme_is_that_of_rfc_8446(void **state)
{
    static const struct {
        enum lk_pkey_kind kind;
        const char *digest;
        enum lk_padding padding;
        uint16_t scheme;
    } rows[] = {
        {LK_PKEY_RSA, "SHA256", LK_PADDING_PKCS1, 0x0401},     {LK_PKEY_RSA, "SHA2-384", LK_PADDING_PKCS1, 0x0501},
        {LK_PKEY_RSA, "sha512", LK_PADDING_PKCS1, 0x0601},     {LK_PKEY_RSA, "SHA2-256", LK_PADDING_PSS, 0x0804},
        {LK_PKEY_RSA, "SHA384", LK_PADDING_PSS, 0x0805},       {LK_PKEY_RSA, "SHA2-512", LK_PADDING_PSS, 0x0806},
        {LK_PKEY_RSA_PSS, "SHA256", LK_PADDING_PSS, 0x0809},   {LK_PKEY_RSA_PSS, "SHA384", LK_PADDING_PSS, 0x080a},
        {LK_PKEY_RSA_PSS, "SHA512", LK_PADDING_PSS, 0x080b},   {LK_PKEY_RSA_PSS, "SHA256", LK_PADDING_PKCS1, 0},
        {LK_PKEY_EC, "SHA256", LK_PADDING_PKCS1, 0x0403},      {LK_PKEY_EC, "SHA384", LK_PADDING_PKCS1, 0x0503},
        {LK_PKEY_EC, "SHA512", LK_PADDING_PKCS1, 0x0603},      {LK_PKEY_ED25519, "", LK_PADDING_PKCS1, 0x0807},
        {LK_PKEY_ED448, NULL, LK_PADDING_PKCS1, 0x0808},       {LK_PKEY_ED25519, "SHA256", LK_PADDING_PKCS1, 0},
        {LK_PKEY_RSA, "", LK_PADDING_PKCS1, 0},                {LK_PKEY_EC, NULL, LK_PADDING_PKCS1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned digest;
        assert_true(lk_digest_find(rows[i].digest, &digest));
        assert_int_equal(lk_scheme_of(rows[i].kind, digest, rows[i].padding), rows[i].scheme);
    }
    unsigned digest;
    static const char *const none[] = {"MD5", "SHA1", "MD5-SHA1", "SHA224", "SHA2-224", "SHA3-256", "SHA2-512/256"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(lk_digest_find(none[i], &digest));
}

/* What begins as a CertificationRequestInfo and fills it; one byte off, it is nothing, or what else it is. */
static void question_knows_certificate_requests(void **state)
{
    (void)state;
    static const uint8_t begins[] = {0x30, 0x81, 0x80, 2, 1, 0, 0x30, 0};
    memset(message, 0, 132);
    put(0, begins, sizeof begins);
    assert_int_equal(lk_question_of(lk_bytes_of(message, 131)).kind, LK_QUESTION_CERT_REQUEST);
    assert_int_equal(lk_question_of(lk_bytes_of(message, 130)).kind, LK_QUESTION_NONE);
    assert_int_equal(lk_question_of(lk_bytes_of(message, 132)).kind, LK_QUESTION_NONE);
    for (size_t i = 0; i < 7; i++) {
        message[i] ^= 1;
        assert_int_equal(lk_question_of(lk_bytes_of(message, 131)).kind, LK_QUESTION_NONE);
        message[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(question_knows_both_certificate_verifies),
        cmocka_unit_test(question_takes_no_other_context),
        cmocka_unit_test(question_cuts_a_server_key_exchange),
        cmocka_unit_test(question_takes_no_unknown_group_and_no_explicit_curve),
        cmocka_unit_test(question_knows_dhe_params),
        cmocka_unit_test(question_takes_no_text_and_no_certificate_request),
        cmocka_unit_test(scheme_is_that_of_rfc_8446),
        cmocka_unit_test(question_knows_certificate_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
