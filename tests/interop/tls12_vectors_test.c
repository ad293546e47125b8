/* The known answers of tls12 through slot, ring, a worker's turn and back, and the signatures that have
 * random parts verified by libcrypto. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "core/wire/header.h"
#include "tests/support/rig.h"
#include "tests/support/vectors.h"

enum { KEY_RSA, KEY_ECDSA, KEY_ED25519, KEY_COUNT };

struct answers {
    struct lk_rig rig;
    struct lk_vectors vectors;
};

static int answers_open(void **state)
{
    struct answers *a = malloc(sizeof *a);
    *state = a;
    lk_rig_init(&a->rig);
    if (!lk_vectors_open(&a->vectors, "lurk/tls12.json")) return 0;
    static const char *const names[] = {"rsa", "ecdsa_p256", "ed25519"};
    const json_t *keys = json_object_get(a->vectors.root, "keys");
    for (size_t i = 0; i < KEY_COUNT; i++)
        lk_rig_key(&a->rig, lk_vectors_text(json_object_get(keys, names[i]), "pkcs8_pem"));
    a->rig.conf.window_s = a->rig.conf.window_ecdhe_s = 60;
    a->rig.now_unix_s = json_integer_value(json_object_get(a->vectors.root, "clock"));
    lk_rig_start(&a->rig, 1);
    return 0;
}

static int answers_close(void **state)
{
    struct answers *a = *state;
    lk_rig_fini(&a->rig);
    if (a->vectors.root != NULL) lk_vectors_close(&a->vectors);
    free(a);
    return 0;
}

/* The key whose id the payload names; the RSA one when none does, as a front would not send it. */
static uint32_t key_of(const struct lk_rig *rig, struct lk_bytes payload)
{
    for (uint32_t k = 0; k < rig->keyring.count; k++)
        for (uint32_t i = 0; i < rig->key[k].keyid.id_count; i++)
            if (memcmp(rig->key[k].keyid.id[i], payload.data + 1, LK_KEY_ID_BYTES) == 0) return k;
    return KEY_RSA;
}

static bool signature_good(EVP_PKEY *key, const EVP_MD *md, struct lk_bytes text, struct lk_bytes signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, md, NULL, key), 1);
    int good = EVP_DigestVerify(ctx, signature.data, signature.len, text.data, text.len);
    EVP_MD_CTX_free(ctx);
    return good == 1;
}

static EVP_PKEY *pem_read(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    return key;
}

/* A success whose bytes are not fixed: a signature over `signed`. */
static void check_signature(struct answers *a, const json_t *row, uint32_t key, struct lk_bytes result)
{
    static const char *const names[] = {"rsa", "ecdsa_p256", "ed25519"};
    const json_t *keys = json_object_get(a->vectors.root, "keys");
    EVP_PKEY *pkey = pem_read(lk_vectors_text(json_object_get(keys, names[key]), "pkcs8_pem"));
    struct lk_bytes signature;
    assert_true(lk_tls12_signature_parse(result, &signature));
    struct lk_bytes text = lk_vectors_hex(&a->vectors, row, "signed");
    assert_true(signature_good(pkey, key == KEY_ED25519 ? NULL : EVP_sha256(), text, signature));
    EVP_PKEY_free(pkey);
}

static void check_row(struct answers *a, const json_t *row)
{
    struct lk_bytes request = lk_vectors_hex(&a->vectors, row, "request");
    struct lk_bytes response = lk_vectors_hex(&a->vectors, row, "response");
    struct lk_cursor c = lk_cursor_of(request), r = lk_cursor_of(response);
    struct lk_header ask, answer;
    lk_header_read(&c, &ask);
    lk_header_read(&r, &answer);
    struct lk_bytes payload = lk_cursor_take(&c, lk_cursor_left(&c));
    struct lk_bytes want = lk_cursor_take(&r, lk_cursor_left(&r));
    uint32_t key = key_of(&a->rig, payload);
    enum lk_exchange_id exchange =
        (enum lk_exchange_id)lk_exchange_find(ask.designation, ask.version, ask.type);
    struct lk_slot *slot = lk_rig_ask(&a->rig, exchange, key, payload);
    assert_int_equal(slot->verdict, LK_VERDICT_ANSWER);
    if (slot->status != answer.status) fail_msg("%s: %u", lk_vectors_text(row, "name"), slot->status);
    if (answer.status != LK_STATUS_SUCCESS) {
        assert_int_equal(slot->result_bytes, 0);
        return;
    }
    if (key == KEY_RSA) {
        assert_int_equal(slot->result_bytes, want.len);
        assert_memory_equal(slot->body, want.data, want.len);
    }
    if (exchange == LK_X_TLS12_ECDHE) check_signature(a, row, key, lk_rig_result(slot));
}

static void check_rows(void **state, const char *name)
{
    struct answers *a = *state;
    if (a->vectors.root == NULL) skip();
    size_t i;
    const json_t *row;
    json_array_foreach(lk_vectors_rows(&a->vectors, name), i, row)
        check_row(a, row);
}

static void tls12_rsa_answers_are_those_of_the_vectors(void **state)
{
    check_rows(state, "rsa");
}

static void tls12_ecdhe_answers_are_those_of_the_vectors(void **state)
{
    check_rows(state, "ecdhe");
}

/* The same ciphertext gets the same answer, good or not: the stand-in is a function of it. */
static void tls12_rsa_answers_repeat(void **state)
{
    check_rows(state, "rsa");
    check_rows(state, "rsa");
}

static void tls12_answers_leave_a_chain_of_records(void **state)
{
    struct answers *a = *state;
    if (a->vectors.root == NULL) skip();
    static struct lk_audit_record records[512];
    uint32_t count = lk_audit_take(a->rig.audit, records, 512);
    uint8_t chain[16] = {0};
    assert_true(count > 0 && count < 512);
    assert_true(lk_audit_verify(chain, records, count));
    uint32_t finished = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(records[i].status == LK_STATUS_SUCCESS || records[i].status == LK_TLS12_INVALID_FINISHED);
        if (records[i].status == LK_TLS12_INVALID_FINISHED) finished++;
        assert_int_equal(records[i].edge, 3);
    }
    assert_true(finished > 0); /* the key was used for these too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls12_rsa_answers_are_those_of_the_vectors),
        cmocka_unit_test(tls12_ecdhe_answers_are_those_of_the_vectors),
        cmocka_unit_test(tls12_rsa_answers_repeat),
        cmocka_unit_test(tls12_answers_leave_a_chain_of_records),
    };
    return cmocka_run_group_tests(tests, answers_open, answers_close);
}
