/* Signatures checked in lanes against Wycheproof's: each in both instances, what is not right is
 * never good, and the forms of DER beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "core/base/err.h"
#include "crypto/hash.h"
#include "tests/support/ec_signed.h"
#include "tests/support/vectors.h"

struct scene {
    struct lk_vectors v;
    const struct lk_verify_kernel *ways[LK_VERIFY_WAYS_MAX];
    unsigned count, good, bad, undecided;
};

static bool is_number(const BIGNUM *x)
{
    return !BN_is_negative(x) && BN_num_bytes(x) <= 32;
}

/* Of two numbers of the curve's length, in the one form that each signature has. */
static bool is_readable(struct lk_bytes der)
{
    const unsigned char *at = der.data;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    unsigned char *again = NULL;
    int len = signature != NULL ? i2d_ECDSA_SIG(signature, &again) : -1;
    bool same = len >= 0 && (size_t)len == der.len && memcmp(again, der.data, der.len) == 0 &&
                is_number(ECDSA_SIG_get0_r(signature)) && is_number(ECDSA_SIG_get0_s(signature));
    OPENSSL_free(again);
    ECDSA_SIG_free(signature);
    return same;
}

static void row(struct scene *s, struct lk_ecdsa_check *const *check, const json_t *test)
{
    uint8_t digest[LK_SHA256_BYTES];
    struct lk_bytes message = lk_vectors_hex(&s->v, test, "msg");
    struct lk_bytes signature = lk_vectors_hex(&s->v, test, "sig");
    bool valid = strcmp(lk_vectors_text(test, "result"), "valid") == 0;
    lk_sha256(message.data, message.len, digest);
    for (unsigned i = 0; i < s->count; i++) {
        const struct lk_ecdsa_signed what = {digest, sizeof digest, signature.data, signature.len};
        enum lk_verify word = lk_ecdsa_check_verify(check[i], &what);
        enum lk_verify want = valid ? LK_VERIFY_GOOD : LK_VERIFY_BAD;
        if (valid || word != LK_VERIFY_UNDECIDED) assert_int_equal(word, want);
        s->undecided += word == LK_VERIFY_UNDECIDED && is_readable(signature);
    }
    s->good += valid;
    s->bad += !valid;
}

static void group(struct scene *s, const json_t *of)
{
    struct lk_ecdsa_check *check[LK_VERIFY_WAYS_MAX];
    struct lk_bytes der = lk_vectors_hex(&s->v, of, "publicKeyDer");
    const unsigned char *at = der.data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
    size_t i;
    const json_t *test;
    for (unsigned way = 0; way < s->count; way++) {
        check[way] = lk_ecdsa_check_by(s->ways[way], key);
        assert_non_null(check[way]);
    }
    json_array_foreach(json_object_get(of, "tests"), i, test) row(s, check, test);
    for (unsigned way = 0; way < s->count; way++)
        lk_ecdsa_check_free(check[way]);
    EVP_PKEY_free(key);
}

static void lanes_judge_wycheproofs_p256(void **state)
{
    struct scene s = {0};
    size_t i;
    const json_t *of;
    (void)state;
    if (!lk_vectors_open(&s.v, "wycheproof/ecdsa_secp256r1_sha256_test.json")) skip();
    s.count = lk_verify_ways(&lk_ec_curves[0], s.ways);
    json_array_foreach(lk_vectors_rows(&s.v, "testGroups"), i, of) group(&s, of);
    lk_vectors_close(&s.v);
    printf("%u right, %u wrong, %u undecided\n", s.good, s.bad, s.undecided);
    assert_int_equal(s.good + s.bad, 484);
    assert_true(s.undecided <= 8 * s.count); /* u1 G + u2 Q is infinity, or both are one point */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lanes_judge_wycheproofs_p256)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
