/* split.sign_cert_request through slot, ring, a worker's turn and back: known answers by another encoder
 * and signer (tests/vectors/lurk/cert_request.py), what the vault refuses by itself, rate and record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/base/clock.h"
#include "core/wire/header.h"
#include "tests/support/der_text.h"
#include "tests/support/rig.h"
#include "tests/support/roundtrip.h"
#include "tests/support/vectors.h"

enum { KEY_RSA, KEY_P256, KEY_ED25519, KEY_COUNT };
static const char *const names[KEY_COUNT] = {"rsa", "ecdsa_p256", "ed25519"};

struct desk {
    struct lk_rig rig;
    struct lk_vectors vectors;
    uint8_t chain[KEY_COUNT][2048];
};

static void give_chain(struct desk *d, uint32_t key, struct lk_bytes certificate)
{
    struct lk_writer w = lk_writer_of(d->chain[key], sizeof d->chain[key]);
    lk_writer_vec24(&w, certificate);
    assert_false(w.bad);
    lk_rig_chain(&d->rig, key, lk_bytes_of(d->chain[key], w.len));
}

static int desk_open(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    *state = d;
    lk_rig_init(&d->rig);
    if (!lk_vectors_open(&d->vectors, "lurk/cert_request.json")) return -1;
    const json_t *keys = json_object_get(d->vectors.root, "keys");
    for (uint32_t i = 0; i < KEY_COUNT; i++) {
        const json_t *key = json_object_get(keys, names[i]);
        lk_rig_key(&d->rig, lk_vectors_text(key, "pkcs8_pem"));
        give_chain(d, i, lk_vectors_hex(&d->vectors, key, "certificate_der"));
    }
    lk_rig_start(&d->rig, 1);
    return 0;
}

static int desk_close(void **state)
{
    struct desk *d = *state;
    lk_rig_fini(&d->rig);
    lk_vectors_close(&d->vectors);
    free(d);
    return 0;
}

static uint32_t key_of(const json_t *row)
{
    uint32_t key = 0;
    while (strcmp(names[key], lk_vectors_text(row, "key")) != 0)
        key++;
    return key;
}

static struct lk_bytes payload_of(struct desk *d, const json_t *row, const char *field)
{
    struct lk_bytes message = lk_vectors_hex(&d->vectors, row, field);
    struct lk_bytes cut;
    assert_int_equal(lk_header_next(message, LK_MESSAGE_BYTES_MAX, &cut), LK_CUT_MESSAGE);
    assert_int_equal(cut.len, message.len);
    assert_int_equal(lk_exchange_find(message.data[0], message.data[1], message.data[2]),
                     LK_X_SPLIT_SIGN_CERT_REQUEST);
    return lk_bytes_of(message.data + LK_HEADER_BYTES, message.len - LK_HEADER_BYTES);
}

/* The wire alone: each parses to what writes the same bytes, and a byte less or more is no request. */
static void cert_request_parses_to_its_last_byte(void **state)
{
    struct desk *d = *state;
    enum lk_exchange_id exchange = LK_X_SPLIT_SIGN_CERT_REQUEST;
    size_t i;
    const json_t *row;
    json_array_foreach(lk_vectors_rows(&d->vectors, "good"), i, row) {
        struct lk_bytes request = payload_of(d, row, "request");
        assert_int_equal(lk_roundtrip_request(exchange, request), 0);
        for (size_t len = 0; len < request.len; len++) {
            struct lk_bytes cut = lk_vectors_copy(&d->vectors, lk_bytes_of(request.data, len));
            assert_int_equal(lk_roundtrip_request(exchange, cut), LK_SPLIT_INVALID_PAYLOAD_FORMAT);
        }
        uint8_t more[1024] = {0};
        memcpy(more, request.data, request.len);
        assert_int_equal(lk_roundtrip_request(exchange, lk_bytes_of(more, request.len + 1)),
                         LK_SPLIT_INVALID_PAYLOAD_FORMAT);
        more[0] = 1;
        assert_int_equal(lk_roundtrip_request(exchange, lk_bytes_of(more, request.len)),
                         LK_SPLIT_INVALID_KEY_ID_TYPE);
    }
}

