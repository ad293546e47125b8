/* Shares and proofs of DHE: the project's vectors, proofs of our own client half in every group, and
 * what is no share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "crypto/crypto.h"
#include "crypto/dh_prove.h"
#include "crypto/engine_work.h"
#include "crypto/hash.h"
#include "tests/support/vectors.h"

static struct lk_engine_work *work;
static struct lk_dh_prover *prover;

static int open_all(void **state)
{
    (void)state;
    work = lk_engine_work_new(0, false);
    prover = lk_dh_prover_new();
    return work == NULL || prover == NULL;
}

static int close_all(void **state)
{
    (void)state;
    lk_engine_work_free(work);
    lk_dh_prover_free(prover);
    return 0;
}

static const struct lk_dh_group *group_at(unsigned i)
{
    return &lk_dh_prover_groups(prover)->group[i];
}

static uint64_t word_at(const struct lk_dh_group *group, size_t at)
{
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++)
        word = word << 8 | group->p_bytes[at + i];
    return word;
}

/* RFC 7919 appendix A and RFC 3526: 64 ones at both ends, and behind those in front the digits of e
 * or of pi. */
static void dh_groups_are_those_of_the_rfcs(void **state)
{
    (void)state;
    static const size_t bytes[] = {256, 384, 512, 768, 1024};
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++) {
        const struct lk_dh_group *group = group_at(i);
        assert_int_equal(group->bytes, bytes[i % 5]);
        assert_true(word_at(group, 0) == UINT64_MAX);
        assert_true(word_at(group, group->bytes - 8) == UINT64_MAX);
        assert_true(word_at(group, 8) ==
                    (i < 5 ? UINT64_C(0xadf85458a2bb4a9a) : UINT64_C(0xc90fdaa22168c234)));
        for (unsigned other = 0; other < i; other++)
            if (group_at(other)->bytes == group->bytes)
                assert_memory_not_equal(group_at(other)->p_bytes, group->p_bytes, group->bytes);
    }
}

static void dh_groups_are_found_by_every_byte(void **state)
{
    (void)state;
    static const uint8_t g[2] = {2, 0}, zero_g[2] = {0, 2}, five = 5;
    const struct lk_dh *dh = lk_dh_prover_groups(prover);
    uint8_t p[LK_DH_BYTES_MAX + 1];
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++) {
        const struct lk_dh_group *group = group_at(i);
        p[0] = 0;
        memcpy(p + 1, group->p_bytes, group->bytes);
        assert_ptr_equal(lk_dh_find(dh, p + 1, group->bytes, g, 1), group);
        assert_null(lk_dh_find(dh, p, group->bytes + 1, g, 1));
        assert_null(lk_dh_find(dh, p + 1, group->bytes - 1, g, 1));
        assert_null(lk_dh_find(dh, p + 1, group->bytes, zero_g, 2));
        assert_null(lk_dh_find(dh, p + 1, group->bytes, &five, 1));
        assert_null(lk_dh_find(dh, p + 1, group->bytes, g, 0));
        for (size_t at = 1; at <= group->bytes; at++) {
            p[at] ^= 1;
            assert_null(lk_dh_find(dh, p + 1, group->bytes, g, 1));
            p[at] ^= 1;
        }
    }
}

/* y := p - less. */
static void below_p(const struct lk_dh_group *group, uint8_t less, uint8_t *y)
{
    memcpy(y, group->p_bytes, group->bytes);
    y[group->bytes - 1] = (uint8_t)(y[group->bytes - 1] - less); /* p ends in ff */
}

static void dh_shares_lie_in_the_large_subgroup(void **state)
{
    (void)state;
    const struct lk_dh *dh = lk_dh_prover_groups(prover);
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++) {
        const struct lk_dh_group *group = group_at(i);
        uint8_t y[LK_DH_BYTES_MAX + 1] = {0};
        /* 2 and 4 are squares, so of order q; -1 is none, so -2 and -4 are not. */
        static const struct {
            uint8_t value;
            bool good;
        } small[] = {{0, false}, {1, false}, {2, true}, {4, true}};
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(lk_dh_public_good(dh, group, &small[k].value, 1), small[k].good);
            y[group->bytes - 1] = small[k].value;
            assert_int_equal(lk_dh_public_good(dh, group, y, group->bytes), small[k].good);
            assert_false(lk_dh_public_good(dh, group, y, group->bytes + 1)); /* longer than p */
        }
        assert_false(lk_dh_public_good(dh, group, y, 0));
        static const uint8_t less[] = {0, 1, 2, 4};
        for (size_t k = 0; k < sizeof less; k++) {
            below_p(group, less[k], y);
            assert_false(lk_dh_public_good(dh, group, y, group->bytes));
        }
        memset(y, 0xff, group->bytes);
        assert_false(lk_dh_public_good(dh, group, y, group->bytes)); /* above p */
    }
}

