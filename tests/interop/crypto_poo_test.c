/* Proofs of ownership: the project's vectors, proofs of our own client half, and points that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "crypto/cpu.h"
#include "crypto/crypto.h"
#include "crypto/engine_poo_batch.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_prove.h"
#include "tests/support/vectors.h"

static const uint16_t groups[] = {23, 24, 25, 29, 30};
static struct lk_engine_work *work;

/* By the library's row, and those of the kernels, which say the same. */
static bool judge(uint16_t group, struct lk_operand *operand)
{
    bool good = lk_engine_rows[lk_poo_row(group)].run(work, operand, 1) == 1;
    static const struct lk_kernel *const rows[LK_POO_CURVE_COUNT][2] = {
        {&lk_poo_p256_row_ref, &lk_poo_p256_row_ifma},
        {&lk_poo_p384_row_ref, &lk_poo_p384_row_ifma},
        [3] = {&lk_poo_x25519_row_ref, &lk_poo_x25519_row_ifma}};
    unsigned curve = lk_poo_curve_find(group);
    uint32_t features = 0;
    (void)lk_cpu_features(&features);
    size_t count = (features >> LK_CPU_IFMA & 1) != 0 ? 2 : 1;
    for (size_t i = 0; rows[curve][0] != NULL && i < count; i++) {
        struct lk_operand again = *operand;
        assert_int_equal(rows[curve][i]->run(work, &again, 1) == 1, good);
        assert_int_equal(again.point_bad, operand->point_bad);
        assert_false(again.recomputed);
    }
    return good;
}

/* A proof whose every byte a test may change. */
struct proof {
    uint16_t group;
    uint8_t b[66], v[66], r[66], bg[133], vg[133], c[32];
    size_t point_bytes, scalar_bytes, c_bytes;
};

static bool accepted(const struct proof *proof, bool *point_bad)
{
    struct lk_operand operand = {.in = proof->bg, .in_bytes = proof->point_bytes,
                                 .poo_point = proof->vg, .poo_r = proof->r,
                                 .poo_challenge = proof->c, .poo_challenge_bytes = proof->c_bytes};
    bool good = judge(proof->group, &operand);
    *point_bad = operand.point_bad;
    return good;
}

static void assert_verdict(const struct proof *proof, bool good, bool bad_point)
{
    bool point_bad;
    assert_int_equal(accepted(proof, &point_bad), good);
    assert_int_equal(point_bad, bad_point);
}

static void take(struct lk_vectors *v, const json_t *row, const char *field, uint8_t *to, size_t *len)
{
    struct lk_bytes bytes = lk_vectors_hex(v, row, field);
    memcpy(to, bytes.data, bytes.len);
    if (len != NULL) *len = bytes.len;
}

static void read_proof(struct lk_vectors *v, const json_t *row, struct proof *proof)
{
    memset(proof, 0, sizeof *proof);
    proof->group = (uint16_t)json_integer_value(json_object_get(row, "group"));
    take(v, row, "private_b", proof->b, NULL);
    take(v, row, "v", proof->v, NULL);
    take(v, row, "bG", proof->bg, &proof->point_bytes);
    take(v, row, "vG", proof->vg, NULL);
    take(v, row, "r", proof->r, &proof->scalar_bytes);
    take(v, row, "c", proof->c, &proof->c_bytes);
    if (proof->group < 29) return;
    for (size_t i = 0; i < proof->scalar_bytes / 2; i++) { /* TLS keeps this scalar the other way round */
        uint8_t kept = proof->b[i];
        proof->b[i] = proof->b[proof->scalar_bytes - 1 - i];
        proof->b[proof->scalar_bytes - 1 - i] = kept;
    }
}

