/* Every status of tls12 that a worker sends, provoked in the order lurk-tls12.md has them, and every
 * signature scheme on every kind of key, verified by libcrypto. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/policy/freshness.h"
#include "core/wire/header.h"
#include "tests/support/ecdhe.h"
#include "tests/support/rig.h"
#include "tests/support/vectors.h"

enum { KEY_RSA, KEY_ECDSA, KEY_ED25519 };

struct bench {
    struct lk_rig rig;
    struct lk_vectors vectors;
    uint8_t payload[4096];
    size_t len;
    struct lk_slot *slot; /* changed by a row after it is filled */
    uint32_t key;
};

static int bench_open(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    *state = b;
    lk_rig_init(&b->rig);
    if (!lk_vectors_open(&b->vectors, "lurk/tls12.json")) return 0;
    const json_t *keys = json_object_get(b->vectors.root, "keys");
    static const char *const names[] = {"rsa", "ecdsa_p256", "ed25519"};
    for (size_t i = 0; i < 3; i++)
        lk_rig_key(&b->rig, lk_vectors_text(json_object_get(keys, names[i]), "pkcs8_pem"));
    b->rig.conf.window_s = 60;
    b->rig.conf.window_ecdhe_s = 10;
    lk_rig_start(&b->rig, 1);
    return 0;
}

static int bench_close(void **state)
{
    struct bench *b = *state;
    lk_rig_fini(&b->rig);
    if (b->vectors.root != NULL) lk_vectors_close(&b->vectors);
    free(b);
    return 0;
}

/* The payload of a request of the vectors, by its name. */
static void load(struct bench *b, const char *list, const char *name)
{
    const json_t *row;
    size_t i;
    json_array_foreach(lk_vectors_rows(&b->vectors, list), i, row) {
        if (strcmp(lk_vectors_text(row, "name"), name) != 0) continue;
        struct lk_bytes request = lk_vectors_hex(&b->vectors, row, "request");
        b->len = request.len - LK_HEADER_BYTES;
        memcpy(b->payload, request.data + LK_HEADER_BYTES, b->len);
        return;
    }
    fail_msg("no vector %s", name);
}

/* Offsets of fields, lurk-tls12.md 3 and 6. */
enum { KEY_ID = 0, FUNCT = 5, PRF = 6, ECDHE_S = 38, SCHEME = 70, CURVE_TYPE = 72, GROUP = 73,
       POINT_COUNT = 75, POINT = 76, POO_PRF = 141, POO_POINT = 143, RSA_S = 39, MESSAGES = 8 };

struct row {
    const char *what;
    uint8_t status;
    bool denied; /* an honest front would not have sent it */
    void (*spoil)(struct bench *b);
};

static void spoil_nothing(struct bench *b) { (void)b; }
static void spoil_key_id_type(struct bench *b) { b->payload[KEY_ID] = 1; }
static void spoil_key_id(struct bench *b) { b->payload[KEY_ID + 1] ^= 1; }
static void spoil_funct(struct bench *b) { b->payload[FUNCT] = 255; }
static void spoil_short(struct bench *b) { b->slot->job_bytes--; }
static void spoil_long(struct bench *b) { b->slot->job_bytes++; }
static void spoil_tenant(struct bench *b) { b->slot->tenant++; }
static void spoil_body(struct bench *b) { b->slot->job_bytes = LK_SLOT_SMALL_BODY_BYTES + 1; }
static void spoil_exchange(struct bench *b) { b->slot->exchange = LK_X_TLS12_PING; }
static void spoil_scheme(struct bench *b) { b->payload[SCHEME] = 2; } /* SHA-1 */
static void spoil_scheme_kind(struct bench *b) { b->payload[SCHEME + 1] = 3; }
static void spoil_curve_type(struct bench *b) { b->payload[CURVE_TYPE] = 1; }
static void spoil_group(struct bench *b) { b->payload[GROUP + 1] = 22; }
static void spoil_point(struct bench *b) { b->payload[POINT + 20] ^= 1; }
static void spoil_point_form(struct bench *b) { b->payload[POINT] = 2; }
static void spoil_poo_prf(struct bench *b) { b->payload[POO_PRF] = 3; }
static void spoil_poo_point(struct bench *b) { b->payload[POO_POINT + 20] ^= 1; }
static void spoil_poo_r(struct bench *b) { b->payload[b->len - 1] ^= 1; }
static void spoil_prf(struct bench *b) { b->payload[PRF] = 3; }
static void spoil_prf_far(struct bench *b) { b->payload[PRF] = 200; }
static void spoil_ecdhe_s(struct bench *b) { b->payload[ECDHE_S + 3] = (uint8_t)(b->payload[ECDHE_S + 3] + 101); }
static void spoil_rsa_s(struct bench *b) { b->payload[RSA_S] = 0; }
static void spoil_version(struct bench *b) { b->payload[MESSAGES + 5] ^= 1; }
static void spoil_verify_data(struct bench *b) { b->payload[b->len - 1] ^= 1; }
static void spoil_flag(struct bench *b) { b->slot->flags = 0; }
static void close_exchange(struct bench *b) { b->rig.key[b->key].rights.exchanges = 0; }
static void close_hash(struct bench *b) { b->rig.key[b->key].rights.hashes = 1u << LK_SHA512; }
static void close_null(struct bench *b) { b->rig.key[b->key].rights.poo_optional = false; }