/* What Jacobi's symbol says is what y^q says. */
static void dh_shares_are_judged_as_by_the_power(void **state)
{
    (void)state;
    const struct lk_dh *dh = lk_dh_prover_groups(prover);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *y = BN_new(), *power = BN_new();
    unsigned good = 0;
    for (unsigned round = 0; round < 40; round++) {
        const struct lk_dh_group *group = group_at(round % 2 * 5);
        uint8_t bytes[LK_DH_BYTES_MAX];
        assert_int_equal(BN_rand_range(y, group->p), 1);
        assert_int_equal(BN_mod_exp(power, y, group->q, group->p, ctx), 1);
        assert_true(BN_bn2binpad(y, bytes, (int)group->bytes) > 0);
        assert_int_equal(lk_dh_public_good(dh, group, bytes, group->bytes), BN_is_one(power));
        good += (unsigned)BN_is_one(power);
    }
    assert_in_range(good, 4, 36);
    BN_free(y);
    BN_free(power);
    BN_CTX_free(ctx);
}

/* A proof whose every byte a test may change. */
struct proof {
    const struct lk_dh_group *group;
    uint8_t b[LK_DH_BYTES_MAX], v[LK_DH_BYTES_MAX]; /* of the client */
    uint8_t y[LK_DH_BYTES_MAX], public[LK_DH_BYTES_MAX], r[LK_DH_BYTES_MAX], c[32];
    size_t b_bytes, c_bytes;
};

static bool accepted(const struct proof *proof, bool *share_bad)
{
    static const uint8_t g = 2;
    struct lk_operand operand = {.in = proof->y,
                                 .in_bytes = proof->group->bytes,
                                 .dh_p = proof->group->p_bytes,
                                 .dh_p_bytes = proof->group->bytes,
                                 .dh_g = &g,
                                 .dh_g_bytes = 1,
                                 .poo_point = proof->public,
                                 .poo_r = proof->r,
                                 .poo_challenge = proof->c,
                                 .poo_challenge_bytes = proof->c_bytes};
    enum lk_kernel_row row = lk_dh_row(proof->group->bytes, true);
    bool good = lk_engine_rows[row].run(work, &operand, 1) == 1;
    assert_false(operand.group_bad);
    *share_bad = operand.point_bad;
    return good;
}

static void read_proof(struct lk_vectors *v, const json_t *row, struct proof *proof)
{
    memset(proof, 0, sizeof *proof);
    proof->group = group_at(0);
    struct lk_bytes b = lk_vectors_hex(v, row, "b");
    memcpy(proof->b, b.data, proof->b_bytes = b.len);
    struct lk_bytes commitment = lk_vectors_hex(v, row, "v");
    memcpy(proof->v + 256 - commitment.len, commitment.data, commitment.len);
    struct lk_bytes c = lk_vectors_hex(v, row, "c");
    memcpy(proof->c, c.data, proof->c_bytes = c.len);
    struct lk_bytes r = lk_vectors_hex(v, row, "r");
    memcpy(proof->r, r.data, r.len);
    struct lk_bytes request = lk_vectors_hex(v, row, "request");
    memcpy(proof->y, request.data + 16 + 338, 256);
    memcpy(proof->public, request.data + 16 + 597, 256);
}

