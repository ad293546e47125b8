/* The channel's files to contexts: what is refused, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/base/clock.h"
#include "io/session.h"
#include "tests/support/dtls_client.h"

static struct lk_view_files good_files(void)
{
    return (struct lk_view_files){.certificate = lk_test_pki_file("server.crt"),
                                  .key = lk_test_pki_file("server.key"),
                                  .ca = lk_test_pki_file("ca.crt"),
                                  .crl = lk_test_pki_file("crl.pem")};
}

static void refused(const struct lk_view_files *files, const char *beginning)
{
    for (int kind = LK_SESSION_TLS; kind <= LK_SESSION_DTLS; kind++) {
        char error[256] = "";
        SSL_CTX *ctx = NULL;
        assert_int_equal(
            lk_session_context((enum lk_session_kind)kind, files, &ctx, error, sizeof error),
            LK_ERR_CRYPTO);
        assert_null(ctx);
        error[strlen(beginning)] = '\0';
        assert_string_equal(error, beginning);
    }
}

static void session_contexts_are_made_of_good_files(void **state)
{
    (void)state;
    struct lk_view_files files = good_files();
    for (int kind = LK_SESSION_TLS; kind <= LK_SESSION_DTLS; kind++) {
        char error[256] = "";
        SSL_CTX *ctx = NULL;
        assert_int_equal(
            lk_session_context((enum lk_session_kind)kind, &files, &ctx, error, sizeof error),
            LK_OK);
        assert_string_equal(error, "");
        assert_int_equal(SSL_CTX_get_verify_mode(ctx),
                         SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
        assert_int_equal(SSL_CTX_get_session_cache_mode(ctx), SSL_SESS_CACHE_OFF);
        assert_int_equal(SSL_CTX_get_max_early_data(ctx), 0);
        assert_int_equal(SSL_CTX_get_num_tickets(ctx), 0);
        SSL_CTX_free(ctx);
    }
}

static void session_says_which_file_does_not_serve(void **state)
{
    (void)state;
    struct lk_bytes junk = lk_bytes_of("junk", 4);
    struct lk_view_files files = good_files();
    files.certificate = junk;
    refused(&files, "channel certificate: holds no certificate in PEM");
    files = good_files();
    files.key = junk;
    refused(&files, "channel key: holds no private key in PEM");
    files = good_files();
    files.key = lk_test_pki_file("edge-1.key");
    refused(&files, "channel key: does not belong to the channel certificate");
    files = good_files();
    files.ca = junk;
    refused(&files, "channel ca: holds no certificate in PEM");
    files = good_files();
    files.crl = junk;
    refused(&files, "channel crl: holds no CRL in PEM");
}

static void *read_pem(const char *name, bool key)
{
    struct lk_bytes text = lk_test_pki_file(name);
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
    void *read = key ? (void *)PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
                     : (void *)PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(read);
    return read;
}

static void session_refuses_an_expired_crl(void **state)
{
    (void)state;
    X509 *ca = read_pem("ca.crt", false);
    EVP_PKEY *key = read_pem("ca.key", true);
    X509_CRL *crl = X509_CRL_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
    ASN1_TIME *when = ASN1_TIME_set(NULL, lk_clock_unix_s() - 7200);
    X509_CRL_set1_lastUpdate(crl, when);
    ASN1_TIME_set(when, lk_clock_unix_s() - 3600);
    X509_CRL_set1_nextUpdate(crl, when);
    assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
    BIO *text = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(text, crl);
    char *data = NULL;
    long len = BIO_get_mem_data(text, &data);
    struct lk_view_files files = good_files();
    files.crl = lk_bytes_of(data, (size_t)len);
    refused(&files, "channel crl: has expired");
    BIO_free(text);
    ASN1_TIME_free(when);
    X509_CRL_free(crl);
    EVP_PKEY_free(key);
    X509_free(ca);
}

static int clean(void **state)
{
    (void)state;
    lk_test_pki_gone();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_contexts_are_made_of_good_files),
        cmocka_unit_test(session_says_which_file_does_not_serve),
        cmocka_unit_test(session_refuses_an_expired_crl),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