/* Each a second after the one before: the rate is another test's. */
static struct lk_slot *ask(struct desk *d, uint32_t key, struct lk_bytes payload)
{
    d->rig.now_ns += LK_NS_PER_S;
    return lk_rig_ask(&d->rig, LK_X_SPLIT_SIGN_CERT_REQUEST, key, payload);
}

static bool verifies(const struct desk *d, uint32_t key, struct lk_bytes request, struct lk_bytes text,
                     struct lk_bytes reply)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(d->rig.key[key].engine);
    const unsigned char *at = facts->spki;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)facts->spki_bytes);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    uint16_t scheme = (uint16_t)(request.data[5] << 8 | request.data[6]);
    const char *hash = scheme >> 8 == 8 ? scheme == 0x0804 ? "SHA256" : NULL
                       : scheme >> 8 == 4 ? "SHA256" : "SHA384";
    struct lk_bytes signature;
    bool good = lk_split_signature_parse(reply, &signature) &&
                EVP_DigestVerifyInit_ex(ctx, &pctx, hash, NULL, NULL, pkey, NULL) == 1;
    if (good && scheme == 0x0804)
        good = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestVerify(ctx, signature.data, signature.len, text.data, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

static void cert_request_answers_are_those_of_the_vectors(void **state)
{
    struct desk *d = *state;
    size_t i;
    const json_t *row;
    int same = 0, verified = 0;
    json_array_foreach(lk_vectors_rows(&d->vectors, "good"), i, row) {
        uint32_t key = key_of(row);
        struct lk_bytes request = payload_of(d, row, "request");
        struct lk_slot *slot = ask(d, key, request);
        if (slot->status != 1) fail_msg("%s: %u", lk_vectors_text(row, "name"), slot->status);
        struct lk_bytes reply = lk_rig_result(slot);
        if (!verifies(d, key, request, lk_vectors_hex(&d->vectors, row, "signed"), reply))
            fail_msg("%s", lk_vectors_text(row, "name"));
        verified++;
        if (json_object_get(row, "response") == NULL) continue;
        assert_true(lk_bytes_equal(reply, payload_of(d, row, "response")));
        same++;
    }
    assert_int_equal(verified, 20);
    assert_int_equal(same, 8);
}

/* Refused, and nothing was signed: no record is due. */
static void cert_request_refuses_what_is_none_of_the_key_s(void **state)
{
    struct desk *d = *state;
    struct lk_audit_record record[64];
    size_t i;
    const json_t *row;
    while (lk_audit_take(d->rig.audit, record, 64) > 0)
        ;
    json_array_foreach(lk_vectors_rows(&d->vectors, "refused"), i, row) {
        struct lk_slot *slot = ask(d, key_of(row), payload_of(d, row, "request"));
        assert_int_equal(slot->verdict, LK_VERDICT_ANSWER);
        if (slot->status != json_integer_value(json_object_get(row, "status")))
            fail_msg("%s: %u", lk_vectors_text(row, "name"), slot->status);
        assert_int_equal(slot->result_bytes, 0);
        bool judged = slot->status == 3 || slot->status == 20 || slot->status == 21;
        assert_int_equal(slot->why != 0, judged); /* for the log of the front */
    }
    assert_int_equal(lk_audit_take(d->rig.audit, record, 64), 0);
}

static const json_t *first_of(const struct desk *d, uint32_t key)
{
    size_t i;
    const json_t *row;
    json_array_foreach(lk_vectors_rows(&d->vectors, "good"), i, row)
        if (key_of(row) == key) return row;
    fail();
    return NULL;
}

/* Whatever the front granted: the vault has the key's own rights, tenant and certificate. */
static void cert_request_is_bounded_by_the_key_s_own_word(void **state)
{
    struct desk *d = *state;
    struct lk_bytes request = payload_of(d, first_of(d, KEY_RSA), "request");
    struct lk_key *key = &d->rig.key[KEY_RSA];
    struct lk_key_rights rights = key->rights;
    key->rights.exchanges &= ~LK_EXCHANGE_BIT(LK_X_SPLIT_SIGN_CERT_REQUEST);
    assert_int_equal(ask(d, KEY_RSA, request)->status, LK_SPLIT_INVALID_KEY_ID);
    key->rights = rights;
    key->rights.hashes = 1u << LK_SHA384;
    assert_int_equal(ask(d, KEY_RSA, request)->status, LK_SPLIT_INVALID_SIG_SCHEME);
    key->rights = rights;
    assert_int_equal(ask(d, KEY_P256, request)->status, LK_SPLIT_INVALID_KEY_ID); /* of another name */
    lk_rig_chain(&d->rig, KEY_RSA, lk_bytes_of(NULL, 0));
    assert_int_equal(ask(d, KEY_RSA, request)->status, LK_SPLIT_INVALID_KEY_ID);
    const json_t *of_key = json_object_get(json_object_get(d->vectors.root, "keys"), "rsa");
    give_chain(d, KEY_RSA, lk_vectors_hex(&d->vectors, of_key, "certificate_der"));
    assert_int_equal(ask(d, KEY_RSA, request)->status, 1);
}

/* So many a second for a peer and a key, counted apart from premasters. */
static void cert_request_is_rated(void **state)
{
    struct desk *d = *state;
    struct lk_bytes request = payload_of(d, first_of(d, KEY_ED25519), "request");
    uint32_t most = d->rig.conf.rate_per_s[LK_RATED_CERT_REQUEST], got = 0;
    d->rig.now_ns += 10 * LK_NS_PER_S;
    struct lk_slot *slot = lk_rig_ask(&d->rig, LK_X_SPLIT_SIGN_CERT_REQUEST, KEY_ED25519, request);
    for (; got <= most && slot->status == 1; got++)
        slot = lk_rig_ask(&d->rig, LK_X_SPLIT_SIGN_CERT_REQUEST, KEY_ED25519, request);
    assert_int_equal(got, most);
    assert_int_equal(slot->verdict, LK_VERDICT_ANSWER); /* no reason to leave this server alone */
    assert_int_equal(slot->status, LK_SPLIT_TOO_MANY_REQUESTS);
    assert_int_equal(atomic_load(&d->rig.counters->value[LK_C_REFUSED_CERT_REQUEST_RATE]), 1);
    assert_int_equal(atomic_load(&d->rig.counters->value[LK_C_REFUSED_RATE]), 0);
    struct lk_rate_use use = {.peer_hash = 7,
                              .key_full = d->rig.key[KEY_ED25519].keyid.full,
                              .kind = LK_RATED_PREMASTER};
    assert_true(lk_rate_take(&d->rig.rate, &use, 1, d->rig.now_ns));
    use.kind = LK_RATED_CERT_REQUEST;
    assert_false(lk_rate_take(&d->rig.rate, &use, most, d->rig.now_ns));
    assert_int_equal(ask(d, KEY_ED25519, request)->status, 1);
}

/* Who asks is the front's word: a fresh name for each does not help it. */
static void cert_request_is_rated_for_all_peers(void **state)
{
    struct desk *d = *state;
    struct lk_bytes request = payload_of(d, first_of(d, KEY_ED25519), "request");
    uint32_t most = LK_RATE_PEERS * d->rig.conf.rate_per_s[LK_RATED_CERT_REQUEST], got = 0;
    const struct lk_slot *home = NULL;
    d->rig.now_ns += 10 * LK_NS_PER_S;
    for (; got <= most && (home == NULL || home->status == 1); got++) {
        struct lk_slot *slot = lk_rig_fill(&d->rig, 0, LK_X_SPLIT_SIGN_CERT_REQUEST, KEY_ED25519, request);
        slot->peer_hash = UINT64_C(0x9e3779b97f4a7c15) * (got + 100);
        lk_rig_push(&d->rig, 0);
        lk_rig_run(&d->rig);
        home = lk_rig_home(&d->rig, 0);
    }
    assert_int_equal(home->status, LK_SPLIT_TOO_MANY_REQUESTS);
    assert_int_equal(got - 1, most);
    /* Those of another key are not in it. */
    assert_int_equal(lk_rig_ask(&d->rig, LK_X_SPLIT_SIGN_CERT_REQUEST, KEY_P256,
                                payload_of(d, first_of(d, KEY_P256), "request"))->status, 1);
}

static void cert_request_leaves_a_record(void **state)
{
    struct desk *d = *state;
    struct lk_audit_record record[64];
    const json_t *row = first_of(d, KEY_P256);
    struct lk_bytes text = lk_vectors_hex(&d->vectors, row, "signed");
    uint8_t digest[LK_SHA256_BYTES];
    while (lk_audit_take(d->rig.audit, record, 64) > 0)
        ;
    assert_int_equal(ask(d, KEY_P256, payload_of(d, row, "request"))->status, 1);
    assert_int_equal(lk_audit_take(d->rig.audit, record, 64), 1);
    assert_int_equal(record[0].exchange, LK_X_SPLIT_SIGN_CERT_REQUEST);
    assert_int_equal(record[0].scheme, 0x0403);
    assert_int_equal(record[0].status, 1);
    assert_int_equal(record[0].edge, 3);
    assert_memory_equal(record[0].key_full, d->rig.key[KEY_P256].keyid.full, 32);
    lk_sha256(text.data, text.len, digest);
    assert_memory_equal(record[0].random, digest, sizeof record[0].random);
}

/* EdDSA signs the text itself, which may be longer than the place for what the vault composes. */
static void cert_request_may_be_long(void **state)
{
    struct desk *d = *state;
    static struct lk_der_text crt_room, info_room;
    static char list[3 * LK_DER_TEXT_BYTES], text[4 * LK_DER_TEXT_BYTES];
    const struct lk_key_facts *facts = lk_engine_key_facts(d->rig.key[KEY_ED25519].engine);
    struct lk_bytes spki = lk_bytes_of(facts->spki, facts->spki_bytes);
    int len = 0;
    for (int i = 0; i < 80; i++)
        len += snprintf(list + len, sizeof list - (size_t)len, "82{ 'name-%02d.of-a-site.example' } ", i);
    (void)snprintf(text, sizeof text,
                   "30{ 30{ a0{ 020102 } 020105 30{ 06032b6570 } 30{} 30{} 30{} K a3{ 30{ 30{ 0603551d11 04{ 30{ %s } } } } } } }",
                   list);
    struct lk_bytes crt = lk_der_text(text, spki, &crt_room);
    static uint8_t chain[LK_DER_TEXT_BYTES + 3], payload[LK_DER_TEXT_BYTES + 16];
    struct lk_writer w = lk_writer_of(chain, sizeof chain);
    lk_writer_vec24(&w, crt);
    lk_rig_chain(&d->rig, KEY_ED25519, lk_bytes_of(chain, w.len));
    (void)snprintf(text, sizeof text,
                   "30{ 020100 30{} K a0{ 30{ 06092a864886f70d01090e 31{ 30{ 30{ 0603551d11 04{ 30{ %s } } } } } } } }", list);
    struct lk_split_cert_request request = {.scheme = 0x0807, .info = lk_der_text(text, spki, &info_room)};
    memcpy(request.key_id + 1, d->rig.key[KEY_ED25519].keyid.id[0], LK_KEY_ID_BYTES);
    w = lk_writer_of(payload, sizeof payload);
    lk_split_cert_request_write(&w, &request);
    assert_true(!w.bad && w.len > LK_SLOT_SMALL_BODY_BYTES && w.len > LK_RSA_BYTES_MAX);
    struct lk_slot *slot = ask(d, KEY_ED25519, lk_bytes_of(payload, w.len));
    assert_int_equal(slot->status, 1);
    assert_true(verifies(d, KEY_ED25519, lk_bytes_of(payload, w.len), request.info, lk_rig_result(slot)));
    const json_t *of_key = json_object_get(json_object_get(d->vectors.root, "keys"), "ed25519");
    give_chain(d, KEY_ED25519, lk_vectors_hex(&d->vectors, of_key, "certificate_der"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cert_request_parses_to_its_last_byte),
        cmocka_unit_test(cert_request_answers_are_those_of_the_vectors),
        cmocka_unit_test(cert_request_refuses_what_is_none_of_the_key_s),
        cmocka_unit_test(cert_request_is_bounded_by_the_key_s_own_word),
        cmocka_unit_test(cert_request_is_rated),
        cmocka_unit_test(cert_request_is_rated_for_all_peers),
        cmocka_unit_test(cert_request_leaves_a_record),
        cmocka_unit_test(cert_request_may_be_long),
    };
    return cmocka_run_group_tests(tests, desk_open, desk_close);
}
