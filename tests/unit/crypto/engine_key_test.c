/* engine_key: every file form of every kind loads to the same key; broken keys are refused, each with
 * its fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/wire/registry.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "tests/support/test_keys.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* the old forms are written here */

static EVP_PKEY *rsa2048; /* one for all tests: making it is the slow part */

static enum lk_key_fault fault_of(const void *text, size_t len, const char *passphrase)
{
    enum lk_key_fault fault = LK_KEY_FAULT_COUNT;
    struct lk_engine_key *key = lk_engine_key_new(text, len, passphrase, 1, &fault);
    assert_int_equal(key == NULL, fault != LK_KEY_GOOD);
    lk_engine_key_free(key);
    return fault;
}

/* The file says 2^31 - 1 rounds; waiting for them would take the better part of an hour. */
static void rounds_without_end_are_refused_at_once(void **state)
{
    (void)state;
    uint8_t file[4096];
    FILE *from = fopen("tests/fuzz/corpus/fuzz_key/pbes2_hours_right.der", "rb");
    assert_non_null(from);
    size_t len = fread(file, 1, sizeof file, from);
    fclose(from);
    assert_int_equal(fault_of(file + 1, len - 1, "sesame"), LK_KEY_COSTLY);
}

static struct lk_engine_key *load(const void *text, size_t len, const char *passphrase)
{
    enum lk_key_fault fault;
    struct lk_engine_key *key = lk_engine_key_new(text, len, passphrase, 2, &fault);
    if (key == NULL) print_error("%s\n", lk_key_fault_text(fault));
    assert_non_null(key);
    return key;
}

/* --- forms ---------------------------------------------------------------------------------- */

static void assert_same_key(const struct lk_engine_key *key, EVP_PKEY *pkey)
{
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(pkey, &spki);
    const struct lk_key_facts *facts = lk_engine_key_facts(key);
    assert_int_equal(facts->spki_bytes, len);
    assert_memory_equal(facts->spki, spki, (size_t)len);
    OPENSSL_free(spki);
}

static void assert_loads(BIO *file, const char *passphrase, EVP_PKEY *pkey)
{
    char *text;
    long len = BIO_get_mem_data(file, &text);
    struct lk_engine_key *key = load(text, (size_t)len, passphrase);
    assert_same_key(key, pkey);
    lk_engine_key_free(key);
    if (passphrase != NULL) {
        assert_int_equal(fault_of(text, (size_t)len, NULL), LK_KEY_PASSPHRASE);
        assert_int_equal(fault_of(text, (size_t)len, "wrong"), LK_KEY_PASSPHRASE);
    }
    for (long cut = 0; cut < len - 30; cut += len / 7)
        assert_int_not_equal(fault_of(text, (size_t)cut, passphrase), LK_KEY_GOOD);
    BIO_free(file);
}

static void pkcs8_forms_load(EVP_PKEY *pkey)
{
    BIO *file = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_loads(file, NULL, pkey);
    file = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS8PrivateKey_bio(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_loads(file, NULL, pkey);
    file = BIO_new(BIO_s_mem());
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(file, pkey, EVP_aes_256_cbc(), "pass", 4, NULL, NULL), 1);
    assert_loads(file, "pass", pkey);
    file = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS8PrivateKey_bio(file, pkey, EVP_aes_128_cbc(), "pass", 4, NULL, NULL), 1);
    assert_loads(file, "pass", pkey);
    PKCS12 *p12 = PKCS12_create("pass", NULL, pkey, NULL, NULL, 0, 0, 0, 0, 0);
    file = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS12_bio(file, p12), 1);
    PKCS12_free(p12);
    assert_loads(file, "pass", pkey);
}

static void traditional_forms_load(EVP_PKEY *pkey)
{
    BIO *file = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_loads(file, NULL, pkey);
    file = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(file, pkey, EVP_aes_128_cbc(),
                                                          (const unsigned char *)"pass", 4, NULL, NULL),
                     1);
    assert_loads(file, "pass", pkey);
    uint8_t *der = NULL;
    int len = i2d_PrivateKey(pkey, &der); /* PKCS#1 or SEC 1 */
    file = BIO_new(BIO_s_mem());
    BIO_write(file, der, len);
    assert_loads(file, NULL, pkey);
    OPENSSL_free(der);
}

