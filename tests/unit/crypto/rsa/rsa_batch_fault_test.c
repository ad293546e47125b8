/* A fault in a kernel, seen from above: what leaves the row is right and the fault is told; and
 * where the second computation goes wrong as well, nothing leaves. Signatures and decryptions
 * alike. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/base/err.h"
#include "crypto/engine_rsa_batch.h"
#include "crypto/engine_work.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_pad.h"
#include "tests/support/draw.h"
#include "tests/support/rsa_bank.h"
#include "tests/support/rsa_faulty.h"
#include "tests/support/rsa_trial.h"

#define LANES 8
#define SHA256 0 /* as rsa_pad.h counts them */

/* Lanes by number: a PKCS#1 signature, a PSS signature, a decryption, and again. */
struct scene {
    struct lk_bank bank;
    struct lk_engine_work *work;
    const struct lk_kernel *row;
    struct lk_subject *subject[LANES];
    struct lk_operand operand[LANES];
    uint8_t in[LANES][LK_SUBJECT_BYTES_MAX], out[LANES][LK_SUBJECT_BYTES_MAX];
    uint8_t digest[LANES][LK_SHA256_BYTES], premaster[LANES][LK_PREMASTER_BYTES];
    unsigned passings[LK_FLIP_STAGES_MAX];
};

static void encrypt_premaster(struct scene *s, unsigned lane)
{
    size_t k = s->subject[lane]->k;
    uint8_t *premaster = s->premaster[lane], *m = s->in[lane];
    lk_draw_bytes(premaster, LK_PREMASTER_BYTES);
    premaster[0] = premaster[1] = 3;
    m[0] = 0;
    m[1] = 2;
    for (size_t i = 2; i < k; i++)
        m[i] = (uint8_t)(1 + lk_draw_below(255));
    m[k - LK_PREMASTER_BYTES - 1] = 0;
    memcpy(m + k - LK_PREMASTER_BYTES, premaster, LK_PREMASTER_BYTES);
    lk_subject_raise(s->subject[lane], m, m);
}

static void lane_fill(struct scene *s, unsigned lane)
{
    struct lk_subject *subject = s->subject[lane] = &s->bank.key[lane % LK_BANK_PLAIN];
    uint8_t salt[LK_SHA256_BYTES];
    lk_draw_bytes(salt, sizeof salt);
    lk_sha256(&lane, sizeof lane, s->digest[lane]);
    if (lane % 3 == 0)
        assert_true(lk_rsa_pad_pkcs1(SHA256, s->digest[lane], s->in[lane], subject->k));
    else if (lane % 3 == 1)
        assert_true(lk_rsa_pad_pss(SHA256, s->digest[lane], salt,
                                   lk_engine_key_facts(subject->engine)->bits, s->in[lane],
                                   subject->k));
    else
        encrypt_premaster(s, lane);
}

static bool verifies(const struct scene *s, unsigned lane)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(s->operand[lane].key);
    const uint8_t *spki = facts->spki;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &spki, (long)facts->spki_bytes);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(public, NULL);
    int padding = lane % 3 == 0 ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING;
    LK_ASSERT(EVP_PKEY_verify_init(ctx) == 1);
    LK_ASSERT(EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1);
    LK_ASSERT(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    bool good = EVP_PKEY_verify(ctx, s->out[lane], facts->bytes, s->digest[lane],
                                LK_SHA256_BYTES) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(public);
    return good;
}

static bool decrypts(const struct scene *s, unsigned lane)
{
    const struct lk_engine_key *key = s->operand[lane].key;
    uint8_t got[LK_PREMASTER_BYTES];
    lk_rsa_premaster(s->out[lane], s->in[lane], lk_engine_key_modulus(key), s->subject[lane]->k,
                     lk_engine_key_d_hash(key), LK_PREMASTER_TLS, got);
    return memcmp(got, s->premaster[lane], sizeof got) == 0;
}

static void lane_right(const struct scene *s, unsigned lane)
{
    assert_true(lk_subject_is_root(s->subject[lane], s->out[lane], s->in[lane]));
    assert_true(lane % 3 == 2 ? decrypts(s, lane) : verifies(s, lane));
}

