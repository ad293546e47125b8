/* What lurk-bench sends is well formed and new each time, and what it takes for right is right:
 * requests go through the server's parsers, verification and proofs through known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/wire/lurk.h"
#include "tests/support/vectors.h"
#include "tools/lurk-bench/exchange.h"
#include "tools/lurk-bench/share.h"
#include "tools/lurk-bench/verify.h"

#define NOW_S 1710268418u

static struct lk_bench_draw draw = {.state = 7};
static struct lk_vectors vectors;

static struct lk_bench_key key_of(const char *algorithm, const char *argument, size_t bits)
{
    struct lk_bench_key key = {.id = {0, 1, 2, 3, 4}, .rsa = bits > 0};
    key.pkey = bits ? EVP_PKEY_Q_keygen(NULL, NULL, algorithm, bits)
                    : EVP_PKEY_Q_keygen(NULL, NULL, algorithm, argument);
    assert_non_null(key.pkey);
    key.bytes = (uint32_t)EVP_PKEY_get_size(key.pkey);
    key.scheme = bits ? 0x0401 : 0x0403;
    return key;
}

static void certificate_add(struct lk_bench_key *key)
{
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key->pkey);
    assert_true(X509_sign(certificate, key->pkey, EVP_sha256()) > 0);
    key->certificate_bytes = (uint32_t)i2d_X509(certificate, &key->certificate);
    X509_free(certificate);
}

static void key_drop(struct lk_bench_key *key)
{
    EVP_PKEY_free(key->pkey);
    OPENSSL_free(key->certificate);
}

static struct lk_bytes payload_of(const uint8_t *message, uint32_t bytes)
{
    return lk_bytes_of(message + LK_HEADER_BYTES, bytes - LK_HEADER_BYTES);
}

/* Two fresh requests of one template: the header is right, id and S are new, S starts with the
 * time. */
static void fresh_pair(const struct lk_bench_exchange *row, const struct lk_bench_template *from,
                       uint8_t *first)
{
    uint8_t *second = malloc(from->bytes);
    struct lk_header header;
    assert_true(lk_bench_template_fresh(row, from, 0x1122334455667788, NOW_S, &draw, first));
    assert_true(lk_bench_template_fresh(row, from, 0x99, NOW_S, &draw, second));
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(first, from->bytes));
    lk_header_read(&c, &header);
    assert_int_equal(header.length, from->bytes);
    assert_int_equal(header.type, row->type);
    assert_int_equal(header.status, 0);
    assert_true(header.id == 0x1122334455667788);
    if (from->server_random_at) {
        static const uint8_t time_be[4] = {0x65, 0xf0, 0xa0, 0x02};
        assert_memory_equal(first + from->server_random_at, time_be, 4);
        assert_memory_not_equal(first + from->server_random_at, second + from->server_random_at,
                                LK_RANDOM_BYTES);
        assert_memory_not_equal(first + from->random_at, second + from->random_at, LK_RANDOM_BYTES);
    }
    free(second);
}

static void exchange_rsa_requests_parse(void **state)
{
    struct lk_bench_key key = key_of("RSA", NULL, 2048);
    struct lk_bench_style style = {.prf = LK_SHA384};
    (void)state;
    certificate_add(&key);
    for (int x = LK_BENCH_RSA_MASTER; x <= LK_BENCH_RSA_EXTENDED_MASTER_WITH_POH; x++) {
        const struct lk_bench_exchange *row = &lk_bench_exchanges[x];
        struct lk_bench_template from;
        assert_int_equal(lk_bench_template_make(row, &key, &style, &draw, &from), LK_OK);
        uint8_t *message = malloc(from.bytes);
        fresh_pair(row, &from, message);
        struct lk_tls12_rsa_master plain;
        struct lk_tls12_handshake handshake;
        if (row->type == LK_TLS12_RSA_MASTER) {
            assert_int_equal(lk_tls12_rsa_master_parse(payload_of(message, from.bytes), &plain), 0);
            assert_int_equal(plain.encrypted_premaster.len, 256);
            assert_ptr_equal(plain.server_random, message + from.server_random_at);
            assert_int_equal(plain.prf_hash, LK_SHA384);
        } else {
            assert_int_equal(
                lk_tls12_handshake_parse(payload_of(message, from.bytes), row->type, &handshake),
                0);
            assert_ptr_equal(handshake.server_random, message + from.server_random_at);
            assert_ptr_equal(handshake.client_random, message + from.random_at);
            if (from.proof_at) assert_ptr_equal(handshake.verify_data, message + from.proof_at);
        }
        free(message);
        lk_bench_template_free(&from);
    }
    key_drop(&key);
}