static void rsa_key_loads_from_every_form(void **state)
{
    (void)state;
    pkcs8_forms_load(rsa2048);
    traditional_forms_load(rsa2048);
}

static void ec_keys_load_from_every_form(void **state)
{
    (void)state;
    static const char *const curves[] = {"P-256", "P-384", "P-521"};
    static const unsigned bits[] = {256, 384, 521}, bytes[] = {72, 104, 139};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *pkey = EVP_EC_gen(curves[i]);
        pkcs8_forms_load(pkey);
        traditional_forms_load(pkey);
        struct lk_bytes der = lk_test_pkcs8(pkey);
        struct lk_engine_key *key = load(der.data, der.len, NULL);
        assert_int_equal(lk_engine_key_facts(key)->kind, LK_KEY_P256 + i);
        assert_int_equal(lk_engine_key_facts(key)->bits, bits[i]);
        assert_int_equal(lk_engine_key_facts(key)->bytes, bytes[i]);
        assert_int_equal(lk_engine_key_row(key), LK_ROW_P256 + i);
        assert_true(lk_engine_key_primes_good(key));
        lk_engine_key_free(key);
        free((void *)(uintptr_t)der.data);
        EVP_PKEY_free(pkey);
    }
}

static void ed_keys_load(void **state)
{
    (void)state;
    static const char *const names[] = {"ED25519", "ED448"};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, names[i]);
        pkcs8_forms_load(pkey);
        struct lk_bytes der = lk_test_pkcs8(pkey);
        struct lk_engine_key *key = load(der.data, der.len, NULL);
        assert_int_equal(lk_engine_key_facts(key)->kind, LK_KEY_ED25519 + i);
        assert_int_equal(lk_engine_key_facts(key)->bytes, i == 0 ? 64 : 114);
        assert_int_equal(lk_engine_key_row(key), LK_ROW_ED25519 + i);
        lk_engine_key_free(key);
        free((void *)(uintptr_t)der.data);
        EVP_PKEY_free(pkey);
    }
}

static void pss_key_keeps_its_algorithm(void **state)
{
    (void)state;
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, 32), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    struct lk_bytes der = lk_test_pkcs8(pkey);
    struct lk_engine_key *key = load(der.data, der.len, NULL);
    assert_int_equal(lk_engine_key_facts(key)->kind, LK_KEY_RSA_PSS);
    assert_same_key(key, pkey);
    lk_engine_key_free(key);
    free((void *)(uintptr_t)der.data);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
}

struct pss_row {
    const char *hash, *mask; /* NULL: no parameters, or that one left out */
    int salt;
    uint32_t open; /* 0: the key is refused */
};

static EVP_PKEY *pss_key(const struct pss_row *row)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    if (row->hash != NULL) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, EVP_get_digestbyname(row->hash)), 1);
        assert_int_equal(
            EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, EVP_get_digestbyname(row->mask)), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, row->salt), 1);
    }
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* RFC 4055 1.2: the parameters in a key bind what signs with it. */
static void pss_key_keeps_to_its_own_parameters(void **state)
{
    (void)state;
    static const struct pss_row rows[] = {
        {NULL, NULL, 0, UINT32_MAX},
        {"SHA256", "SHA256", 32, 1u << LK_SHA256},
        {"SHA256", "SHA256", 20, 1u << LK_SHA256},
        {"SHA256", "SHA256", 33, 0},
        {"SHA384", "SHA384", 48, 1u << LK_SHA384},
        {"SHA512", "SHA512", 0, 1u << LK_SHA512},
        {"SHA512", "SHA256", 32, 0},
        {"SHA256", "SHA1", 20, 0},
        {"SHA1", "SHA1", 20, 0}, /* in DER: an empty sequence */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EVP_PKEY *pkey = pss_key(&rows[i]);
        struct lk_bytes der = lk_test_pkcs8(pkey);
        enum lk_key_fault fault;
        struct lk_engine_key *key = lk_engine_key_new(der.data, der.len, NULL, 1, &fault);
        if (rows[i].open == 0) {
            assert_null(key);
            assert_int_equal(fault, LK_KEY_PSS_PARAMETERS);
        } else {
            assert_non_null(key);
            assert_int_equal(~lk_engine_key_facts(key)->barred_hashes, rows[i].open);
        }
        lk_engine_key_free(key);
        free((void *)(uintptr_t)der.data);
        EVP_PKEY_free(pkey);
    }
}