/* Any change of r, c or vG breaks the equation; bG too, or it is no point any more. */
static void every_change_is_refused(struct proof *proof)
{
    bool nist = proof->group < 29, point_bad;
    struct {
        uint8_t *at;
        size_t len;
    } parts[] = {{proof->r, proof->scalar_bytes},
                 {proof->c, proof->c_bytes},
                 {proof->vg, proof->point_bytes},
                 {proof->bg, proof->point_bytes}};
    for (size_t p = 0; p < 4; p++) {
        for (size_t i = 0; i < parts[p].len; i += i < 2 ? 1 : 3) {
            parts[p].at[i] ^= 1;
            assert_false(accepted(proof, &point_bad));
            assert_int_equal(point_bad, nist && p >= 2);
            parts[p].at[i] ^= 1;
        }
    }
    assert_verdict(proof, true, false);
}

static void poo_vectors_hold_and_no_byte_is_free(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    const json_t *rows = lk_vectors_rows(&v, "poo");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct proof proof;
        read_proof(&v, json_array_get(rows, i), &proof);
        assert_verdict(&proof, true, false);
        every_change_is_refused(&proof);
    }
    assert_int_equal(json_array_size(rows), 10);
    lk_vectors_close(&v);
}

static void prover_computes_the_vectors(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    const json_t *rows = lk_vectors_rows(&v, "poo");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct proof proof;
        uint8_t point[133], r[66];
        read_proof(&v, json_array_get(rows, i), &proof);
        struct lk_poo_prover *prover = lk_poo_prover_new(proof.group, NULL);
        assert_int_equal(lk_poo_prover_point_bytes(prover), proof.point_bytes);
        assert_int_equal(lk_poo_prover_scalar_bytes(prover), proof.scalar_bytes);
        assert_true(lk_poo_multiply(prover, proof.b, point));
        assert_memory_equal(point, proof.bg, proof.point_bytes);
        assert_true(lk_poo_multiply(prover, proof.v, point));
        assert_memory_equal(point, proof.vg, proof.point_bytes);
        lk_poo_answer(prover, proof.b, proof.v, proof.c, proof.c_bytes, r);
        assert_memory_equal(r, proof.r, proof.scalar_bytes);
        lk_poo_prover_free(prover);
    }
    lk_vectors_close(&v);
}

static void make_proof(uint16_t group, struct proof *proof)
{
    struct lk_poo_prover *prover = lk_poo_prover_new(group, NULL);
    *proof = (struct proof){.group = group, .c_bytes = 16};
    proof->point_bytes = lk_poo_prover_point_bytes(prover);
    proof->scalar_bytes = lk_poo_prover_scalar_bytes(prover);
    assert_true(lk_poo_key_make(prover, proof->b, proof->bg));
    assert_true(lk_poo_commit(prover, proof->v, proof->vg));
    memset(proof->c, (int)proof->b[20] | 1, sizeof proof->c); /* never zero, which any key fits */
    lk_poo_answer(prover, proof->b, proof->v, proof->c, proof->c_bytes, proof->r);
    lk_poo_prover_free(prover);
}

static void fresh_proofs_are_accepted(void **state)
{
    (void)state;
    for (size_t g = 0; g < 5; g++) {
        struct proof first, second;
        make_proof(groups[g], &first);
        make_proof(groups[g], &second);
        assert_verdict(&first, true, false);
        assert_verdict(&second, true, false);
        assert_memory_not_equal(first.bg, second.bg, first.point_bytes);
        assert_memory_not_equal(first.vg, second.vg, first.point_bytes);
        memcpy(first.bg, second.bg, sizeof first.bg); /* somebody else's key */
        assert_verdict(&first, false, false);
    }
}

/* The key TLS itself would use: OpenSSL's X25519 and X448 of the same scalar. */
static void key_of_the_prover_is_a_key_of_tls(void **state)
{
    (void)state;
    for (size_t g = 3; g < 5; g++) {
        struct proof proof;
        make_proof(groups[g], &proof);
        uint8_t little[66], public[66];
        size_t len = proof.scalar_bytes;
        for (size_t i = 0; i < len; i++)
            little[i] = proof.b[len - 1 - i];
        EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(g == 3 ? EVP_PKEY_X25519 : EVP_PKEY_X448, NULL,
                                                      little, len);
        assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, public, &len), 1);
        assert_memory_equal(public, proof.bg, len);
        EVP_PKEY_free(pkey);
    }
}