static void exchange_ecdhe_requests_parse(void **state)
{
    static const uint16_t groups[] = {23, 24, 25, 29, 30};
    struct lk_bench_key key = key_of("EC", "P-256", 0);
    (void)state;
    for (unsigned i = 0; i < 15; i++) {
        const struct lk_bench_exchange *row = &lk_bench_exchanges[LK_BENCH_ECDHE];
        struct lk_bench_style style = {.group = groups[i % 5], .proof = (uint8_t)(i / 5)};
        struct lk_bench_template from;
        struct lk_tls12_ecdhe sent;
        assert_int_equal(lk_bench_template_make(row, &key, &style, &draw, &from), LK_OK);
        uint8_t *message = malloc(from.bytes);
        fresh_pair(row, &from, message);
        assert_int_equal(lk_tls12_ecdhe_parse(payload_of(message, from.bytes), &sent), 0);
        assert_int_equal(sent.group, groups[i % 5]);
        assert_int_equal(sent.poo_prf, i / 5);
        assert_int_equal(sent.sig_and_hash, 0x0403);
        assert_ptr_equal(sent.server_random, message + from.server_random_at);
        if (from.proof_at) assert_ptr_equal(sent.poo_r.data, message + from.proof_at);
        free(message);
        lk_bench_template_free(&from);
    }
    key_drop(&key);
}

/* --- known answers ---------------------------------------------------------------------------- */

static struct lk_bench_key vector_key(const char *name)
{
    const char *pem = json_string_value(
        json_object_get(json_object_get(json_object_get(vectors.root, "keys"), name), "pkcs8_pem"));
    BIO *in = BIO_new_mem_buf(pem, -1);
    struct lk_bench_key key = {.pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL)};
    BIO_free(in);
    assert_non_null(key.pkey);
    key.bytes = (uint32_t)EVP_PKEY_get_size(key.pkey);
    return key;
}

/* The premaster, by the private key of the vectors; false where the padding is not right. */
static bool decrypt(const struct lk_bench_key *key, struct lk_bytes encrypted,
                    uint8_t premaster[LK_MASTER_BYTES])
{
    uint8_t out[512];
    size_t bytes = sizeof(out);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool good = EVP_PKEY_decrypt_init(ctx) == 1 &&
                EVP_PKEY_decrypt(ctx, out, &bytes, encrypted.data, encrypted.len) == 1 &&
                bytes == LK_MASTER_BYTES;
    EVP_PKEY_CTX_free(ctx);
    if (good) memcpy(premaster, out, LK_MASTER_BYTES);
    return good && out[0] == 3 && out[1] == 3;
}

/* The template that a request of the vectors would have come from. False: a form that is not
 * ours. */
static bool template_of(const struct lk_bench_key *key, struct lk_bytes request,
                        struct lk_bench_template *out)
{
    struct lk_tls12_handshake handshake;
    struct lk_bytes payload = payload_of(request.data, (uint32_t)request.len);
    uint8_t type = request.data[2];
    *out = (struct lk_bench_template){.bytes = (uint32_t)request.len};
    if (type == LK_TLS12_RSA_MASTER) {
        out->prf = payload.data[6];
        out->random_at = LK_HEADER_BYTES + 7;
        out->server_random_at = out->random_at + LK_RANDOM_BYTES;
        return decrypt(key, lk_bytes_of(payload.data + 71, payload.len - 71), out->premaster);
    }
    if (lk_tls12_handshake_parse(payload, type, &handshake) != 0) return false;
    out->random_at = (uint32_t)(handshake.client_random - request.data);
    out->server_random_at = (uint32_t)(handshake.server_random - request.data);
    out->proof_bytes = handshake.verify_data ? LK_VERIFY_DATA_BYTES : 0;
    return lk_rsa_suite_find(handshake.cipher_suite)->prf_hash == LK_SHA256 &&
           handshake.through_key_exchange == handshake.messages.len &&
           decrypt(key, handshake.encrypted_premaster, out->premaster);
}

static void exchange_masters_are_told_right_from_wrong(void **state)
{
    struct lk_bench_key key = vector_key("rsa");
    size_t i, checked = 0;
    json_t *row;
    (void)state;
    json_array_foreach(lk_vectors_rows(&vectors, "rsa"), i, row)
    {
        struct lk_bytes request = lk_vectors_hex(&vectors, row, "request");
        struct lk_bytes response = lk_vectors_hex(&vectors, row, "response");
        struct lk_bench_template from;
        if (response.data[3] != 1 || !template_of(&key, request, &from)) continue;
        bool (*verify)(const struct lk_bench_template *, const uint8_t *,
                       struct lk_bytes) = request.data[2] == LK_TLS12_RSA_MASTER
                                              ? lk_bench_verify_master
                                              : lk_bench_verify_handshake;
        uint8_t wrong[LK_MASTER_BYTES];
        memcpy(wrong, response.data + LK_HEADER_BYTES, sizeof(wrong));
        assert_true(verify(&from, request.data, lk_bytes_of(wrong, sizeof(wrong))));
        wrong[checked % LK_MASTER_BYTES] ^= 1;
        assert_false(verify(&from, request.data, lk_bytes_of(wrong, sizeof(wrong))));
        if (from.proof_bytes) {
            uint8_t finished[LK_VERIFY_DATA_BYTES];
            lk_bench_verify_finished(&from, request.data, finished);
            assert_memory_equal(finished, request.data + request.len - LK_VERIFY_DATA_BYTES,
                                LK_VERIFY_DATA_BYTES);
        }
        checked++;
    }
    assert_true(checked >= 5);
    key_drop(&key);
}