static void key_is_found_behind_other_blocks(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO *file = BIO_new(BIO_s_mem());
    BIO_puts(file, "subject=somebody\n");
    assert_int_equal(PEM_write_bio_PUBKEY(file, pkey), 1);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    assert_int_equal(PEM_write_bio_ECPKParameters(file, group), 1);
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
    char *text;
    long len = BIO_get_mem_data(file, &text);
    struct lk_engine_key *key = load(text, (size_t)len, NULL);
    assert_same_key(key, pkey);
    lk_engine_key_free(key);
    BIO_free(file);
    EC_GROUP_free(group);
    EVP_PKEY_free(pkey);
}

static void rsa_facts_are_those_of_the_key(void **state)
{
    (void)state;
    struct lk_test_rsa numbers;
    lk_test_rsa_of(&numbers, rsa2048);
    struct lk_bytes der = lk_test_rsa_der(&numbers);
    struct lk_engine_key *key = load(der.data, der.len, NULL);
    const struct lk_key_facts *facts = lk_engine_key_facts(key);
    uint8_t bytes[256], hash[32];
    assert_int_equal(facts->kind, LK_KEY_RSA);
    assert_int_equal(facts->bits, 2048);
    assert_int_equal(facts->bytes, 256);
    BN_bn2binpad(numbers.x[RSA_N], bytes, 256);
    assert_memory_equal(lk_engine_key_modulus(key), bytes, 256);
    BN_bn2binpad(numbers.x[RSA_D], bytes, 256);
    lk_sha256(bytes, 256, hash);
    assert_memory_equal(lk_engine_key_d_hash(key), hash, 32);
    assert_int_equal(facts->rsa_public_bytes, 270); /* 30 82 010a, 02 82 0101 00 n, 02 03 010001 */
    BN_bn2binpad(numbers.x[RSA_N], bytes, 256);
    assert_memory_equal(facts->rsa_public + 9, bytes, 256);
    assert_true(lk_engine_key_primes_good(key));
    lk_engine_key_free(key);
    free((void *)(uintptr_t)der.data);
    lk_test_rsa_fini(&numbers);
}

/* --- broken keys ---------------------------------------------------------------------------- */

static void swap(struct lk_test_rsa *k, int a, int b)
{
    BIGNUM *kept = k->x[a];
    k->x[a] = k->x[b];
    k->x[b] = kept;
}

static void n_more(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_N], 2); }
static void n_less(struct lk_test_rsa *k) { BN_sub_word(k->x[RSA_N], 2); }
static void n_even(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_N], 1); }
static void n_negative(struct lk_test_rsa *k) { BN_set_negative(k->x[RSA_N], 1); }
static void n_small(struct lk_test_rsa *k) { BN_rshift1(k->x[RSA_N], k->x[RSA_N]); }
static void n_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_N]); }
static void n_large(struct lk_test_rsa *k) { BN_lshift(k->x[RSA_N], k->x[RSA_N], 8193 - 2048); }
static void p_more(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_P], 2); }
static void q_more(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_Q], 2); }
static void p_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_P]); }
static void q_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_Q]); }
static void p_negative(struct lk_test_rsa *k) { BN_set_negative(k->x[RSA_P], 1); }
static void d_more(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_D], 2); }
static void d_less(struct lk_test_rsa *k) { BN_sub_word(k->x[RSA_D], 2); }
static void d_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_D]); }
static void d_one(struct lk_test_rsa *k) { BN_one(k->x[RSA_D]); }
static void d_negative(struct lk_test_rsa *k) { BN_set_negative(k->x[RSA_D], 1); }
static void dp_more(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_DP], 1); }
static void dq_more(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_DQ], 1); }
static void dp_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_DP]); }
static void dq_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_DQ]); }
static void qinv_more(struct lk_test_rsa *k) { BN_add_word(k->x[RSA_QINV], 1); }
static void qinv_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_QINV]); }
static void e_zero(struct lk_test_rsa *k) { BN_zero(k->x[RSA_E]); }
static void e_one(struct lk_test_rsa *k) { BN_one(k->x[RSA_E]); }
static void e_three(struct lk_test_rsa *k) { BN_set_word(k->x[RSA_E], 3); }
static void e_even(struct lk_test_rsa *k) { BN_set_word(k->x[RSA_E], 65538); }
static void e_65535(struct lk_test_rsa *k) { BN_set_word(k->x[RSA_E], 65535); }
static void e_65539(struct lk_test_rsa *k) { BN_set_word(k->x[RSA_E], 65539); }
static void primes_swapped(struct lk_test_rsa *k) { swap(k, RSA_P, RSA_Q); }
static void exponents_swapped(struct lk_test_rsa *k) { swap(k, RSA_DP, RSA_DQ); }

