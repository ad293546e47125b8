/* sign_ske of DHE through slot, ring, a worker's turn and back: every group, proofs of liblurk's half
 * of the mathematics, signatures checked by libcrypto; and each fault in its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "core/exec/poo.h"
#include "core/keys/scheme.h"
#include "crypto/dh_prove.h"
#include "tests/support/rig.h"
#include "tests/support/vectors.h"

enum { KEY_RSA, KEY_ECDSA, KEY_ED25519, KEY_COUNT };
#define PKCS1_SHA256 0x0401
#define EVERY_FLAG (LK_SLOT_UNFRESH | LK_SLOT_UNPROVED)
#define PAYLOAD_BYTES 8192

struct edge {
    struct lk_rig rig;
    struct lk_vectors vectors;
    struct lk_dh_prover *prover;
    uint8_t random[2][LK_RANDOM_BYTES];
    uint8_t payload[PAYLOAD_BYTES];
};

static int edge_open(void **state)
{
    struct edge *e = calloc(1, sizeof *e);
    *state = e;
    lk_rig_init(&e->rig);
    e->prover = lk_dh_prover_new();
    if (!lk_vectors_open(&e->vectors, "lurk/split.json")) return 0;
    static const char *const names[] = {"rsa", "ecdsa_p256", "ed25519"};
    const json_t *keys = json_object_get(e->vectors.root, "keys");
    for (size_t i = 0; i < KEY_COUNT; i++)
        lk_rig_key(&e->rig, lk_vectors_text(json_object_get(keys, names[i]), "pkcs8_pem"));
    for (size_t i = 0; i < LK_RANDOM_BYTES; i++) {
        e->random[0][i] = (uint8_t)(7 * i);
        e->random[1][i] = (uint8_t)(11 * i);
    }
    lk_rig_start(&e->rig, 1);
    return 0;
}

static int edge_close(void **state)
{
    struct edge *e = *state;
    lk_rig_fini(&e->rig);
    if (e->vectors.root != NULL) lk_vectors_close(&e->vectors);
    lk_dh_prover_free(e->prover);
    free(e);
    return 0;
}

/* What one request is made of; a test spoils what it likes before it is composed. */
struct ask {
    uint32_t key;
    uint16_t scheme, slot_flags;
    uint8_t p[LK_DH_BYTES_MAX + 1], g[2], y[LK_DH_BYTES_MAX + 1], v[LK_DH_BYTES_MAX], r[LK_DH_BYTES_MAX];
    size_t p_bytes, g_bytes, y_bytes;
    uint8_t params[2 * LK_DH_BYTES_MAX + 16];
    struct lk_split_sign_ske request;
};

static const struct lk_dh_group *group_at(const struct edge *e, unsigned i)
{
    return &lk_dh_prover_groups(e->prover)->group[i];
}

static const uint8_t b[32] = {[0] = 0x5a, [30] = 1, [31] = 3};

static void share(struct edge *e, unsigned i, struct ask *a)
{
    const struct lk_dh_group *group = group_at(e, i);
    *a = (struct ask){.scheme = PKCS1_SHA256, .slot_flags = EVERY_FLAG, .g = {2}, .g_bytes = 1};
    a->p_bytes = a->y_bytes = group->bytes;
    memcpy(a->p, group->p_bytes, group->bytes);
    assert_true(lk_dh_key_public(e->prover, group, b, sizeof b, a->y));
}

static void compose(struct edge *e, struct ask *a)
{
    struct lk_writer w = lk_writer_of(a->params, sizeof a->params);
    lk_writer_vec16(&w, lk_bytes_of(a->p, a->p_bytes));
    lk_writer_vec16(&w, lk_bytes_of(a->g, a->g_bytes));
    lk_writer_vec16(&w, lk_bytes_of(a->y, a->y_bytes));
    assert_false(w.bad);
    a->request = (struct lk_split_sign_ske){.common = {.freshness = LK_SPLIT_UNFRESH},
                                            .client_random = e->random[0],
                                            .server_random = e->random[1],
                                            .sig_and_hash = a->scheme,
                                            .kx = LK_SPLIT_DHE,
                                            .params = lk_bytes_of(a->params, w.len),
                                            .p = lk_bytes_of(a->p, a->p_bytes),
                                            .g = lk_bytes_of(a->g, a->g_bytes),
                                            .share = lk_bytes_of(a->y, a->y_bytes)};
    memcpy(a->request.common.key_id + 1, e->rig.key[a->key].keyid.id[0], LK_KEY_ID_BYTES);
}

static void prove(struct edge *e, unsigned i, uint8_t poo_prf, struct ask *a)
{
    const struct lk_dh_group *group = group_at(e, i);
    uint8_t commitment[LK_DH_BYTES_MAX], c[LK_SHA256_BYTES];
    assert_true(lk_dh_commit(e->prover, group, commitment, a->v));
    a->request.poo_prf = poo_prf;
    a->request.poo_point = lk_bytes_of(a->v, group->bytes);
    a->request.poo_r = lk_bytes_of(a->r, group->bytes);
    if (a->y_bytes > a->p_bytes) return; /* there is no proof for it: any numbers */
    size_t c_bytes = lk_poo_challenge_split(&a->request, c);
    lk_dh_answer(e->prover, group, b, sizeof b, commitment, c, c_bytes, a->r);
}

