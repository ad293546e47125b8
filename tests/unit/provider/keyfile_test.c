#include "tools/provider/keyfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

/* The same file by libcrypto's templates: an independent reader and writer. */
typedef struct {
    ASN1_UTF8STRING *name, *value;
} OPTION;
ASN1_SEQUENCE(OPTION) = {
    ASN1_SIMPLE(OPTION, name, ASN1_UTF8STRING),
    ASN1_SIMPLE(OPTION, value, ASN1_UTF8STRING),
} static_ASN1_SEQUENCE_END(OPTION)
DEFINE_STACK_OF(OPTION)

typedef struct {
    ASN1_INTEGER *version;
    X509_PUBKEY *key;
    ASN1_OCTET_STRING *key_id;
    ASN1_UTF8STRING *agent;
    STACK_OF(OPTION) *options;
} FILE_BY_TEMPLATE;
ASN1_SEQUENCE(FILE_BY_TEMPLATE) = {
    ASN1_SIMPLE(FILE_BY_TEMPLATE, version, ASN1_INTEGER),
    ASN1_SIMPLE(FILE_BY_TEMPLATE, key, X509_PUBKEY),
    ASN1_SIMPLE(FILE_BY_TEMPLATE, key_id, ASN1_OCTET_STRING),
    ASN1_SIMPLE(FILE_BY_TEMPLATE, agent, ASN1_UTF8STRING),
    ASN1_SEQUENCE_OF(FILE_BY_TEMPLATE, options, OPTION),
} static_ASN1_SEQUENCE_END(FILE_BY_TEMPLATE)

struct world {
    uint8_t *spki;
    size_t spki_len;
    uint8_t der[LK_KEYFILE_BYTES_MAX];
    struct lk_keyfile file;
    struct lk_writer w;
};

static int begin(void **state)
{
    static struct world world;
    world = (struct world){0};
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    int len = i2d_PUBKEY(pkey, &world.spki);
    EVP_PKEY_free(pkey);
    assert_true(len > 0);
    world.spki_len = (size_t)len;
    lk_keyfile_init(&world.file, lk_bytes_of(world.spki, world.spki_len));
    world.w = lk_writer_of(world.der, sizeof world.der);
    *state = &world;
    return 0;
}

static int end(void **state)
{
    OPENSSL_free(((struct world *)*state)->spki);
    return 0;
}

static struct lk_bytes text(const char *t)
{
    return lk_bytes_of(t, strlen(t));
}

static struct lk_bytes der_of(const struct world *world)
{
    assert_false(world->w.bad);
    return lk_bytes_of(world->der, world->w.len);
}

static void assert_text(struct lk_bytes bytes, const ASN1_STRING *s)
{
    assert_int_equal(bytes.len, ASN1_STRING_length(s));
    assert_memory_equal(bytes.data, ASN1_STRING_get0_data(s), bytes.len);
}

static FILE_BY_TEMPLATE *by_template(struct lk_bytes der)
{
    const unsigned char *at = der.data;
    FILE_BY_TEMPLATE *t = (FILE_BY_TEMPLATE *)ASN1_item_d2i(NULL, &at, (long)der.len, ASN1_ITEM_rptr(FILE_BY_TEMPLATE));
    assert_non_null(t);
    assert_ptr_equal(at, der.data + der.len);
    return t;
}

static void keyfile_is_what_asn1_templates_read(void **state)
{
    struct world *world = *state;
    world->file.agent = text("@lurk-agent");
    world->file.mode = LK_KEYFILE_MODE_SIGN;
    world->file.fallback = LK_KEYFILE_FALLBACK_REFUSE;
    world->file.verify = LK_KEYFILE_VERIFY_SAMPLE;
    lk_keyfile_write(&world->w, &world->file);
    FILE_BY_TEMPLATE *t = by_template(der_of(world));
    assert_int_equal(ASN1_INTEGER_get(t->version), 1);
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(world->spki, world->spki_len, digest);
    assert_text(lk_bytes_of(digest, sizeof digest), t->key_id);
    assert_text(text("@lurk-agent"), t->agent);
    assert_int_equal(sk_OPTION_num(t->options), 3);
    assert_text(text("mode"), sk_OPTION_value(t->options, 0)->name);
    assert_text(text("sign"), sk_OPTION_value(t->options, 0)->value);
    assert_text(text("fallback"), sk_OPTION_value(t->options, 1)->name);
    assert_text(text("refuse"), sk_OPTION_value(t->options, 1)->value);
    assert_text(text("verify"), sk_OPTION_value(t->options, 2)->name);
    assert_text(text("sample"), sk_OPTION_value(t->options, 2)->value);
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(t->key, &spki);
    assert_int_equal(len, world->spki_len);
    assert_memory_equal(spki, world->spki, world->spki_len);
    OPENSSL_free(spki);
    ASN1_item_free((ASN1_VALUE *)t, ASN1_ITEM_rptr(FILE_BY_TEMPLATE));
}