/* r + q answers as r does, but is not below q. Where it fits its width it must be refused. */
static void r_is_below_the_order(void **state)
{
    (void)state;
    for (size_t g = 0; g < 5; g++) {
        struct proof proof;
        make_proof(groups[g], &proof);
        memset(proof.r, 0xff, proof.scalar_bytes);
        assert_verdict(&proof, false, false);
    }
    struct proof proof;
    make_proof(29, &proof);
    static const uint8_t q[32] = {0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9,
                                  0xde, 0xa2, 0xf7, 0x9c, 0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5,
                                  0xd3, 0xed};
    unsigned carry = 0;
    for (size_t i = 32; i-- > 0;) {
        carry += proof.r[i] + q[i];
        proof.r[i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_verdict(&proof, false, false);
}

/* Small orders and the twist: u = 0, 1, p - 1, 2 (on the twist of x25519). Many times, since such a proof
 * holds by itself only where the challenge is a multiple of the order. */
static void montgomery_points_outside_the_group_prove_nothing(void **state)
{
    (void)state;
    static const uint8_t low[] = {0, 1, 2};
    for (size_t g = 3; g < 5; g++) {
        for (size_t i = 0; i < 32 * sizeof low; i++) {
            struct proof proof;
            make_proof(groups[g], &proof);
            memset(proof.bg, 0, sizeof proof.bg);
            proof.bg[0] = low[i % sizeof low];
            memset(proof.r, 0, sizeof proof.r); /* with c P = infinity this would be v = 0 */
            memset(proof.vg, 0, sizeof proof.vg);
            assert_verdict(&proof, false, false);
        }
    }
}

static void u_is_read_as_tls_reads_it(void **state)
{
    (void)state;
    struct proof proof;
    make_proof(29, &proof);
    proof.bg[31] |= 0x80; /* the top bit does not count */
    proof.vg[31] |= 0x80;
    assert_verdict(&proof, true, false);
}

static void infinity_matches_nothing(void **state)
{
    (void)state;
    for (size_t g = 0; g < 5; g++) {
        struct proof proof;
        make_proof(groups[g], &proof);
        memset(proof.r, 0, sizeof proof.r);
        memset(proof.c, 0, sizeof proof.c); /* [0]G + [0]bG */
        assert_verdict(&proof, false, false);
        if (groups[g] >= 29) memset(proof.vg, 0, sizeof proof.vg);
        assert_verdict(&proof, false, false);
    }
}

/* --- points --------------------------------------------------------------------------------- */

static void points_that_are_none_are_refused(void **state)
{
    (void)state;
    for (size_t g = 0; g < 3; g++) {
        struct proof proof;
        make_proof(groups[g], &proof);
        size_t len = proof.point_bytes, half = len / 2;
        assert_true(lk_group_point_good(groups[g], proof.bg, len));
        assert_false(lk_group_point_good(groups[g], proof.bg, len - 1));
        for (size_t i = 0; i < len; i++) {
            proof.bg[i] ^= 4;
            assert_false(lk_group_point_good(groups[g], proof.bg, len));
            if (i % 16 == 0) assert_verdict(&proof, false, true);
            proof.bg[i] ^= 4;
        }
        static const uint8_t forms[] = {0, 2, 3, 5, 6, 7};
        for (size_t i = 0; i < sizeof forms; i++) {
            proof.bg[0] = forms[i];
            assert_false(lk_group_point_good(groups[g], proof.bg, len));
            assert_verdict(&proof, false, true);
        }
        proof.bg[0] = 4;
        memset(proof.bg + 1, 0xff, half); /* x above p */
        assert_false(lk_group_point_good(groups[g], proof.bg, len));
        assert_verdict(&proof, false, true);
        memset(proof.bg + 1, 0, len - 1);
        assert_false(lk_group_point_good(groups[g], proof.bg, len));
        assert_verdict(&proof, false, true);
    }
    uint8_t any[56] = {0xff};
    assert_true(lk_group_point_good(29, any, 32));
    assert_false(lk_group_point_good(29, any, 31));
    assert_true(lk_group_point_good(30, any, 56));
    assert_false(lk_group_point_good(22, any, 32));
}

/* A small x on the curve, and x + p, which names the same residue in the same width. */
static void coordinates_are_below_the_field(void **state)
{
    (void)state;
    EC_GROUP *curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = EC_POINT_new(curve);
    BIGNUM *p = BN_new(), *x = BN_new();
    uint8_t bytes[65];
    assert_int_equal(EC_GROUP_get_curve(curve, p, NULL, NULL, NULL), 1);
    BN_one(x);
    while (EC_POINT_set_compressed_coordinates(curve, point, x, 0, NULL) != 1)
        BN_add_word(x, 1);
    assert_int_equal(EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, bytes, 65, NULL), 65);
    assert_true(lk_group_point_good(23, bytes, 65));
    BN_add(x, x, p);
    assert_int_equal(BN_bn2binpad(x, bytes + 1, 32), 32);
    assert_false(lk_group_point_good(23, bytes, 65));
    BN_free(x);
    BN_free(p);
    EC_POINT_free(point);
    EC_GROUP_free(curve);
}

/* As bG of a proof, which does not hold anyway. */
static void is_judged_as_a_key(struct lk_bytes point, bool good)
{
    struct proof proof;
    make_proof(23, &proof);
    if (point.len == 0 || point.len > sizeof proof.bg) return;
    memcpy(proof.bg, point.data, point.len);
    proof.point_bytes = point.len;
    assert_verdict(&proof, false, !good);
}

static void points_of_wycheproof_are_told_apart(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "wycheproof/ecdh_secp256r1_ecpoint_test.json")) skip();
    const json_t *all = lk_vectors_rows(&v, "testGroups");
    size_t valid = 0, invalid = 0;
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *tests = json_object_get(json_array_get(all, i), "tests");
        for (size_t j = 0; j < json_array_size(tests); j++) {
            const json_t *row = json_array_get(tests, j);
            const char *hex = lk_vectors_text(row, "public");
            bool good = strcmp(lk_vectors_text(row, "result"), "valid") == 0;
            struct lk_bytes point = {.data = NULL, .len = 0};
            if (*hex != 0) point = lk_vectors_hex(&v, row, "public");
            if (strcmp(lk_vectors_text(row, "result"), "acceptable") == 0) good = false; /* compressed */
            assert_int_equal(lk_group_point_good(23, point.data, point.len), good);
            if (point.len == LK_P256_POINT_BYTES)
                assert_int_equal(lk_p256_points_ref(&point.data, 1), good);
            is_judged_as_a_key(point, good);
            if (good) valid++;
            else invalid++;
        }
    }
    assert_true(valid > 200);
    assert_true(invalid >= 24);
    lk_vectors_close(&v);
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
        cmocka_unit_test(poo_vectors_hold_and_no_byte_is_free),
        cmocka_unit_test(prover_computes_the_vectors),
        cmocka_unit_test(fresh_proofs_are_accepted),
        cmocka_unit_test(key_of_the_prover_is_a_key_of_tls),
        cmocka_unit_test(r_is_below_the_order),
        cmocka_unit_test(montgomery_points_outside_the_group_prove_nothing),
        cmocka_unit_test(u_is_read_as_tls_reads_it),
        cmocka_unit_test(infinity_matches_nothing),
        cmocka_unit_test(points_that_are_none_are_refused),
        cmocka_unit_test(coordinates_are_below_the_field),
        cmocka_unit_test(points_of_wycheproof_are_told_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