static void e_above_n(struct lk_test_rsa *k)
{
    BN_lshift1(k->x[RSA_E], k->x[RSA_N]);
    BN_add_word(k->x[RSA_E], 1);
}

static void d_above_n(struct lk_test_rsa *k)
{
    BN_lshift(k->x[RSA_D], k->x[RSA_D], 64);
}

static void p_is_n(struct lk_test_rsa *k)
{
    BN_copy(k->x[RSA_P], k->x[RSA_N]);
    BN_one(k->x[RSA_Q]);
    BN_zero(k->x[RSA_DQ]);
}

static void p_is_one(struct lk_test_rsa *k)
{
    BN_copy(k->x[RSA_Q], k->x[RSA_N]);
    BN_one(k->x[RSA_P]);
    BN_zero(k->x[RSA_DP]);
}

/* n = p^2, and all else derived from it in earnest. */
static void p_is_q(struct lk_test_rsa *k)
{
    BN_CTX *ctx = BN_CTX_new();
    BN_copy(k->x[RSA_Q], k->x[RSA_P]);
    BN_sqr(k->x[RSA_N], k->x[RSA_P], ctx);
    BN_copy(k->x[RSA_DQ], k->x[RSA_DP]);
    BN_CTX_free(ctx);
}

static void dp_above_p(struct lk_test_rsa *k)
{
    BN_add(k->x[RSA_DP], k->x[RSA_DP], k->x[RSA_P]);
    BN_sub_word(k->x[RSA_DP], 1); /* equal mod p - 1 */
}

static void qinv_above_p(struct lk_test_rsa *k)
{
    BN_add(k->x[RSA_QINV], k->x[RSA_QINV], k->x[RSA_P]);
}

/* p is a product of two primes, and every equation of the file holds: only using the key shows it. */
static void p_composite(struct lk_test_rsa *k)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *a = BN_new(), *b = BN_new(), *lambda = BN_new();
    do {
        BN_generate_prime_ex(a, 512, 0, NULL, NULL, NULL);
        BN_generate_prime_ex(b, 512, 0, NULL, NULL, NULL);
        BN_mul(k->x[RSA_P], a, b, ctx);
        BN_mul(k->x[RSA_N], k->x[RSA_P], k->x[RSA_Q], ctx);
        BN_sub(a, k->x[RSA_P], BN_value_one());
        BN_sub(b, k->x[RSA_Q], BN_value_one());
        BN_mul(lambda, a, b, ctx);
    } while (BN_num_bits(k->x[RSA_N]) != 2048 ||
             BN_mod_inverse(k->x[RSA_D], k->x[RSA_E], lambda, ctx) == NULL);
    lk_test_rsa_derive(k);
    BN_free(a);
    BN_free(b);
    BN_free(lambda);
    BN_CTX_free(ctx);
}

