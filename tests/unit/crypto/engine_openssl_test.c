/* engine_openssl: rows give what others verify, and an RSA computation that goes wrong gives nothing
 * away. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/crypto.h"
#include "crypto/engine_work.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_check.h"
#include "tests/support/test_keys.h"

/* --- faults --------------------------------------------------------------------------------- */

/* Stands before libcrypto's function of this name: the two halves of a CRT computation, which a test
 * may spoil. The computation without CRT does not come through here. */
static struct {
    int spoil; /* 0 nothing, 1 the p half, 2 the q half, 3 a signature of EdDSA */
    int bit;
    int calls;
} fault;

typedef int halves_fn(BIGNUM *, const BIGNUM *, const BIGNUM *, const BIGNUM *, BN_MONT_CTX *, BIGNUM *,
                      const BIGNUM *, const BIGNUM *, const BIGNUM *, BN_MONT_CTX *, BN_CTX *);

static void flip(BIGNUM *x, int bit)
{
    assert_int_equal(BN_is_bit_set(x, bit) ? BN_clear_bit(x, bit) : BN_set_bit(x, bit), 1);
}

int BN_mod_exp_mont_consttime_x2(BIGNUM *r1, const BIGNUM *a1, const BIGNUM *p1, const BIGNUM *m1,
                                 BN_MONT_CTX *in1, BIGNUM *r2, const BIGNUM *a2, const BIGNUM *p2,
                                 const BIGNUM *m2, BN_MONT_CTX *in2, BN_CTX *ctx)
{
    halves_fn *real;
    void *found = dlsym(RTLD_NEXT, "BN_mod_exp_mont_consttime_x2");
    memcpy(&real, &found, sizeof real);
    int good = real(r1, a1, p1, m1, in1, r2, a2, p2, m2, in2, ctx);
    fault.calls++;
    if (fault.spoil == 1) flip(r1, fault.bit);
    if (fault.spoil == 2) flip(r2, fault.bit);
    return good;
}

/* The same for EdDSA; spoil 3: a bit of each signature. */
int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *signature, size_t *len, const unsigned char *text,
                   size_t text_len)
{
    int (*real)(EVP_MD_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);
    void *found = dlsym(RTLD_NEXT, "EVP_DigestSign");
    memcpy(&real, &found, sizeof real);
    int good = real(ctx, signature, len, text, text_len);
    fault.calls++;
    if (fault.spoil == 3) signature[fault.bit / 8] ^= (unsigned char)(1u << (fault.bit % 8));
    return good;
}

static struct lk_engine_work *work;

static struct lk_engine_key *load(EVP_PKEY *pkey, unsigned workers)
{
    enum lk_key_fault why;
    struct lk_bytes der = lk_test_pkcs8(pkey);
    struct lk_engine_key *key = lk_engine_key_new(der.data, der.len, NULL, workers, &why);
    free((void *)(uintptr_t)der.data);
    assert_non_null(key);
    return key;
}

static void rsa_fault_in_a_half_is_mended_and_told(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    struct lk_engine_key *key = load(pkey, 1);
    uint8_t in[256], want[256], out[256];
    memset(in, 0x77, sizeof in);
    in[0] = 0;
    struct lk_operand operand = {.key = key, .in = in, .in_bytes = 256, .out = want};
    const struct lk_kernel *row = &lk_engine_rows[LK_ROW_RSA2048];
    fault.calls = 0;
    assert_int_equal(row->run(work, &operand, 1), 1);
    assert_int_equal(fault.calls, 1);
    assert_false(operand.recomputed);
    operand.out = out;
    for (int half = 1; half <= 2; half++) {
        for (int bit = 0; bit < 1024; bit += 93) {
            fault.spoil = half;
            fault.bit = bit;
            assert_int_equal(row->run(work, &operand, 1), 1);
            assert_true(operand.recomputed);
            assert_memory_equal(out, want, 256);
        }
    }
    fault.spoil = 0;
    assert_int_equal(row->run(work, &operand, 1), 1);
    assert_false(operand.recomputed);
    lk_engine_key_free(key);
    EVP_PKEY_free(pkey);
}