static void exchange_signatures_are_told_right_from_wrong(void **state)
{
    struct lk_bench_key keys[] = {vector_key("rsa"), vector_key("ecdsa_p256"),
                                  vector_key("ed25519")};
    size_t i, checked = 0;
    json_t *row;
    (void)state;
    json_array_foreach(lk_vectors_rows(&vectors, "ecdhe"), i, row)
    {
        struct lk_bytes request = lk_vectors_hex(&vectors, row, "request");
        struct lk_bytes response = lk_vectors_hex(&vectors, row, "response");
        uint16_t scheme = (uint16_t)(request.data[LK_HEADER_BYTES + 70] << 8 |
                                     request.data[LK_HEADER_BYTES + 71]);
        struct lk_bench_template from = {.bytes = (uint32_t)request.len};
        if (response.len <= LK_HEADER_BYTES + 8) continue;
        for (unsigned k = 0; k < 3; k++)
            if (lk_bench_key_scheme_fits(&keys[k], scheme)) from.key = &keys[k];
        if (!from.key) continue;
        struct lk_bytes good = payload_of(response.data, (uint32_t)response.len);
        assert_true(lk_bench_plausible_signature(&from, good));
        assert_true(lk_bench_verify_signature(&from, request.data, good));
        uint8_t *wrong = malloc(request.len);
        memcpy(wrong, request.data, request.len);
        wrong[LK_HEADER_BYTES + 6 + checked % 64] ^= 1; /* another client_random or S was signed */
        assert_false(lk_bench_verify_signature(&from, wrong, good));
        free(wrong);
        checked++;
    }
    assert_true(checked >= 3);
    for (unsigned k = 0; k < 3; k++)
        key_drop(&keys[k]);
}

/* The vectors write the private keys of x25519 and x448 as RFC 7748 does, last byte first. */
static void copy_scalar(uint8_t *to, struct lk_bytes from, size_t width, bool backwards)
{
    assert_int_equal(from.len, width);
    for (size_t i = 0; i < width; i++)
        to[i] = from.data[backwards ? width - 1 - i : i];
}

static void exchange_proofs_match_known_answers(void **state)
{
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(lk_vectors_rows(&vectors, "poo"), i, row)
    {
        const struct lk_group_row *group = lk_group_find(
            (uint16_t)json_integer_value(json_object_get(row, "group")));
        uint8_t message[1024] = {0}, scratch[256], zero[LK_BENCH_SCALAR_BYTES_MAX] = {0};
        struct lk_bytes r = lk_vectors_hex(&vectors, row, "r");
        struct lk_tls12_ecdhe sent = {
            .client_random = lk_vectors_hex(&vectors, row, "client_random").data,
            .server_random = lk_vectors_hex(&vectors, row, "server_random").data,
            .sig_and_hash = (uint16_t)strtoul(lk_vectors_text(row, "sig_and_hash"), NULL, 16),
            .params = lk_vectors_hex(&vectors, row, "ecdhe_params"),
            .poo_prf = strcmp(lk_vectors_text(row, "poo_prf"), "sha256_128") == 0 ? 1 : 2,
            .poo_point = lk_vectors_hex(&vectors, row, "vG"),
            .poo_r = lk_bytes_of(zero, group->scalar_bytes),
        };
        memcpy(sent.common.key_id, lk_vectors_hex(&vectors, row, "key_id").data,
               sizeof(sent.common.key_id));
        struct lk_writer w = lk_writer_of(message, sizeof(message));
        w.len = LK_HEADER_BYTES;
        lk_tls12_ecdhe_write(&w, &sent);
        struct lk_bench_template from = {.bytes = (uint32_t)w.len,
                                         .group = group->group,
                                         .proof_bytes = group->scalar_bytes,
                                         .proof_at = (uint32_t)w.len - group->scalar_bytes};
        copy_scalar(from.b, lk_vectors_hex(&vectors, row, "private_b"), group->scalar_bytes,
                    group->group >= LK_GROUP_X25519);
        copy_scalar(from.v, lk_vectors_hex(&vectors, row, "v"), group->scalar_bytes, false);
        assert_true(lk_bench_share_draw(group, scratch, scratch + 100));
        assert_true(lk_bench_share_prove(&from, message));
        assert_int_equal(r.len, group->scalar_bytes);
        assert_memory_equal(message + from.proof_at, r.data, r.len);
    }
}

static int vectors_open(void **state)
{
    (void)state;
    if (!lk_vectors_open(&vectors, "lurk/tls12.json")) skip();
    return 0;
}

static int vectors_close(void **state)
{
    (void)state;
    lk_vectors_close(&vectors);
    return 0;
}

#define KNOWN(name) cmocka_unit_test_setup_teardown(name, vectors_open, vectors_close)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange_rsa_requests_parse),
        cmocka_unit_test(exchange_ecdhe_requests_parse),
        KNOWN(exchange_masters_are_told_right_from_wrong),
        KNOWN(exchange_signatures_are_told_right_from_wrong),
        KNOWN(exchange_proofs_match_known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