/* And what they write is read. */
static void keyfile_reads_what_asn1_templates_write(void **state)
{
    struct world *world = *state;
    lk_keyfile_write(&world->w, &world->file);
    FILE_BY_TEMPLATE *t = by_template(der_of(world));
    ASN1_STRING_set(t->agent, "/run/lurk/agent.sock", -1);
    OPTION *option = (OPTION *)ASN1_item_new(ASN1_ITEM_rptr(OPTION));
    ASN1_STRING_set(option->name, "mode", -1);
    ASN1_STRING_set(option->value, "full", -1);
    assert_true(sk_OPTION_push(t->options, option));
    uint8_t *der = NULL;
    int len = ASN1_item_i2d((ASN1_VALUE *)t, &der, ASN1_ITEM_rptr(FILE_BY_TEMPLATE));
    struct lk_keyfile read;
    char why[LK_KEYFILE_WHY_BYTES];
    assert_int_equal(lk_keyfile_parse(lk_bytes_of(der, (size_t)len), &read, why), LK_OK);
    assert_true(lk_bytes_equal(read.agent, text("/run/lurk/agent.sock")));
    assert_int_equal(read.mode, LK_KEYFILE_MODE_FULL);
    assert_int_equal(read.fallback, LK_KEYFILE_FALLBACK_NONE);
    assert_true(lk_bytes_equal(read.spki, world->file.spki));
    OPENSSL_free(der);
    ASN1_item_free((ASN1_VALUE *)t, ASN1_ITEM_rptr(FILE_BY_TEMPLATE));
}

static lk_err parse(struct lk_bytes der, const char *say)
{
    struct lk_keyfile file;
    char why[LK_KEYFILE_WHY_BYTES];
    lk_err err = lk_keyfile_parse(der, &file, why);
    if (err < 0 && strstr(why, say) == NULL) fail_msg("says \"%s\", not \"%s\"", why, say);
    return err;
}

static void keyfile_cut_or_longer_is_refused(void **state)
{
    struct world *world = *state;
    world->file.mode = LK_KEYFILE_MODE_FULL;
    lk_keyfile_write(&world->w, &world->file);
    for (size_t len = 0; len < world->w.len; len++)
        assert_int_equal(parse(lk_bytes_of(world->der, len), ""), LK_ERR_FORMAT);
    world->der[world->w.len] = 0;
    assert_int_equal(parse(lk_bytes_of(world->der, world->w.len + 1), "more follows"), LK_ERR_FORMAT);
}

static void keyfile_with_another_keys_id_is_refused(void **state)
{
    struct world *world = *state;
    world->file.key_id[31] ^= 1;
    lk_keyfile_write(&world->w, &world->file);
    assert_int_equal(parse(der_of(world), "key id is not that"), LK_ERR_KEY);
}

static void keyfile_of_another_version_names_it(void **state)
{
    struct world *world = *state;
    lk_keyfile_write(&world->w, &world->file);
    uint8_t *version = world->der + (world->der[1] < 0x80 ? 4 : world->der[1] == 0x81 ? 5 : 6);
    assert_int_equal(*version, 1);
    *version = 2;
    assert_int_equal(parse(der_of(world), "version 2"), LK_ERR_UNKNOWN);
    assert_true(lk_keyfile_is(der_of(world)));
}

/* Changes one text of the file to another of its length. */
static void replace(struct world *world, const char *from, const char *to)
{
    uint8_t *at = memmem(world->der, world->w.len, from, strlen(from));
    assert_non_null(at);
    memcpy(at, to, strlen(from));
}

static void keyfile_options_that_are_not_known_are_refused(void **state)
{
    static const struct {
        const char *from, *to, *say;
        lk_err err;
    } rows[] = {
        {"mode", "moda", "'moda'", LK_ERR_UNKNOWN},
        {"mode", "mo\ne", "'?'", LK_ERR_UNKNOWN},
        {"full", "FULL", "neither 'full' nor 'sign'", LK_ERR_UNKNOWN},
        {"sign", "sigh", "neither 'refuse' nor 'sign'", LK_ERR_UNKNOWN},
        {"@abc", "abcd", "agent", LK_ERR_FORMAT},
        {"@abc", "@a\nc", "agent", LK_ERR_FORMAT},
        {"@abc", "/a\0c", "agent", LK_ERR_FORMAT},
    };
    struct world *world = *state;
    world->file.agent = text("@abc");
    world->file.mode = LK_KEYFILE_MODE_FULL;
    world->file.fallback = LK_KEYFILE_FALLBACK_SIGN;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world->w = lk_writer_of(world->der, sizeof world->der);
        lk_keyfile_write(&world->w, &world->file);
        assert_int_equal(parse(der_of(world), ""), LK_OK);
        replace(world, rows[i].from, rows[i].to);
        assert_int_equal(parse(der_of(world), rows[i].say), rows[i].err);
    }
}