static void rsa_fault_at_load_refuses_the_key(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    struct lk_bytes der = lk_test_pkcs8(pkey);
    enum lk_key_fault why;
    fault.spoil = 1;
    fault.bit = 5;
    assert_null(lk_engine_key_new(der.data, der.len, NULL, 1, &why));
    assert_int_equal(why, LK_KEY_OPERATION);
    fault.spoil = 0;
    free((void *)(uintptr_t)der.data);
    EVP_PKEY_free(pkey);
}

/* m is a root of c and of no neighbour of c; nor is a number above n a root. */
static void rsa_check_sees_every_bit(void **state)
{
    (void)state;
    static const uint8_t n[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x61,
                                  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x7b};
    static const uint8_t e[3] = {1, 0, 1};
    uint64_t room[4];
    struct lk_rsa_public public;
    lk_rsa_public_init(&public, n, sizeof n, e, sizeof e, room);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *bn = BN_bin2bn(n, sizeof n, NULL), *be = BN_bin2bn(e, sizeof e, NULL), *x = BN_new();
    srand(7);
    for (int round = 0; round < 50; round++) {
        uint8_t m[16], c[16];
        for (size_t i = 0; i < sizeof m; i++)
            m[i] = (uint8_t)(rand() >> 7);
        m[0] &= 0x7f;
        BN_bin2bn(m, sizeof m, x);
        assert_int_equal(BN_mod_exp(x, x, be, bn, ctx), 1);
        assert_int_equal(BN_bn2binpad(x, c, sizeof c), sizeof c);
        assert_true(lk_rsa_result_good(&public, m, c));
        for (int bit = 0; bit < 127; bit++) {
            c[15 - bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(lk_rsa_result_good(&public, m, c));
            c[15 - bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    uint8_t zero[16] = {0};
    assert_true(lk_rsa_result_good(&public, zero, zero));
    assert_false(lk_rsa_result_good(&public, n, zero)); /* n = 0 mod n, but out of range */
    BN_free(bn);
    BN_free(be);
    BN_free(x);
    BN_CTX_free(ctx);
}

/* --- lanes ---------------------------------------------------------------------------------- */

static void rsa_lanes_do_not_depend_on_each_other(void **state)
{
    (void)state;
    EVP_PKEY *small = EVP_RSA_gen(2048), *large = EVP_RSA_gen(2048);
    struct lk_engine_key *keys[2] = {load(small, 1), load(large, 1)};
    uint8_t in[4][256], alone[4][256], out[4][256], none[256];
    struct lk_operand lanes[4];
    memset(none, 0xcc, sizeof none);
    for (size_t i = 0; i < 4; i++) {
        memset(in[i], (int)(0x10 * i + 1), 256);
        in[i][0] = i == 3 ? 0xff : 0; /* lane 3: above n, most likely */
        memset(in[3], 0xff, 256);
        lanes[i] = (struct lk_operand){.key = keys[i % 2], .in = in[i], .in_bytes = 256, .out = alone[i]};
        assert_int_equal(lk_engine_rows[LK_ROW_RSA2048].run(work, &lanes[i], 1), 1);
        lanes[i].out = out[i];
        memset(out[i], 0xcc, 256);
    }
    assert_int_equal(lk_engine_rows[LK_ROW_RSA2048].run(work, lanes, 0xd), 0xd);
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(out[i], i == 1 ? none : alone[i], 256);
    memset(none, 0, sizeof none);
    assert_memory_equal(out[3], none, 256); /* 0^d stands for c >= n */
    for (size_t i = 0; i < 2; i++)
        lk_engine_key_free(keys[i]);
    EVP_PKEY_free(small);
    EVP_PKEY_free(large);
}

static bool verifies(EVP_PKEY *pkey, const char *digest, const uint8_t *sig, size_t len,
                     const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, pkey, NULL), 1);
    bool good = EVP_DigestVerify(ctx, sig, len, (const uint8_t *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static void sign_and_verify(EVP_PKEY *pkey, bool hashed, unsigned hash, struct lk_engine_work *by)
{
    static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
    struct lk_engine_key *key = load(pkey, 2);
    uint8_t digest[64], sig[160], room[2][160];
    struct lk_operand operand = {.key = key, .in_bytes = 4, .in = (const uint8_t *)"text", .out = sig};
    lk_hash(hash, "text", 4, digest);
    if (hashed) {
        operand.in = digest;
        operand.in_bytes = lk_hash_bytes(hash);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lk_engine_rows[lk_engine_key_row(key)].run(by, &operand, 1), 1);
        assert_true(operand.out_bytes <= lk_engine_key_facts(key)->bytes);
        assert_true(verifies(pkey, hashed ? digests[hash] : NULL, sig, operand.out_bytes, "text"));
        assert_false(verifies(pkey, hashed ? digests[hash] : NULL, sig, operand.out_bytes, "next"));
        memcpy(room[i], sig, operand.out_bytes);
    }
    /* ECDSA draws a nonce each time, EdDSA never does. */
    assert_int_equal(memcmp(room[0], room[1], operand.out_bytes) == 0, !hashed);
    lk_engine_key_free(key);
}

static void signatures_verify_elsewhere(void **state)
{
    (void)state;
    static const char *const curves[] = {"P-256", "P-384", "P-521"};
    static const char *const eds[] = {"ED25519", "ED448"};
    struct lk_engine_work *second = lk_engine_work_new(1, true);
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *pkey = EVP_EC_gen(curves[i]);
        for (unsigned hash = 0; hash < 3; hash++)
            sign_and_verify(pkey, true, hash, hash == 0 ? second : work);
        EVP_PKEY_free(pkey);
    }
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, eds[i]);
        sign_and_verify(pkey, false, 0, work);
        sign_and_verify(pkey, false, 0, second);
        EVP_PKEY_free(pkey);
    }
    lk_engine_work_free(second);
}

static int setup(void **state)
{
    (void)state;
    work = lk_engine_work_new(0, false);
    return work == NULL;
}

/* Its nonce is the same for the same text: one wrong signature beside a right one is the key. */
static void eddsa_fault_leaves_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"ED25519", "ED448"};
    static const uint8_t text[] = "client_random, server_random, params";
    for (unsigned i = 0; i < 2; i++) {
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, names[i]);
        struct lk_engine_key *key = load(pkey, 1);
        uint8_t out[256] = {0};
        size_t len = lk_engine_key_facts(key)->bytes;
        unsigned row = (unsigned)lk_engine_key_row(key);
        fault.calls = 0;
        fault.spoil = 3;
        for (fault.bit = 0; fault.bit < (int)(8 * len); fault.bit += 37) {
            struct lk_operand operand = {.key = key, .in = text, .in_bytes = sizeof text, .out = out};
            assert_int_equal(lk_engine_rows[row].run(work, &operand, 1), 0);
            for (size_t j = 0; j < len; j++)
                assert_int_equal(out[j], 0);
        }
        fault.spoil = 0;
        assert_true(fault.calls > 0);
        struct lk_operand operand = {.key = key, .in = text, .in_bytes = sizeof text, .out = out};
        assert_int_equal(lk_engine_rows[row].run(work, &operand, 1), 1);
        lk_engine_key_free(key);
        EVP_PKEY_free(pkey);
    }
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
        cmocka_unit_test(rsa_fault_in_a_half_is_mended_and_told),
        cmocka_unit_test(rsa_fault_at_load_refuses_the_key),
        cmocka_unit_test(eddsa_fault_leaves_nothing),
        cmocka_unit_test(rsa_check_sees_every_bit),
        cmocka_unit_test(rsa_lanes_do_not_depend_on_each_other),
        cmocka_unit_test(signatures_verify_elsewhere),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