/* Where two faults meet, the earlier step answers. */
static void spoil_s_and_scheme(struct bench *b) { spoil_ecdhe_s(b), spoil_scheme(b); }
static void spoil_scheme_and_point(struct bench *b) { spoil_scheme(b), spoil_point(b); }
static void spoil_point_and_r(struct bench *b) { spoil_point(b), spoil_poo_r(b); }
static void spoil_key_id_and_s(struct bench *b) { spoil_key_id(b), spoil_ecdhe_s(b); }
static void spoil_point_and_flag(struct bench *b) { spoil_point(b), spoil_flag(b); }
static void spoil_funct_and_version(struct bench *b) { spoil_funct(b), spoil_version(b); }
static void spoil_prf_and_s(struct bench *b) { spoil_prf(b), spoil_rsa_s(b); }
static void spoil_s_and_length(struct bench *b) { spoil_rsa_s(b), spoil_short(b); }

static void run_row(struct bench *b, const struct row *row, enum lk_exchange_id exchange)
{
    struct lk_key saved = b->rig.key[b->key];
    uint32_t index = b->len > LK_SLOT_SMALL_BODY_BYTES ? b->rig.map.small_per_loop : 0;
    b->slot = lk_rig_fill(&b->rig, index, exchange, b->key, lk_bytes_of(b->payload, b->len));
    row->spoil(b);
    memcpy(b->slot->body, b->payload, b->len);
    uint64_t denied = b->rig.counters->value[LK_C_VAULT_DENIED];
    lk_rig_push(&b->rig, index);
    assert_int_equal(lk_rig_run(&b->rig), 1);
    b->rig.key[b->key] = saved;
    struct lk_slot *home = lk_rig_home(&b->rig, 0);
    assert_int_equal(home->verdict, LK_VERDICT_ANSWER);
    if (home->status != row->status) fail_msg("%s: %u", row->what, home->status);
    assert_int_equal(home->result_bytes > 0, row->status == LK_STATUS_SUCCESS);
    if (b->rig.counters->value[LK_C_VAULT_DENIED] - denied != row->denied) fail_msg("%s: denied", row->what);
}

static void run_rows(void **state, const struct row *rows, size_t count, const char *list,
                     const char *name, enum lk_exchange_id exchange, uint32_t key)
{
    struct bench *b = *state;
    if (b->vectors.root == NULL) skip();
    b->key = key;
    for (size_t i = 0; i < count; i++) {
        load(b, list, name);
        run_row(b, &rows[i], exchange);
    }
}
#define RUN(rows, list, name, exchange, key)                                                      \
    run_rows(state, rows, sizeof rows / sizeof rows[0], list, name, exchange, key)

static void tls12_statuses_of_ecdhe_with_a_proof(void **state)
{
    static const struct row rows[] = {
        {"unchanged", 1, false, spoil_nothing},
        {"exchange without key", 2, true, spoil_exchange},
        {"job past its slot", 2, true, spoil_body},
        {"a byte less", 3, true, spoil_short},
        {"a byte more", 3, true, spoil_long},
        {"key id type", 4, true, spoil_key_id_type},
        {"curve type", 10, true, spoil_curve_type},
        {"group", 11, true, spoil_group},
        {"proof function", 12, true, spoil_poo_prf},
        {"another key", 5, true, spoil_key_id},
        {"another tenant", 5, true, spoil_tenant},
        {"exchange closed", 5, true, close_exchange},
        {"freshness function", 7, true, spoil_funct},
        {"S outside", 6, false, spoil_ecdhe_s},
        {"scheme of SHA-1", 14, false, spoil_scheme},
        {"scheme of another key", 14, false, spoil_scheme_kind},
        {"hash closed", 14, false, close_hash},
        {"bG off the curve", 3, false, spoil_point},
        {"bG compressed", 3, false, spoil_point_form},
        {"vG off the curve", 3, false, spoil_poo_point},
        {"r", 13, false, spoil_poo_r},
        {"key before S", 5, true, spoil_key_id_and_s},
        {"S before scheme", 6, false, spoil_s_and_scheme},
        {"scheme before point", 14, false, spoil_scheme_and_point},
        {"point before proof", 3, false, spoil_point_and_r},
        {"unchanged again", 1, false, spoil_nothing},
    };
    RUN(rows, "ecdhe", "ecdhe RSA PKCS#1 sha256, group 23, sha256_128", LK_X_TLS12_ECDHE, KEY_RSA);
}