static const struct {
    const char *name;
    void (*break_it)(struct lk_test_rsa *key);
    enum lk_key_fault fault;
} broken[] = {
    {"n + 2", n_more, LK_KEY_INCONSISTENT},
    {"n - 2", n_less, LK_KEY_INCONSISTENT},
    {"n even", n_even, LK_KEY_INCONSISTENT},
    {"n negative", n_negative, LK_KEY_INCONSISTENT},
    {"n of 2047 bits", n_small, LK_KEY_TOO_SMALL},
    {"n = 0", n_zero, LK_KEY_TOO_SMALL},
    {"n of 8193 bits", n_large, LK_KEY_TOO_LARGE},
    {"p + 2", p_more, LK_KEY_INCONSISTENT},
    {"q + 2", q_more, LK_KEY_INCONSISTENT},
    {"p = 0", p_zero, LK_KEY_INCONSISTENT},
    {"q = 0", q_zero, LK_KEY_INCONSISTENT},
    {"p negative", p_negative, LK_KEY_INCONSISTENT},
    {"p = n, q = 1", p_is_n, LK_KEY_INCONSISTENT},
    {"p = 1, q = n", p_is_one, LK_KEY_INCONSISTENT},
    {"p = q", p_is_q, LK_KEY_INCONSISTENT},
    {"p and q swapped", primes_swapped, LK_KEY_INCONSISTENT},
    {"p composite", p_composite, LK_KEY_OPERATION},
    {"d + 2", d_more, LK_KEY_INCONSISTENT},
    {"d - 2", d_less, LK_KEY_INCONSISTENT},
    {"d = 0", d_zero, LK_KEY_NO_D},
    {"d = 1", d_one, LK_KEY_INCONSISTENT},
    {"d negative", d_negative, LK_KEY_INCONSISTENT},
    {"d above n", d_above_n, LK_KEY_INCONSISTENT},
    {"dp + 1", dp_more, LK_KEY_INCONSISTENT},
    {"dq + 1", dq_more, LK_KEY_INCONSISTENT},
    {"dp = 0", dp_zero, LK_KEY_INCONSISTENT},
    {"dq = 0", dq_zero, LK_KEY_INCONSISTENT},
    {"dp above p", dp_above_p, LK_KEY_INCONSISTENT},
    {"dp and dq swapped", exponents_swapped, LK_KEY_INCONSISTENT},
    {"qinv + 1", qinv_more, LK_KEY_INCONSISTENT},
    {"qinv = 0", qinv_zero, LK_KEY_INCONSISTENT},
    {"qinv above p", qinv_above_p, LK_KEY_INCONSISTENT},
    {"e = 0", e_zero, LK_KEY_EXPONENT},
    {"e = 1", e_one, LK_KEY_EXPONENT},
    {"e = 3", e_three, LK_KEY_EXPONENT},
    {"e = 65535", e_65535, LK_KEY_EXPONENT},
    {"e even", e_even, LK_KEY_EXPONENT},
    {"e above n", e_above_n, LK_KEY_EXPONENT},
    {"e of another key", e_65539, LK_KEY_INCONSISTENT},
};

static void broken_rsa_keys_are_refused_each_with_its_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct lk_test_rsa numbers;
        lk_test_rsa_of(&numbers, rsa2048);
        broken[i].break_it(&numbers);
        struct lk_bytes der = lk_test_rsa_der(&numbers);
        enum lk_key_fault fault = fault_of(der.data, der.len, NULL);
        if (fault != broken[i].fault)
            print_error("%s: %s\n", broken[i].name, lk_key_fault_text(fault));
        assert_int_equal(fault, broken[i].fault);
        free((void *)(uintptr_t)der.data);
        lk_test_rsa_fini(&numbers);
    }
}

static enum lk_key_fault fault_of_pkey(EVP_PKEY *pkey)
{
    assert_non_null(pkey);
    struct lk_bytes der = lk_test_pkcs8(pkey);
    enum lk_key_fault fault = fault_of(der.data, der.len, NULL);
    free((void *)(uintptr_t)der.data);
    EVP_PKEY_free(pkey);
    return fault;
}