static void every_change_is_refused(struct proof *proof)
{
    bool share_bad;
    uint8_t *parts[] = {proof->r, proof->public, proof->y};
    for (size_t part = 0; part < 3; part++)
        for (size_t i = 0; i < 256; i += i < 2 ? 1 : 29) {
            parts[part][i] ^= 1;
            assert_false(accepted(proof, &share_bad));
            if (part < 2) assert_false(share_bad);
            parts[part][i] ^= 1;
        }
    for (size_t i = 0; i < proof->c_bytes; i++) {
        proof->c[i] ^= 1;
        assert_false(accepted(proof, &share_bad) || share_bad);
        proof->c[i] ^= 1;
    }
    assert_true(accepted(proof, &share_bad));
}

static void dh_vectors_hold_and_no_byte_is_free(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/split.json")) skip();
    const json_t *row;
    size_t i, seen = 0;
    json_array_foreach(lk_vectors_rows(&v, "tests"), i, row) {
        struct proof proof;
        uint8_t out[LK_DH_BYTES_MAX];
        if (strstr(lk_vectors_text(row, "name"), "sign_ske DHE") == NULL) continue;
        read_proof(&v, row, &proof);
        every_change_is_refused(&proof);
        assert_true(lk_dh_key_public(prover, proof.group, proof.b, proof.b_bytes, out));
        assert_memory_equal(out, proof.y, 256);
        lk_dh_answer(prover, proof.group, proof.b, proof.b_bytes, proof.v, proof.c, proof.c_bytes, out);
        assert_memory_equal(out, proof.r, 256);
        seen++;
    }
    assert_int_equal(seen, 2);
    lk_vectors_close(&v);
}

/* Keys as libcrypto makes them, in every group: its public half is ours, and our proof holds. */
static void dh_proofs_of_libcrypto_s_keys_hold(void **state)
{
    (void)state;
    static const char *const names[LK_DH_GROUP_COUNT] = {
        "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192",
        "modp_2048", "modp_3072", "modp_4096", "modp_6144", "modp_8192"};
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++) {
        struct proof proof = {.group = group_at(i), .c_bytes = 32};
        size_t bytes = proof.group->bytes;
        uint8_t public[LK_DH_BYTES_MAX];
        BIGNUM *private = NULL, *y = NULL;
        EVP_PKEY *key = NULL;
        EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
        assert_true(EVP_PKEY_keygen_init(make) == 1 &&
                    EVP_PKEY_CTX_set_group_name(make, names[i]) == 1 &&
                    EVP_PKEY_keygen(make, &key) == 1 &&
                    EVP_PKEY_get_bn_param(key, "priv", &private) == 1 &&
                    EVP_PKEY_get_bn_param(key, "pub", &y) == 1);
        proof.b_bytes = (size_t)BN_bn2bin(private, proof.b);
        assert_int_equal(BN_bn2binpad(y, proof.y, (int)bytes), bytes);
        assert_true(lk_dh_key_public(prover, proof.group, proof.b, proof.b_bytes, public));
        assert_memory_equal(public, proof.y, bytes);
        lk_sha256("c", 1, proof.c);
        assert_true(lk_dh_commit(prover, proof.group, proof.v, proof.public));
        lk_dh_answer(prover, proof.group, proof.b, proof.b_bytes, proof.v, proof.c, 32, proof.r);
        bool share_bad;
        assert_true(accepted(&proof, &share_bad));
        BN_free(private);
        BN_free(y);
        EVP_PKEY_free(key);
        EVP_PKEY_CTX_free(make);
    }
}

/* b of full width, so that b c has to be reduced; and what is no private number. */
static void dh_private_numbers_are_below_q(void **state)
{
    (void)state;
    struct proof proof = {.group = group_at(0), .b_bytes = 256, .c_bytes = 32};
    uint8_t q[256];
    bool share_bad;
    assert_int_equal(BN_bn2binpad(proof.group->q, q, 256), 256);
    memcpy(proof.b, q, 256);
    assert_false(lk_dh_key_public(prover, proof.group, proof.b, 256, proof.y));
    assert_false(lk_dh_key_public(prover, proof.group, proof.y, 0, proof.y));
    memset(proof.b, 0, 256);
    assert_false(lk_dh_key_public(prover, proof.group, proof.b, 256, proof.y));
    assert_false(lk_dh_key_public(prover, proof.group, proof.b, 257, proof.y));
    memcpy(proof.b, q, 256);
    proof.b[255]--; /* q - 1 */
    memset(proof.c, 0xff, 32);
    assert_true(lk_dh_key_public(prover, proof.group, proof.b, 256, proof.y));
    assert_true(lk_dh_commit(prover, proof.group, proof.v, proof.public));
    lk_dh_answer(prover, proof.group, proof.b, 256, proof.v, proof.c, 32, proof.r);
    assert_true(accepted(&proof, &share_bad));
}