static void tls12_statuses_of_ecdhe_without_proof(void **state)
{
    static const struct row rows[] = {
        {"unchanged", 1, false, spoil_nothing},
        {"point off the curve", 3, false, spoil_point},
        {"front grants no null", 12, false, spoil_flag},
        {"key grants no null", 12, true, close_null},
        {"point before null", 3, false, spoil_point_and_flag},
    };
    RUN(rows, "ecdhe", "ecdhe ECDSA P-256 sha256, group 23, poo null", LK_X_TLS12_ECDHE, KEY_ECDSA);
}

static void tls12_statuses_of_rsa_master(void **state)
{
    static const struct row rows[] = {
        {"unchanged", 1, false, spoil_nothing},
        {"PRF hash", 14, false, spoil_prf},
        {"PRF hash past any mask", 14, false, spoil_prf_far},
        {"hash closed", 14, false, close_hash},
        {"S outside", 6, false, spoil_rsa_s},
        {"ciphertext short", 3, false, spoil_short},
        {"ciphertext long", 3, false, spoil_long},
        {"PRF hash before S", 14, false, spoil_prf_and_s},
        {"S before length", 6, false, spoil_s_and_length},
    };
    RUN(rows, "rsa", "rsa_master sha256", LK_X_TLS12_RSA_MASTER, KEY_RSA);
}

static void tls12_statuses_of_the_handshake_forms(void **state)
{
    static const struct row rows[] = {
        {"unchanged", 1, false, spoil_nothing},
        {"version", 3, false, spoil_version},
        {"hash closed", 14, false, close_hash},
        {"Finished", 9, false, spoil_verify_data},
        {"a byte less", 3, true, spoil_short},
        {"function before layout", 7, true, spoil_funct_and_version},
    };
    RUN(rows, "rsa", "rsa_master_with_poh", LK_X_TLS12_RSA_MASTER_WITH_POH, KEY_RSA);
}

static uint32_t rig_add(struct lk_rig *rig, EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    char *pem = strndup(text, (size_t)len);
    uint32_t key = lk_rig_key(rig, pem);
    free(pem);
    BIO_free(bio);
    return key;
}

/* The certificate in the messages is another key's: step 4. The key id names the second key. */
static void tls12_handshake_of_another_certificate_is_malformed(void **state)
{
    struct bench *b = *state;
    if (b->vectors.root == NULL) skip();
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    b->key = rig_add(&b->rig, pkey);
    load(b, "rsa", "rsa_extended_master");
    memcpy(b->payload + KEY_ID + 1, b->rig.key[b->key].keyid.id[0], LK_KEY_ID_BYTES);
    run_row(b, &(struct row){"other certificate", 3, false, spoil_nothing}, LK_X_TLS12_RSA_EXTENDED_MASTER);
    EVP_PKEY_free(pkey);
}

/* Decryption asked of a key that only signs: as if there were no such key. */
static void tls12_decryption_by_an_ecdsa_key_is_no_key(void **state)
{
    struct bench *b = *state;
    if (b->vectors.root == NULL) skip();
    b->key = KEY_ECDSA;
    load(b, "rsa", "rsa_master sha256");
    memcpy(b->payload + KEY_ID + 1, b->rig.key[KEY_ECDSA].keyid.id[0], LK_KEY_ID_BYTES);
    run_row(b, &(struct row){"ECDSA key", 5, true, spoil_nothing}, LK_X_TLS12_RSA_MASTER);
}

static void tls12_unknown_handle_is_temporary(void **state)
{
    struct bench *b = *state;
    if (b->vectors.root == NULL) skip();
    load(b, "rsa", "rsa_master sha256");
    lk_rig_fill(&b->rig, 0, LK_X_TLS12_RSA_MASTER, KEY_RSA, lk_bytes_of(b->payload, b->len))
        ->key_handle = UINT64_C(7) << 32;
    lk_rig_push(&b->rig, 0);
    lk_rig_run(&b->rig);
    assert_int_equal(lk_rig_home(&b->rig, 0)->verdict, LK_VERDICT_TEMPORARY);
    assert_int_equal(b->rig.counters->value[LK_C_REFUSED_HANDLE], 1);
}

