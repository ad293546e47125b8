/* A computation that goes wrong: what leaves the engine then. The linker puts the functions below in
 * the place of the raw private operations (Makefile), so that a fault is a decision of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/crypto.h"
#include "crypto/engine_rsa.h"
#include "crypto/engine_work.h"
#include "tests/support/test_keys.h"

#define K 256

bool __real_lk_rsa_private_raw(struct lk_rsa_private *private, const uint8_t *c, uint8_t *out, size_t k);
bool __wrap_lk_rsa_private_raw(struct lk_rsa_private *private, const uint8_t *c, uint8_t *out, size_t k);
bool __real_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k);
bool __wrap_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k);

/* What the next results get added, modulo n; NULL: nothing. */
static struct {
    const BIGNUM *n, *raw, *plain;
} fault;

static void spoil(uint8_t *out, size_t k, const BIGNUM *by)
{
    if (by == NULL) return;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *x = BN_bin2bn(out, (int)k, NULL);
    assert_true(BN_mod_add(x, x, by, fault.n, ctx));
    assert_int_equal(BN_bn2binpad(x, out, (int)k), k);
    BN_free(x);
    BN_CTX_free(ctx);
}

bool __wrap_lk_rsa_private_raw(struct lk_rsa_private *private, const uint8_t *c, uint8_t *out, size_t k)
{
    if (!__real_lk_rsa_private_raw(private, c, out, k)) return false;
    spoil(out, k, fault.raw);
    return true;
}

bool __wrap_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k)
{
    if (!__real_lk_rsa_private_plain(rsa, c, out, k)) return false;
    spoil(out, k, fault.plain);
    return true;
}

struct bench {
    struct lk_test_rsa numbers;
    struct lk_engine_key *key;
    struct lk_engine_work *work;
    uint8_t c[K], good[K];
    BIGNUM *one;
};

static bool run(struct bench *b, uint8_t out[K], bool *recomputed)
{
    struct lk_operand operand = {.key = b->key, .in = b->c, .in_bytes = K, .out = out};
    bool good = lk_engine_rows[LK_ROW_RSA2048].run(b->work, &operand, 1) == 1;
    *recomputed = operand.recomputed;
    return good;
}

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    *state = b;
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    lk_test_rsa_of(&b->numbers, pkey);
    struct lk_bytes der = lk_test_pkcs8(pkey);
    enum lk_key_fault why;
    b->key = lk_engine_key_new(der.data, der.len, NULL, 1, &why);
    b->work = lk_engine_work_new(0, false);
    b->one = BN_new();
    free((void *)(uintptr_t)der.data);
    EVP_PKEY_free(pkey);
    memset(b->c, 0x35, K);
    b->c[0] = 0;
    bool recomputed;
    fault.n = b->numbers.x[RSA_N];
    if (b->key == NULL || b->work == NULL || b->one == NULL || !BN_one(b->one)) return 1;
    return run(b, b->good, &recomputed) && !recomputed ? 0 : 1;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    fault.n = fault.raw = fault.plain = NULL;
    lk_engine_key_free(b->key);
    lk_engine_work_free(b->work);
    lk_test_rsa_fini(&b->numbers);
    BN_free(b->one);
    free(b);
    return 0;
}

/* Wrong modulo one prime and right modulo the other: the gcd with n is a factor (Boneh, DeMillo, Lipton).
 * A bit anywhere is as good as any other fault. */
static void fault_in_crt_is_computed_again(void **state)
{
    struct bench *b = *state;
    BIGNUM *bit = BN_new();
    for (int i = 0; i < 2 + 64; i++) {
        uint8_t out[K];
        bool recomputed;
        BN_zero(bit);
        assert_true(BN_set_bit(bit, i < 2 ? 0 : 31 * (i - 2)));
        fault.raw = i == 0 ? b->numbers.x[RSA_P] : i == 1 ? b->numbers.x[RSA_Q] : bit;
        assert_true(run(b, out, &recomputed));
        assert_true(recomputed);
        assert_memory_equal(out, b->good, K);
    }
    BN_free(bit);
}

static void fault_that_stays_gives_no_byte(void **state)
{
    struct bench *b = *state;
    uint8_t out[K], zeros[K] = {0};
    bool recomputed;
    fault.raw = b->numbers.x[RSA_Q];
    fault.plain = b->one;
    memset(out, 0xee, K);
    assert_false(run(b, out, &recomputed));
    assert_true(recomputed);
    assert_memory_equal(out, zeros, K);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fault_in_crt_is_computed_again, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(fault_that_stays_gives_no_byte, open_bench, close_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