/* g^(r + q) = g^r, and r + q is as wide as p: one proof would have two forms. */
static void dh_answers_are_below_q(void **state)
{
    (void)state;
    struct proof proof = {.group = group_at(0), .b = {3}, .b_bytes = 1, .c_bytes = 32};
    bool share_bad;
    assert_true(lk_dh_key_public(prover, proof.group, proof.b, 1, proof.y));
    lk_sha256("c", 1, proof.c);
    assert_true(lk_dh_commit(prover, proof.group, proof.v, proof.public));
    lk_dh_answer(prover, proof.group, proof.b, 1, proof.v, proof.c, 32, proof.r);
    assert_true(accepted(&proof, &share_bad));
    BIGNUM *r = BN_bin2bn(proof.r, 256, NULL);
    assert_true(BN_add(r, r, proof.group->q) == 1 && BN_bn2binpad(r, proof.r, 256) == 256);
    BN_free(r);
    assert_false(accepted(&proof, &share_bad));
    assert_false(share_bad);
}

/* --- what a share costs ----------------------------------------------------------------------- */

/* What the row charges for a share. */
static double share_charge(unsigned group)
{
    static const uint8_t b[32] = {[0] = 0x5a, [31] = 3}, g = 2;
    uint8_t y[LK_DH_BYTES_MAX];
    const struct lk_kernel *row = &lk_engine_rows[LK_ROW_DH_PUBLIC];
    struct lk_operand o = {.in = y, .in_bytes = group_at(group)->bytes, .dh_g = &g, .dh_g_bytes = 1,
                           .dh_p = group_at(group)->p_bytes, .dh_p_bytes = group_at(group)->bytes};
    assert_true(lk_dh_key_public(prover, group_at(group), b, sizeof b, y));
    assert_int_equal(row->run(work, &o, 1), 1);
    return (double)row->cost_ns + o.extra_ns;
}

/* Each size against that of 2,048 bits: a Jacobi symbol takes as many steps as there are bits, each
 * over as many words. */
static void dh_shares_are_charged_by_the_size_of_their_group(void **state)
{
    (void)state;
    double least = share_charge(0);
    for (unsigned i = 1; i < 5; i++) {
        double longer = (double)group_at(i)->bytes / (double)group_at(0)->bytes;
        double takes = longer * longer, paid = share_charge(i) / least;
        if (paid < takes * 0.6 || paid > takes / 0.6)
            fail_msg("group %u: %.1f times the work, %.1f times the charge", i, takes, paid);
    }
}

static void dh_numbers_that_are_no_group_are_not_charged_for_one(void **state)
{
    (void)state;
    static const uint8_t p[LK_DH_BYTES_MAX] = {0xff}, g = 2;
    struct lk_operand o = {.in = &g, .in_bytes = 1, .dh_g = &g, .dh_g_bytes = 1, .dh_p = p,
                           .dh_p_bytes = sizeof p, .extra_ns = 7};
    assert_int_equal(lk_engine_rows[LK_ROW_DH_PUBLIC].run(work, &o, 1), 0);
    assert_true(o.group_bad);
    assert_int_equal(o.extra_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dh_groups_are_those_of_the_rfcs),
        cmocka_unit_test(dh_groups_are_found_by_every_byte),
        cmocka_unit_test(dh_shares_lie_in_the_large_subgroup),
        cmocka_unit_test(dh_shares_are_judged_as_by_the_power),
        cmocka_unit_test(dh_vectors_hold_and_no_byte_is_free),
        cmocka_unit_test(dh_proofs_of_libcrypto_s_keys_hold),
        cmocka_unit_test(dh_private_numbers_are_below_q),
        cmocka_unit_test(dh_answers_are_below_q),
        cmocka_unit_test(dh_shares_are_charged_by_the_size_of_their_group),
        cmocka_unit_test(dh_numbers_that_are_no_group_are_not_charged_for_one),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
