/* The RSA rows and what stands around them, against published and project vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/crypto.h"
#include "crypto/engine_work.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_pad.h"
#include "tests/support/test_keys.h"
#include "tests/support/vectors.h"

static struct lk_engine_work *work;

static struct lk_engine_key *load(struct lk_bytes der)
{
    enum lk_key_fault fault;
    struct lk_engine_key *key = lk_engine_key_new(der.data, der.len, NULL, 1, &fault);
    if (key == NULL) print_error("%s\n", lk_key_fault_text(fault));
    assert_non_null(key);
    return key;
}

static struct lk_engine_key *load_numbers(const json_t *row)
{
    struct lk_test_rsa numbers;
    lk_test_rsa_init(&numbers, lk_vectors_text(row, "e"), lk_vectors_text(row, "p"),
                     lk_vectors_text(row, "q"), lk_vectors_text(row, "d"));
    struct lk_bytes der = lk_test_rsa_der(&numbers);
    struct lk_engine_key *key = load(der);
    free((void *)(uintptr_t)der.data);
    lk_test_rsa_fini(&numbers);
    return key;
}

static bool run(const struct lk_engine_key *key, const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    struct lk_operand operand = {.key = key, .in = in, .in_bytes = in_bytes, .out = out};
    bool good = lk_engine_rows[lk_engine_key_row(key)].run(work, &operand, 1) == 1;
    assert_int_equal(operand.out_bytes, lk_engine_key_facts(key)->bytes);
    assert_false(operand.recomputed);
    return good;
}

/* out^e = in by OpenSSL's own public operation. */
static void assert_root(const struct lk_engine_key *key, const uint8_t *in, const uint8_t *out)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(key);
    const uint8_t *spki = facts->spki;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &spki, (long)facts->spki_bytes);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(public, NULL);
    uint8_t back[1024];
    size_t len = sizeof back;
    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, back, &len, out, facts->bytes), 1);
    assert_memory_equal(back, in, facts->bytes);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(public);
}

static void primitive_row(struct lk_vectors *v, const json_t *row, const char *in_field,
                          const char *out_field)
{
    struct lk_engine_key *key = load_numbers(row);
    struct lk_bytes in = lk_vectors_hex(v, row, in_field);
    const json_t *expected = json_object_get(row, "expected");
    size_t k = lk_engine_key_facts(key)->bytes;
    uint8_t out[1024], zeros[1024] = {0};
    assert_int_equal(in.len, k);
    assert_true(run(key, in.data, k, out));
    if (memcmp(in.data, lk_engine_key_modulus(key), k) >= 0)
        assert_memory_equal(out, zeros, k);
    else
        assert_root(key, in.data, out);
    if (json_is_true(json_object_get(expected, "testPassed")))
        assert_memory_equal(out, lk_vectors_hex(v, expected, out_field).data, k);
    lk_engine_key_free(key);
}

static void primitive(const char *file, const char *in_field, const char *out_field)
{
    struct lk_vectors v;
    if (!lk_vectors_open(&v, file)) skip();
    const json_t *rows = lk_vectors_rows(&v, "tests");
    for (size_t i = 0; i < json_array_size(rows); i++)
        primitive_row(&v, json_array_get(rows, i), in_field, out_field);
    lk_vectors_close(&v);
}

static void rsa_row_is_the_acvp_signature_primitive(void **state)
{
    (void)state;
    primitive("nist/acvp_rsa_sign_primitive.json", "message", "signature");
}

static void rsa_row_is_the_acvp_decryption_primitive(void **state)
{
    (void)state;
    primitive("nist/acvp_rsa_decrypt_primitive.json", "ct", "pt");
}

/* --- premaster ------------------------------------------------------------------------------ */

static void premaster_of(const struct lk_engine_key *key, struct lk_bytes c, bool tls, uint8_t *out)
{
    uint8_t m[1024];
    assert_true(run(key, c.data, c.len, m));
    lk_rsa_premaster(m, c.data, lk_engine_key_modulus(key), c.len, lk_engine_key_d_hash(key),
                     tls ? LK_PREMASTER_TLS : LK_PREMASTER_DTLS, out);
}