static void keyfile_option_twice_is_refused(void **state)
{
    struct world *world = *state;
    world->file.mode = LK_KEYFILE_MODE_FULL;
    lk_keyfile_write(&world->w, &world->file);
    FILE_BY_TEMPLATE *t = by_template(der_of(world));
    OPTION *option = (OPTION *)ASN1_item_new(ASN1_ITEM_rptr(OPTION));
    ASN1_STRING_set(option->name, "mode", -1);
    ASN1_STRING_set(option->value, "full", -1);
    assert_true(sk_OPTION_push(t->options, option));
    uint8_t *der = NULL;
    int len = ASN1_item_i2d((ASN1_VALUE *)t, &der, ASN1_ITEM_rptr(FILE_BY_TEMPLATE));
    assert_int_equal(parse(lk_bytes_of(der, (size_t)len), "twice"), LK_ERR_FORMAT);
    OPENSSL_free(der);
    ASN1_item_free((ASN1_VALUE *)t, ASN1_ITEM_rptr(FILE_BY_TEMPLATE));
}

/* Keys of others go by the same labels; the decoder may take none of them. */
static void keyfile_is_not_another_key(void **state)
{
    (void)state;
    static const char *const kinds[] = {"RSA", "EC", "ED25519", "X25519"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        EVP_PKEY *pkey = i == 0   ? EVP_RSA_gen(1024)
                         : i == 1 ? EVP_EC_gen("P-256")
                                  : EVP_PKEY_Q_keygen(NULL, NULL, kinds[i]);
        PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
        uint8_t *der[3] = {NULL};
        int len[3] = {i2d_PKCS8_PRIV_KEY_INFO(p8, &der[0]), i2d_PUBKEY(pkey, &der[1]),
                      i < 2 ? i2d_PrivateKey(pkey, &der[2]) : 0};
        for (int k = 0; k < 3; k++) {
            if (len[k] > 0) assert_false(lk_keyfile_is(lk_bytes_of(der[k], (size_t)len[k])));
            OPENSSL_free(der[k]);
        }
        PKCS8_PRIV_KEY_INFO_free(p8);
        EVP_PKEY_free(pkey);
    }
}

static void keyfile_pem_goes_both_ways(void **state)
{
    static const char *const labels[] = {LK_KEYFILE_LABEL, LK_KEYFILE_LABEL_STANDARD};
    struct world *world = *state;
    lk_keyfile_write(&world->w, &world->file);
    for (size_t i = 0; i < 2; i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        assert_true(lk_keyfile_pem_write(bio, &world->file, labels[i]));
        uint8_t *der;
        size_t len;
        assert_true(lk_keyfile_pem_read(bio, &der, &len));
        assert_true(lk_bytes_equal(lk_bytes_of(der, len), der_of(world)));
        OPENSSL_free(der);
        assert_false(lk_keyfile_pem_read(bio, &der, &len));
        assert_null(der);
        BIO_free(bio);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* A bundle: what is not ours is passed over, one block a call, and leaves no error. */
static void keyfile_pem_passes_over_what_is_not_ours(void **state)
{
    struct world *world = *state;
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    assert_true(PEM_write_bio_PUBKEY(bio, pkey));
    assert_true(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL));
    assert_true(lk_keyfile_pem_write(bio, &world->file, LK_KEYFILE_LABEL));
    ERR_clear_error();
    uint8_t *der;
    size_t len;
    for (int i = 0; i < 2; i++) {
        assert_true(lk_keyfile_pem_read(bio, &der, &len));
        assert_null(der);
    }
    assert_true(lk_keyfile_pem_read(bio, &der, &len));
    assert_non_null(der);
    assert_int_equal(ERR_peek_error(), 0);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(keyfile_is_what_asn1_templates_read),
        T(keyfile_reads_what_asn1_templates_write),
        T(keyfile_cut_or_longer_is_refused),
        T(keyfile_with_another_keys_id_is_refused),
        T(keyfile_of_another_version_names_it),
        T(keyfile_options_that_are_not_known_are_refused),
        T(keyfile_option_twice_is_refused),
        T(keyfile_is_not_another_key),
        T(keyfile_pem_goes_both_ways),
        T(keyfile_pem_passes_over_what_is_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