static struct lk_slot *ask(struct edge *e, const struct ask *a)
{
    struct lk_writer w = lk_writer_of(e->payload, sizeof e->payload);
    lk_split_sign_ske_write(&w, &a->request);
    assert_false(w.bad);
    uint32_t slot_index = w.len <= LK_SLOT_SMALL_BODY_BYTES ? 0 : e->rig.map.small_per_loop;
    struct lk_slot *slot = lk_rig_fill(&e->rig, slot_index, LK_X_SPLIT_SIGN_SKE, a->key,
                                       lk_bytes_of(w.base, w.len));
    slot->flags = a->slot_flags;
    lk_rig_push(&e->rig, slot_index);
    assert_int_equal(lk_rig_run(&e->rig), 1);
    slot = lk_rig_home(&e->rig, 0);
    assert_int_equal(slot->verdict, LK_VERDICT_ANSWER);
    return slot;
}

/* Over client_random, server_random and params, by the public key. */
static void assert_signed(const struct edge *e, const struct ask *a, const struct lk_slot *slot)
{
    struct lk_bytes signature;
    assert_true(lk_split_signature_parse(lk_bytes_of(slot->body, slot->result_bytes), &signature));
    const struct lk_key_facts *facts = lk_engine_key_facts(e->rig.key[a->key].engine);
    const uint8_t *spki = facts->spki;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &spki, (long)facts->spki_bytes);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_true(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, public) == 1 &&
                EVP_DigestVerifyUpdate(ctx, e->random, sizeof e->random) == 1 &&
                EVP_DigestVerifyUpdate(ctx, a->request.params.data, a->request.params.len) == 1);
    assert_int_equal(EVP_DigestVerifyFinal(ctx, signature.data, signature.len), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
}

static void dhe_is_signed_in_every_group(void **state)
{
    struct edge *e = *state;
    if (e->vectors.root == NULL) skip();
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++)
        for (uint8_t poo_prf = 0; poo_prf <= 2; poo_prf++) {
            struct ask a;
            share(e, i, &a);
            compose(e, &a);
            if (poo_prf != 0) prove(e, i, poo_prf, &a);
            struct lk_slot *slot = ask(e, &a);
            if (slot->status != 1) fail_msg("group %u, poo_prf %u: %u", i, poo_prf, slot->status);
            assert_signed(e, &a, slot);
        }
}

/* TLS stacks send Ys with its leading zeros or without them. */
static void dhe_shares_may_be_short(void **state)
{
    struct edge *e = *state;
    if (e->vectors.root == NULL) skip();
    struct ask a;
    share(e, 0, &a);
    a.y[0] = 4;
    a.y_bytes = 1;
    compose(e, &a);
    struct lk_slot *slot = ask(e, &a);
    assert_int_equal(slot->status, 1);
    assert_signed(e, &a, slot);
}

/* One fault or two, and which is told. */
enum spoil {
    NO_FLAG = 1,
    BAD_Y = 2,
    LONG_Y = 4,
    OTHER_P = 8,
    ZERO_P = 16,
    ODD_P = 32,
    ZERO_G = 64,
    ECDSA = 128,
    EDDSA = 256,
    NO_SCHEME = 512,
    BAD_R = 1024,
};

static void spoil(struct ask *a, unsigned what)
{
    if ((what & NO_FLAG) != 0) a->slot_flags &= (uint16_t)~LK_SLOT_UNPROVED;
    if ((what & BAD_Y) != 0) a->y[255] ^= 1;
    if ((what & LONG_Y) != 0) memmove(a->y + 1, a->y, 256), a->y[0] = 0, a->y_bytes = 257;
    if ((what & OTHER_P) != 0) a->p[100] ^= 1;
    if ((what & ZERO_P) != 0) memmove(a->p + 1, a->p, 256), a->p[0] = 0, a->p_bytes = 257;
    if ((what & ODD_P) != 0) a->p_bytes = 128;
    if ((what & ZERO_G) != 0) a->g[0] = 0, a->g[1] = 2, a->g_bytes = 2;
    if ((what & ECDSA) != 0) a->key = KEY_ECDSA, a->scheme = 0x0403;
    if ((what & EDDSA) != 0) a->key = KEY_ED25519, a->scheme = 0x0807;
    if ((what & NO_SCHEME) != 0) a->scheme = 0x0201;
}

/* Until y with its last bit turned is of no use. */
static void share_of_a_bad_neighbour(struct edge *e, struct ask *a)
{
    const struct lk_dh *dh = lk_dh_prover_groups(e->prover);
    static const uint8_t four = 4;
    share(e, 0, a);
    for (;;) {
        a->y[255] ^= 1;
        bool good = lk_dh_public_good(dh, group_at(e, 0), a->y, 256);
        a->y[255] ^= 1;
        if (!good) return;
        BIGNUM *y = BN_bin2bn(a->y, 256, NULL), *n = BN_bin2bn(&four, 1, NULL);
        BN_CTX *ctx = BN_CTX_new();
        BN_mod_mul(y, y, n, group_at(e, 0)->p, ctx);
        BN_bn2binpad(y, a->y, 256);
        BN_free(y);
        BN_free(n);
        BN_CTX_free(ctx);
    }
}