static EVP_PKEY *three_primes(void)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, 3), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static void keys_that_are_not_served_are_refused(void **state)
{
    (void)state;
    assert_int_equal(fault_of_pkey(three_primes()), LK_KEY_MULTI_PRIME);
    assert_int_equal(fault_of_pkey(EVP_RSA_gen(1024)), LK_KEY_TOO_SMALL);
    assert_int_equal(fault_of_pkey(EVP_EC_gen("secp256k1")), LK_KEY_KIND_UNKNOWN);
    assert_int_equal(fault_of_pkey(EVP_EC_gen("secp224r1")), LK_KEY_KIND_UNKNOWN);
    assert_int_equal(fault_of_pkey(EVP_EC_gen("brainpoolP256r1")), LK_KEY_KIND_UNKNOWN);
    assert_int_equal(fault_of_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "X25519")), LK_KEY_KIND_UNKNOWN);
    assert_int_equal(fault_of_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "X448")), LK_KEY_KIND_UNKNOWN);
}

/* SEC 1 of P-256 with chosen numbers. */
static enum lk_key_fault fault_of_ec(const BIGNUM *d, bool other_public, int asn1_flag)
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    EC_POINT *public = EC_POINT_new(group);
    EC_POINT_mul(group, public, other_public ? BN_value_one() : d, NULL, NULL, NULL);
    EC_KEY_set_private_key(ec, d);
    EC_KEY_set_public_key(ec, public);
    EC_KEY_set_asn1_flag(ec, asn1_flag);
    uint8_t *der = NULL;
    int len = i2d_ECPrivateKey(ec, &der);
    assert_true(len > 0);
    enum lk_key_fault fault = fault_of(der, (size_t)len, NULL);
    OPENSSL_free(der);
    EC_POINT_free(public);
    EC_KEY_free(ec);
    return fault;
}

static void broken_ec_keys_are_refused(void **state)
{
    (void)state;
    BIGNUM *d = BN_new();
    BN_set_word(d, 123456789);
    assert_int_equal(fault_of_ec(d, false, OPENSSL_EC_NAMED_CURVE), LK_KEY_GOOD);
    assert_int_equal(fault_of_ec(d, true, OPENSSL_EC_NAMED_CURVE), LK_KEY_INCONSISTENT);
    assert_int_equal(fault_of_ec(d, false, OPENSSL_EC_EXPLICIT_CURVE), LK_KEY_KIND_UNKNOWN);
    BN_free(d);
}

static void files_without_a_key_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "x", "0", "30", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAAAAAAAAAA\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(fault_of(texts[i], strlen(texts[i]), NULL), LK_KEY_NOT_A_KEY);
    BIO *file = BIO_new(BIO_s_mem());
    char *text;
    assert_int_equal(PEM_write_bio_PUBKEY(file, rsa2048), 1);
    long len = BIO_get_mem_data(file, &text);
    assert_int_equal(fault_of(text, (size_t)len, NULL), LK_KEY_NOT_A_KEY);
    BIO_free(file);
    struct lk_bytes der = lk_test_pkcs8(rsa2048);
    uint8_t longer[4096];
    memcpy(longer, der.data, der.len);
    longer[der.len] = 0;
    assert_int_equal(fault_of(longer, der.len + 1, NULL), LK_KEY_NOT_A_KEY);
    free((void *)(uintptr_t)der.data);
}

static void every_fault_has_its_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LK_KEY_FAULT_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(lk_key_fault_text((enum lk_key_fault)i),
                                    lk_key_fault_text((enum lk_key_fault)j));
}

static int setup(void **state)
{
    (void)state;
    rsa2048 = EVP_RSA_gen(2048);
    return rsa2048 == NULL;
}

static int teardown(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa2048);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_key_loads_from_every_form),
        cmocka_unit_test(rounds_without_end_are_refused_at_once),
        cmocka_unit_test(ec_keys_load_from_every_form),
        cmocka_unit_test(ed_keys_load),
        cmocka_unit_test(pss_key_keeps_its_algorithm),
        cmocka_unit_test(pss_key_keeps_to_its_own_parameters),
        cmocka_unit_test(key_is_found_behind_other_blocks),
        cmocka_unit_test(rsa_facts_are_those_of_the_key),
        cmocka_unit_test(broken_rsa_keys_are_refused_each_with_its_fault),
        cmocka_unit_test(keys_that_are_not_served_are_refused),
        cmocka_unit_test(broken_ec_keys_are_refused),
        cmocka_unit_test(files_without_a_key_are_refused),
        cmocka_unit_test(every_fault_has_its_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