/* Odd lanes compute in place. Returns the good lanes, and in *recomputed those of whom it is told.
 */
static uint64_t run(struct scene *s, const struct lk_flip *flip, uint64_t *recomputed)
{
    for (unsigned i = 0; i < LANES; i++) {
        struct lk_subject *subject = s->subject[i];
        memcpy(s->out[i], s->in[i], subject->k);
        s->operand[i] = (struct lk_operand){.key = subject->engine,
                                            .in = i % 2 != 0 ? s->out[i] : s->in[i],
                                            .in_bytes = subject->k,
                                            .out = s->out[i]};
    }
    lk_flip_set(flip);
    uint64_t good = s->row->run(s->work, s->operand, (1u << LANES) - 1);
    lk_flip_end(flip == NULL ? s->passings : NULL);
    *recomputed = 0;
    for (unsigned i = 0; i < LANES; i++) {
        assert_true(s->operand[i].by_kernel);
        if (s->operand[i].recomputed) *recomputed |= UINT64_C(1) << i;
    }
    return good;
}

static void nothing_left(const struct scene *s, unsigned lane)
{
    for (size_t i = 0; i < s->subject[lane]->k; i++)
        assert_int_equal(s->out[lane][i], 0);
}

/* Returns whether the fault was one. */
static bool fault_once(struct scene *s, enum lk_rsa_stage stage)
{
    uint64_t all = (1u << LANES) - 1, recomputed, again;
    struct lk_flip flip = {.stage = stage,
                               .passing = (unsigned)lk_draw_below(s->passings[stage]),
                               .digit = (unsigned)lk_draw_below(1000),
                               .lane = (unsigned)lk_draw_below(LANES),
                               .bit = (unsigned)lk_draw_below(64)};
    assert_int_equal(run(s, &flip, &recomputed), all);
    assert_true(__builtin_popcountll(recomputed) <= 1);
    for (unsigned i = 0; i < LANES; i++)
        lane_right(s, i);
    lk_rsa_fault_plain = true;
    uint64_t good = run(s, &flip, &again);
    lk_rsa_fault_plain = false;
    assert_int_equal(again, recomputed);
    assert_int_equal(good, all & ~recomputed);
    for (unsigned i = 0; i < LANES; i++) {
        if ((good >> i & 1) != 0)
            lane_right(s, i);
        else
            nothing_left(s, i);
    }
    return recomputed != 0;
}

static void row_faults(const struct lk_kernel *row, enum lk_rsa_class size, unsigned rounds)
{
    unsigned seen = 0;
    uint64_t recomputed;
    struct scene *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    s->row = row;
    lk_bank_open(&s->bank, size);
    s->work = lk_engine_work_new(0, false);
    for (unsigned i = 0; i < LANES; i++)
        lane_fill(s, i);
    assert_int_equal(run(s, NULL, &recomputed), (1u << LANES) - 1);
    assert_int_equal(recomputed, 0);
    for (unsigned i = 0; i < rounds; i++)
        seen += fault_once(s, (enum lk_rsa_stage)(i % LK_RSA_STAGE_COUNT));
    printf("%s %s: %u faults, %u recomputed\n", row->name, row->isa, rounds, seen);
    if (rounds >= 24) assert_true(seen > 0);
    lk_engine_work_free(s->work);
    lk_bank_close(&s->bank);
    free(s);
}

static void fault_in_a_kernel_is_mended_and_told(void **state)
{
    (void)state;
    static const unsigned check[LK_RSA_CLASS_COUNT] = {160, 32, 16};
    for (unsigned size = 0; size < LK_RSA_CLASS_COUNT; size++) {
        unsigned some = check[size];
        row_faults(&lk_rsa_rows_ref[size], (enum lk_rsa_class)size,
                   lk_draw_rounds(some / 10, some));
        if (lk_trial_has_ifma())
            row_faults(&lk_rsa_rows_ifma[size], (enum lk_rsa_class)size,
                       lk_draw_rounds(some, 50 * some));
    }
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fault_in_a_kernel_is_mended_and_told)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