static void premaster_row(struct lk_vectors *v, const struct lk_engine_key *key, const json_t *row)
{
    struct lk_bytes c = lk_vectors_hex(v, row, "ct");
    const char *result = lk_vectors_text(row, "result");
    bool tls = strcmp(lk_vectors_text(row, "client_version"), "0303") == 0;
    uint8_t first[48], again[48];
    if (c.len != lk_engine_key_facts(key)->bytes) {
        assert_string_equal(result, "refuse"); /* by its length, before any key is touched */
        return;
    }
    assert_string_not_equal(result, "refuse");
    premaster_of(key, c, tls, first);
    for (int i = 0; i < 3; i++) {
        premaster_of(key, c, tls, again);
        assert_memory_equal(first, again, 48);
    }
    assert_int_equal(first[0], tls ? 3 : 0xfe);
    assert_int_equal(first[1], tls ? 3 : 0xfd);
    if (strcmp(result, "valid") == 0) {
        assert_memory_equal(first, lk_vectors_hex(v, row, "pms").data, 48);
        return;
    }
    premaster_of(key, c, !tls, again);
    assert_memory_not_equal(first + 2, again + 2, 46); /* two versions, two stand-ins */
}

static void premaster_is_as_the_vectors_say(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "tls12/rsa_premaster.json")) skip();
    const json_t *keys = lk_vectors_rows(&v, "keys"), *rows = lk_vectors_rows(&v, "tests");
    size_t done = 0;
    for (size_t k = 0; k < json_array_size(keys); k++) {
        const json_t *key_row = json_array_get(keys, k);
        struct lk_engine_key *key = load_numbers(key_row);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *row = json_array_get(rows, i);
            if (strcmp(lk_vectors_text(row, "key"), lk_vectors_text(key_row, "name")) != 0) continue;
            premaster_row(&v, key, row);
            done++;
        }
        lk_engine_key_free(key);
    }
    assert_int_equal(done, 186);
    lk_vectors_close(&v);
}

/* The stand-in by its formula, computed with other code: HMAC of OpenSSL's one-shot face. */
static void mac(const uint8_t *key, const uint8_t *text, size_t len, uint8_t *out)
{
    size_t written;
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, 32, text, len, out, 32, &written));
}

static void premaster_stand_in_follows_the_formula(void **state)
{
    (void)state;
    uint8_t m[256] = {0}, c[256], n[256], d_hash[32], kdk[32], p[2][32], want[48], got[48];
    memset(c, 0x11, sizeof c);
    memset(n, 0xff, sizeof n);
    memset(d_hash, 0x22, sizeof d_hash);
    static const char *const labels[] = {"premaster", "premaster dtls"};
    static const uint8_t versions[2][2] = {{3, 3}, {0xfe, 0xfd}};
    mac(d_hash, c, sizeof c, kdk);
    for (unsigned dtls = 0; dtls < 2; dtls++) {
        for (uint8_t i = 0; i < 2; i++) {
            uint8_t text[32] = {0, i};
            size_t len = strlen(labels[dtls]);
            memcpy(text + 2, labels[dtls], len);
            text[2 + len] = 1;
            text[3 + len] = 0x70;
            mac(kdk, text, len + 4, p[i]);
        }
        memcpy(want, versions[dtls], 2);
        memcpy(want + 2, p, 46);
        lk_rsa_premaster(m, c, n, sizeof m, d_hash, dtls ? LK_PREMASTER_DTLS : LK_PREMASTER_TLS, got);
        assert_memory_equal(got, want, 48);
    }
    lk_rsa_premaster(m, c, n, sizeof m, d_hash, LK_PREMASTER_BOTH, got);
    assert_int_equal(got[0] << 8 | got[1], 0x0303);
}