/* --- every scheme ----------------------------------------------------------------------------- */

static const struct scheme {
    uint16_t scheme;
    const char *md; /* NULL: the algorithm's own */
    bool pss;
    uint32_t kinds; /* bits: index in made */
} schemes[] = {
    {0x0401, "SHA256", false, 1 << 0}, {0x0501, "SHA384", false, 1 << 0}, {0x0601, "SHA512", false, 1 << 0},
    {0x0804, "SHA256", true, 1 << 0},  {0x0805, "SHA384", true, 1 << 0},  {0x0806, "SHA512", true, 1 << 0},
    {0x0809, "SHA256", true, 1 << 1},  {0x080a, "SHA384", true, 1 << 1},  {0x080b, "SHA512", true, 1 << 1},
    {0x0403, "SHA256", false, 7 << 2}, {0x0503, "SHA384", false, 7 << 2}, {0x0603, "SHA512", false, 7 << 2},
    {0x0807, NULL, false, 1 << 5},     {0x0808, NULL, false, 1 << 6},
    {0x0201, "SHA1", false, 0},        {0x0203, "SHA1", false, 0},        {0x0301, "SHA224", false, 0},
};
enum { MADE = 7 };

static EVP_PKEY *make(unsigned i)
{
    switch (i) {
    case 0: return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case 2: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case 3: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case 4: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    case 5: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case 6: return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    default: break;
    }
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool verify(EVP_PKEY *key, const struct scheme *s, struct lk_bytes text, struct lk_bytes signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &pctx, s->md, NULL, NULL, key, NULL), 1);
    if (s->pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    int good = EVP_DigestVerify(ctx, signature.data, signature.len, text.data, text.len);
    EVP_MD_CTX_free(ctx);
    return good == 1;
}

static void check_scheme(struct lk_rig *rig, uint32_t key, EVP_PKEY *pkey, const struct scheme *s, bool fits)
{
    uint8_t payload[LK_ECDHE_ASK_BYTES], text[64 + 36];
    struct lk_ecdhe_ask ask = {.scheme = s->scheme, .time = (uint32_t)rig->now_unix_s, .number = s->scheme};
    struct lk_bytes bytes = lk_ecdhe_ask(&rig->key[key], &ask, payload);
    struct lk_slot *slot = lk_rig_ask(rig, LK_X_TLS12_ECDHE, key, bytes);
    if (slot->status != (fits ? LK_STATUS_SUCCESS : LK_TLS12_INVALID_CIPHER_OR_PRF_HASH))
        fail_msg("scheme %04x, key %u: status %u", s->scheme, key, slot->status);
    if (!fits) return;
    memcpy(text, payload + 6, 32); /* client_random */
    lk_freshness_tls12(0, payload + LK_ECDHE_S_AT, text + 32);
    memcpy(text + 64, payload + CURVE_TYPE, 36);
    struct lk_bytes signature;
    assert_true(lk_tls12_signature_parse(lk_rig_result(slot), &signature));
    if (!verify(pkey, s, lk_bytes_of(text, sizeof text), signature))
        fail_msg("scheme %04x, key %u: bad signature", s->scheme, key);
}

static void tls12_every_scheme_signs_with_its_keys_alone(void **state)
{
    (void)state;
    static struct lk_rig rig;
    lk_rig_init(&rig);
    rig.conf.check_ecdsa = true;
    EVP_PKEY *pkey[MADE];
    for (unsigned i = 0; i < MADE; i++) {
        pkey[i] = make(i);
        assert_int_equal(rig_add(&rig, pkey[i]), i);
    }
    lk_rig_start(&rig, 1);
    for (unsigned i = 0; i < MADE; i++)
        for (size_t s = 0; s < sizeof schemes / sizeof schemes[0]; s++)
            check_scheme(&rig, i, pkey[i], &schemes[s], (schemes[s].kinds >> i & 1) != 0);
    for (unsigned i = 0; i < MADE; i++)
        EVP_PKEY_free(pkey[i]);
    lk_rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls12_statuses_of_ecdhe_with_a_proof),
        cmocka_unit_test(tls12_statuses_of_ecdhe_without_proof),
        cmocka_unit_test(tls12_statuses_of_rsa_master),
        cmocka_unit_test(tls12_statuses_of_the_handshake_forms),
        cmocka_unit_test(tls12_handshake_of_another_certificate_is_malformed),
        cmocka_unit_test(tls12_decryption_by_an_ecdsa_key_is_no_key),
        cmocka_unit_test(tls12_unknown_handle_is_temporary),
        cmocka_unit_test(tls12_every_scheme_signs_with_its_keys_alone),
    };
    return cmocka_run_group_tests(tests, bench_open, bench_close);
}