static void dhe_faults_have_their_order(void **state)
{
    struct edge *e = *state;
    if (e->vectors.root == NULL) skip();
    static const struct {
        unsigned what;
        uint8_t want;
    } rows[] = {
        {0, 1},
        {ECDSA, 10},           {EDDSA, 10},            {NO_SCHEME, 10},
        {NO_SCHEME | OTHER_P, 10},
        {OTHER_P, 9},          {ZERO_P, 9},            {ODD_P, 9},
        {ZERO_G, 9},           {OTHER_P | BAD_Y, 9},   {OTHER_P | NO_FLAG, 9},
        {OTHER_P | LONG_Y, 9},
        {BAD_Y, 8},            {LONG_Y, 8},            {BAD_Y | NO_FLAG, 8},
        {NO_FLAG, 12},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ask a;
        share_of_a_bad_neighbour(e, &a);
        spoil(&a, rows[i].what);
        compose(e, &a);
        struct lk_slot *slot = ask(e, &a);
        if (slot->status != rows[i].want) fail_msg("row %zu: %u", i, slot->status);
    }
}

static void dhe_faults_come_before_a_proof(void **state)
{
    struct edge *e = *state;
    if (e->vectors.root == NULL) skip();
    static const struct {
        unsigned what;
        uint8_t want;
    } rows[] = {
        {NO_FLAG, 1}, {BAD_Y, 8}, {LONG_Y, 8}, {OTHER_P, 9}, {ZERO_G, 9}, {BAD_R, 13}, {BAD_R | BAD_Y, 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ask a;
        share(e, 0, &a);
        if ((rows[i].what & BAD_Y) != 0) share_of_a_bad_neighbour(e, &a);
        spoil(&a, rows[i].what);
        compose(e, &a);
        prove(e, 0, 2, &a);
        if ((rows[i].what & BAD_R) != 0) a.r[255] ^= 1;
        struct lk_slot *slot = ask(e, &a);
        if (slot->status != rows[i].want) fail_msg("row %zu: %u", i, slot->status);
    }
}

/* Granted by the front, not by the key: told as 12, and counted. */
static void dhe_without_a_proof_needs_the_keys_flag(void **state)
{
    struct edge *e = *state;
    if (e->vectors.root == NULL) skip();
    struct ask a;
    share(e, 0, &a);
    compose(e, &a);
    struct lk_key *key = &e->rig.key[KEY_RSA];
    uint64_t before = atomic_load(&e->rig.counters->value[LK_C_VAULT_DENIED]);
    key->rights.flags &= ~(uint32_t)LK_FLAG_UNPROVED;
    assert_int_equal(ask(e, &a)->status, LK_SPLIT_INVALID_POO_PRF);
    key->rights.flags |= LK_FLAG_UNPROVED;
    assert_int_equal(atomic_load(&e->rig.counters->value[LK_C_VAULT_DENIED]), before + 1);
}

/* A group beyond the configured size is refused as one that nobody names, with a proof or without, and
 * does not wait among proofs. */
static void dhe_groups_beyond_the_largest_are_none(void **state)
{
    struct edge *e = *state;
    if (e->vectors.root == NULL) skip();
    struct lk_key_rights *rights = &e->rig.key[KEY_RSA].rights;
    const struct lk_counters *counters = e->rig.counters;
    rights->dhe_bytes_max = 384;
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT; i++)
        for (uint8_t poo_prf = 0; poo_prf <= 2; poo_prf += 2) {
            struct ask a;
            share(e, i, &a);
            compose(e, &a);
            if (poo_prf != 0) prove(e, i, poo_prf, &a);
            uint8_t want = group_at(e, i)->bytes <= 384 ? 1 : LK_SPLIT_INVALID_GROUP;
            uint64_t before = atomic_load(&counters->batches[LK_ROW_POO_DH4096]);
            struct lk_slot *slot = ask(e, &a);
            if (slot->status != want) fail_msg("group %u, poo_prf %u: %u", i, poo_prf, slot->status);
            assert_int_equal(atomic_load(&counters->batches[LK_ROW_POO_DH4096]), before);
            a.scheme = 0x0201; /* which precedes */
            compose(e, &a);
            assert_int_equal(ask(e, &a)->status, LK_SPLIT_INVALID_SIG_SCHEME);
        }
    rights->dhe_bytes_max = LK_DH_BYTES_MAX;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dhe_is_signed_in_every_group),
        cmocka_unit_test(dhe_shares_may_be_short),
        cmocka_unit_test(dhe_faults_have_their_order),
        cmocka_unit_test(dhe_faults_come_before_a_proof),
        cmocka_unit_test(dhe_without_a_proof_needs_the_keys_flag),
        cmocka_unit_test(dhe_groups_beyond_the_largest_are_none),
    };
    return cmocka_run_group_tests(tests, edge_open, edge_close);
}