/* Each byte that decides is wrong once; each version set meets each version. */
static void premaster_needs_every_byte_right(void **state)
{
    (void)state;
    uint8_t m[256], c[256] = {1}, n[256], d_hash[32] = {0}, got[48];
    memset(n, 0xff, sizeof n);
    memset(m, 0x44, sizeof m);
    m[0] = 0;
    m[1] = 2;
    m[207] = 0;
    m[208] = m[209] = 3;
    lk_rsa_premaster(m, c, n, sizeof m, d_hash, LK_PREMASTER_BOTH, got);
    assert_memory_equal(got, m + 208, 48);
    for (size_t i = 0; i < 210; i++) {
        uint8_t kept = m[i];
        m[i] = i >= 2 && i < 207 ? 0 : (uint8_t)(kept ^ 0x80);
        lk_rsa_premaster(m, c, n, sizeof m, d_hash, LK_PREMASTER_BOTH, got);
        assert_memory_not_equal(got + 2, m + 210, 46);
        m[i] = kept;
    }
    lk_rsa_premaster(m, c, n, sizeof m, d_hash, LK_PREMASTER_DTLS, got);
    assert_memory_not_equal(got, m + 208, 48);
    memcpy(c, n, sizeof c); /* c = n is out of range, n - 1 is not */
    lk_rsa_premaster(m, c, n, sizeof m, d_hash, LK_PREMASTER_TLS, got);
    assert_memory_not_equal(got, m + 208, 48);
    c[255] = 0xfe;
    lk_rsa_premaster(m, c, n, sizeof m, d_hash, LK_PREMASTER_TLS, got);
    assert_memory_equal(got, m + 208, 48);
}

/* --- signatures ----------------------------------------------------------------------------- */

static const char *const hash_names[] = {"SHA256", "SHA384", "SHA512"};

static void verify(const struct lk_engine_key *key, unsigned hash, bool pss, const uint8_t *sig)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(key);
    const uint8_t *spki = facts->spki;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &spki, (long)facts->spki_bytes);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &pctx, hash_names[hash], NULL, NULL, public, NULL), 1);
    if (pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_DigestVerify(ctx, sig, facts->bytes, (const uint8_t *)"text", 4), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
}

static void signatures_verify(const struct lk_engine_key *key)
{
    size_t k = lk_engine_key_facts(key)->bytes;
    uint32_t bits = lk_engine_key_facts(key)->bits;
    uint8_t digest[64], salt[64], em[1024], sig[1024];
    memset(salt, 0x42, sizeof salt);
    for (unsigned hash = 0; hash < 3; hash++) {
        lk_hash(hash, "text", 4, digest);
        assert_true(lk_rsa_pad_pkcs1(hash, digest, em, k));
        assert_true(run(key, em, k, sig));
        verify(key, hash, false, sig);
        assert_true(lk_rsa_pad_pss(hash, digest, salt, bits, em, k));
        assert_true(run(key, em, k, em)); /* in place */
        verify(key, hash, true, em);
    }
}

static void rsa_signatures_verify_elsewhere(void **state)
{
    (void)state;
    static const unsigned bits[] = {2048, 2055, 2056, 3072};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        EVP_PKEY *pkey = EVP_RSA_gen(bits[i]);
        struct lk_bytes der = lk_test_pkcs8(pkey);
        struct lk_engine_key *key = load(der);
        signatures_verify(key);
        lk_engine_key_free(key);
        free((void *)(uintptr_t)der.data);
        EVP_PKEY_free(pkey);
    }
}

/* One of the keys has 2049 bits: its encoding for PSS is a byte shorter than the modulus. */
static void rsa_signatures_of_odd_sizes_verify(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "tls12/rsa_premaster.json")) skip();
    const json_t *keys = lk_vectors_rows(&v, "keys");
    bool odd = false;
    for (size_t i = 0; i < json_array_size(keys); i++) {
        struct lk_engine_key *key = load_numbers(json_array_get(keys, i));
        odd |= lk_engine_key_facts(key)->bits == 2049;
        signatures_verify(key);
        lk_engine_key_free(key);
    }
    assert_true(odd);
    lk_vectors_close(&v);
}

static void rsa_pad_refuses_what_does_not_fit(void **state)
{
    (void)state;
    uint8_t digest[64] = {0}, em[128];
    assert_false(lk_rsa_pad_pkcs1(3, digest, em, 128));
    assert_false(lk_rsa_pad_pkcs1(2, digest, em, 64 + 19 + 10));
    assert_true(lk_rsa_pad_pkcs1(2, digest, em, 64 + 19 + 11));
    assert_false(lk_rsa_pad_pss(2, digest, digest, 1024, em, 128)); /* 130 bytes are needed */
    assert_false(lk_rsa_pad_pss(0, digest, digest, 1024, em, 127));
    assert_true(lk_rsa_pad_pss(0, digest, digest, 1024, em, 128));
}

static unsigned hash_of(const char *name)
{
    static const char *const names[] = {"SHA-256", "SHA-384", "SHA-512"};
    unsigned hash = 0;
    while (hash < 3 && strcmp(name, names[hash]) != 0)
        hash++;
    return hash;
}

static size_t sign_group(struct lk_vectors *v, const json_t *group)
{
    unsigned hash = hash_of(lk_vectors_text(group, "sha"));
    if (hash == 3) return 0;
    enum lk_key_fault fault;
    const char *pem = lk_vectors_text(group, "privateKeyPem");
    struct lk_engine_key *key = lk_engine_key_new(pem, strlen(pem), NULL, 1, &fault);
    if (key == NULL) {
        assert_int_equal(fault, LK_KEY_EXPONENT); /* e = 3 in this file */
        return 0;
    }
    const json_t *tests = json_object_get(group, "tests");
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *row = json_array_get(tests, i);
        struct lk_bytes text = lk_vectors_hex(v, row, "msg"), want = lk_vectors_hex(v, row, "sig");
        uint8_t digest[64], em[512], sig[512];
        lk_hash(hash, text.data, text.len, digest);
        assert_true(lk_rsa_pad_pkcs1(hash, digest, em, want.len));
        assert_true(run(key, em, want.len, sig));
        assert_memory_equal(sig, want.data, want.len);
    }
    lk_engine_key_free(key);
    return json_array_size(tests);
}

static void rsa_pkcs1_signatures_are_wycheproofs(void **state)
{
    (void)state;
    static const char *const files[] = {"wycheproof/rsa_pkcs1_2048_sig_gen_test.json",
                                        "wycheproof/rsa_pkcs1_3072_sig_gen_test.json"};
    for (size_t f = 0; f < 2; f++) {
        struct lk_vectors v;
        size_t done = 0;
        if (!lk_vectors_open(&v, files[f])) skip();
        const json_t *groups = lk_vectors_rows(&v, "testGroups");
        for (size_t i = 0; i < json_array_size(groups); i++)
            done += sign_group(&v, json_array_get(groups, i));
        assert_true(done > 5);
        lk_vectors_close(&v);
    }
}

static int setup(void **state)
{
    (void)state;
    work = lk_engine_work_new(0, false);
    return work == NULL;
}

static int teardown(void **state)
{
    (void)state;
    lk_engine_work_free(work);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_row_is_the_acvp_signature_primitive),
        cmocka_unit_test(rsa_row_is_the_acvp_decryption_primitive),
        cmocka_unit_test(premaster_is_as_the_vectors_say),
        cmocka_unit_test(premaster_stand_in_follows_the_formula),
        cmocka_unit_test(premaster_needs_every_byte_right),
        cmocka_unit_test(rsa_signatures_verify_elsewhere),
        cmocka_unit_test(rsa_signatures_of_odd_sizes_verify),
        cmocka_unit_test(rsa_pad_refuses_what_does_not_fit),
        cmocka_unit_test(rsa_pkcs1_signatures_are_wycheproofs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
