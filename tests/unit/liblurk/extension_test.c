/* tls13 and split in the client's direction: the vectors' fields give their bytes, their answers
 * their fields; a proof for sign_ske; what no caller may ask for. */
#include "tools/liblurk/lurk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <string.h>

#include "core/exec/poo.h"
#include "core/wire/header.h"
#include "core/wire/split.h"
#include "core/wire/tls13.h"
#include "crypto/dh.h"
#include "crypto/poo.h"
#include "tests/support/vectors.h"

static uint8_t message[LURK_MESSAGE_BYTES_MAX];

static struct lurk_bytes view(struct lk_bytes bytes)
{
    return (struct lurk_bytes){.data = bytes.data, .len = bytes.len};
}

static struct lk_bytes payload_of(struct lk_bytes whole)
{
    return lk_bytes_of(whole.data + LK_HEADER_BYTES, whole.len - LK_HEADER_BYTES);
}

static void assert_message(size_t len, struct lk_bytes want)
{
    lurk_id_set(message, lurk_id_get(want.data));
    assert_int_equal(len, want.len);
    assert_memory_equal(message, want.data, want.len);
}

static struct lurk_answer judged(struct lk_bytes request, struct lk_bytes response)
{
    struct lurk_answer answer = {.size = sizeof answer};
    assert_int_equal(lurk_answer_judge(request.data, view(response), &answer), LURK_OK);
    return answer;
}

/* --- tls13 -------------------------------------------------------------------------------------
 */

static int cert_verify_again(struct lk_bytes payload, size_t *len)
{
    struct lk_tls13_cert_verify read;
    struct lurk_tls13_entry entries[4];
    struct lk_tls13_entry entry;
    size_t count = 0;
    assert_int_equal(lk_tls13_cert_verify_parse(payload, &read), 0);
    struct lk_cursor c = lk_cursor_of(read.certificate.entries);
    while (lk_tls13_entry_read(&c, read.certificate.type, &entry))
        entries[count++] = (struct lurk_tls13_entry){.certificate = view(entry.certificate),
                                                     .extensions = view(entry.extensions)};
    struct lurk_tls13_s_init_cert_verify in = {.size = sizeof in,
                                               .last = read.last,
                                               .freshness = read.freshness,
                                               .ephemeral = read.ephemeral.method,
                                               .group = read.ephemeral.group,
                                               .shared_secret = view(read.ephemeral.bytes),
                                               .handshake = view(read.messages),
                                               .cert_type = read.certificate.type,
                                               .entry = entries,
                                               .entry_count = count,
                                               .secret_request = read.secret_request,
                                               .sig_algo = read.sig_algo};
    if (!read.last) memcpy(in.session_id, read.session_id, 4);
    return lurk_tls13_s_init_cert_verify_write(&in, message, sizeof message, len);
}

static void tls13_vectors_both_ways(void **state)
{
    (void)state;
    struct lk_vectors v;
    const json_t *row;
    size_t i, len;
    if (!lk_vectors_open(&v, "lurk/tls13.json")) skip();
    json_array_foreach(lk_vectors_rows(&v, "s_init_cert_verify"), i, row)
    {
        struct lk_bytes request = lk_vectors_hex(&v, row, "request");
        struct lk_bytes response = lk_vectors_hex(&v, row, "response");
        assert_int_equal(cert_verify_again(payload_of(request), &len), LURK_OK);
        assert_message(len, request);
        struct lurk_answer answer = judged(request, response);
        struct lurk_tls13_signed out = {.size = sizeof out};
        assert_int_equal(lurk_tls13_s_init_cert_verify_read(&answer, &out), LURK_OK);
        assert_true(out.signature.len > 0);
        assert_ptr_equal(out.signature.data + out.signature.len, response.data + response.len);
        unsigned secrets = 0;
        for (size_t k = 0; k < LURK_SECRET_COUNT; k++)
            secrets += out.secret[k].len > 0;
        assert_int_equal(secrets, 5);
        for (size_t cut = 0; cut < answer.payload.len; cut++) { /* to its last byte */
            struct lurk_answer shorter = answer;
            shorter.payload.len = cut;
            assert_int_equal(lurk_tls13_s_init_cert_verify_read(&shorter, &out), LURK_ERR_ANSWER);
        }
    }
    lk_vectors_close(&v);
}

static void tls13_fields_nobody_may_send_are_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[64] = {1};
    struct lurk_tls13_entry entry = {.certificate = {bytes, 4}};
    const struct lurk_tls13_s_init_cert_verify good = {.size = sizeof good,
                                                       .last = true,
                                                       .ephemeral = LURK_E_GENERATED,
                                                       .group = 29,
                                                       .shared_secret = {bytes, 32},
                                                       .handshake = {bytes, 64},
                                                       .cert_type = LURK_CERT_FINGERPRINT,
                                                       .entry = &entry,
                                                       .entry_count = 1};
    struct lurk_tls13_s_init_cert_verify bad[8];
    size_t len;
    assert_int_equal(lurk_tls13_s_init_cert_verify_write(&good, message, sizeof message, &len),
                     LURK_OK);
    for (size_t i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].shared_secret.len = 31;
    bad[1].group = 7;
    bad[2].ephemeral = LURK_NO_SECRET;
    bad[3].freshness = 3;
    bad[4].cert_type = 1;
    bad[5].entry = NULL;
    bad[6].cert_type = LURK_CERT_NONE;
    bad[7].entry_count = 0, bad[7].size = 8;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(
            lurk_tls13_s_init_cert_verify_write(&bad[i], message, sizeof message, &len),
            LURK_ERR_ARGUMENT);
    entry.certificate.len = 5;
    assert_int_equal(lurk_tls13_s_init_cert_verify_write(&good, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    entry.certificate.len = 4;
    assert_int_equal(lurk_tls13_s_init_cert_verify_write(&good, message, 100, &len), LURK_ERR_ROOM);
}

/* --- split -------------------------------------------------------------------------------------
 */

static int premaster_again(struct lk_bytes payload, size_t *len)
{
    struct lk_split_rsa_premaster read;
    assert_int_equal(lk_split_rsa_premaster_parse(payload, &read), 0);
    struct lurk_split_rsa_premaster in = {.size = sizeof in,
                                          .client_version = read.client_version,
                                          .encrypted_premaster = view(read.ciphertext)};
    memcpy(in.key_id, read.key_id + 1, 4);
    return lurk_split_rsa_premaster_write(&in, message, sizeof message, len);
}

static int sign_ske_again(struct lk_bytes payload, size_t *len)
{
    struct lk_split_sign_ske read;
    assert_int_equal(lk_split_sign_ske_parse(payload, &read), 0);
    struct lurk_proof proof = {.size = sizeof proof,
                               .prf = read.poo_prf,
                               .point_len = (uint8_t)read.poo_point.len,
                               .r_len = (uint8_t)read.poo_r.len};
    struct lurk_dh_proof dh_proof = {
        .size = sizeof dh_proof, .prf = read.poo_prf, .len = (uint16_t)read.poo_point.len};
    bool dhe = read.kx == LURK_KX_DHE, proved = read.poo_prf != 0;
    if (dhe && proved) {
        memcpy(dh_proof.v, read.poo_point.data, read.poo_point.len);
        memcpy(dh_proof.r, read.poo_r.data, read.poo_r.len);
    } else if (proved) {
        memcpy(proof.point, read.poo_point.data, read.poo_point.len);
        memcpy(proof.r, read.poo_r.data, read.poo_r.len);
    }
    struct lurk_split_sign_ske in = {.size = sizeof in,
                                     .freshness = read.common.freshness,
                                     .sig_and_hash = read.sig_and_hash,
                                     .kx = read.kx,
                                     .params = view(read.params),
                                     .proof = proved && !dhe ? &proof : NULL,
                                     .dh_proof = proved && dhe ? &dh_proof : NULL};
    memcpy(in.key_id, read.common.key_id + 1, 4);
    memcpy(in.client_random, read.client_random, 32);
    memcpy(in.server_random, read.server_random, 32);
    return lurk_split_sign_ske_write(&in, message, sizeof message, len);
}

static int sign_cert_verify_again(struct lk_bytes payload, size_t *len)
{
    struct lk_split_cert_verify read;
    assert_int_equal(lk_split_cert_verify_parse(payload, &read), 0);
    struct lurk_split_sign_cert_verify in = {.size = sizeof in,
                                             .role = read.role,
                                             .scheme = read.scheme,
                                             .transcript_hash = view(read.transcript_hash)};
    memcpy(in.key_id, read.key_id + 1, 4);
    return lurk_split_sign_cert_verify_write(&in, message, sizeof message, len);
}

static void split_vectors_both_ways(void **state)
{
    (void)state;
    struct lk_vectors v;
    const json_t *row;
    size_t i, len;
    unsigned seen[7] = {0};
    static int (*const again[7])(struct lk_bytes, size_t *) = {
        [LURK_SPLIT_RSA_PREMASTER] = premaster_again,
        [LURK_SPLIT_SIGN_SKE] = sign_ske_again,
        [LURK_SPLIT_SIGN_CERT_VERIFY] = sign_cert_verify_again};
    if (!lk_vectors_open(&v, "lurk/split.json")) skip();
    json_array_foreach(lk_vectors_rows(&v, "tests"), i, row)
    {
        struct lk_bytes request = lk_vectors_hex(&v, row, "request");
        struct lk_bytes response = lk_vectors_hex(&v, row, "response");
        uint8_t type = request.data[2], premaster[48];
        struct lurk_bytes signature;
        if (type > 6 || again[type] == NULL || response.data[3] != 1) continue;
        assert_int_equal(again[type](payload_of(request), &len), LURK_OK);
        assert_message(len, request);
        struct lurk_answer answer = judged(request, response);
        bool decrypts = type == LURK_SPLIT_RSA_PREMASTER;
        assert_int_equal(lurk_split_premaster_read(&answer, premaster),
                         decrypts ? LURK_OK : LURK_ERR_ARGUMENT);
        assert_int_equal(lurk_signature_read(&answer, &signature),
                         decrypts ? LURK_ERR_ARGUMENT : LURK_OK);
        if (decrypts) assert_memory_equal(premaster, response.data + 16, 48);
        seen[type]++;
    }
    assert_true(seen[2] > 0 && seen[4] == 4 && seen[6] > 0);
    lk_vectors_close(&v);
}

/* Requests of another encoder (tests/vectors/lurk/cert_request.py). */
static void cert_request_vectors_both_ways(void **state)
{
    (void)state;
    struct lk_vectors v;
    const json_t *row;
    size_t i, len, read = 0;
    if (!lk_vectors_open(&v, "lurk/cert_request.json")) skip();
    json_array_foreach(lk_vectors_rows(&v, "good"), i, row)
    {
        struct lk_bytes request = lk_vectors_hex(&v, row, "request");
        struct lurk_split_sign_cert_request in = {
            .size = sizeof in, .info = view(lk_vectors_hex(&v, row, "signed"))};
        struct lurk_bytes signature;
        memcpy(in.key_id, request.data + 17, 4);
        in.scheme = (uint16_t)(request.data[21] << 8 | request.data[22]);
        assert_int_equal(lurk_split_sign_cert_request_write(&in, message, sizeof message, &len), LURK_OK);
        assert_message(len, request);
        assert_int_equal(lurk_split_sign_cert_request_write(&in, message, len - 1, &len), LURK_ERR_ROOM);
        if (json_object_get(row, "response") == NULL) continue;
        struct lk_bytes response = lk_vectors_hex(&v, row, "response");
        struct lurk_answer answer = judged(request, response);
        assert_int_equal(lurk_signature_read(&answer, &signature), LURK_OK);
        assert_memory_equal(signature.data, response.data + 18, signature.len);
        read++;
    }
    assert_true(read > 0);
    struct lurk_split_sign_cert_request none = {.size = sizeof none};
    assert_int_equal(lurk_split_sign_cert_request_write(&none, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    lk_vectors_close(&v);
}

/* The label is of the extension: a proof for tls12 does not serve here, nor the other way. */
static void split_proof_is_accepted_and_serves_nowhere_else(void **state)
{
    (void)state;
    uint8_t params[4 + 32] = {3, 0, 29, 32}, b[32], c[32];
    size_t len = 32, public = 32;
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY_get_raw_private_key(pkey, b, &len);
    EVP_PKEY_get_raw_public_key(pkey, params + 4, &public);
    EVP_PKEY_free(pkey);
    struct lurk_prover *prover = lurk_prover_new();
    struct lurk_proof proof = {.size = sizeof proof}, foreign = {.size = sizeof foreign};
    struct lurk_split_sign_ske request = {.size = sizeof request,
                                          .sig_and_hash = 0x0403,
                                          .kx = LURK_KX_ECDHE,
                                          .params = {params, sizeof params}};
    struct lurk_tls12_ecdhe other = {
        .size = sizeof other, .sig_and_hash = 0x0403, .params = {params, sizeof params}};
    struct lurk_bytes secret = {b, sizeof b};
    assert_int_equal(
        lurk_split_sign_ske_prove(prover, &request, LURK_POO_SHA256_256, secret, &proof), LURK_OK);
    assert_int_equal(lurk_tls12_ecdhe_prove(prover, &other, LURK_POO_SHA256_256, secret, &foreign),
                     LURK_OK);
    for (int own = 1; own >= 0; own--) {
        struct lk_split_sign_ske read;
        request.proof = own ? &proof : &foreign;
        assert_int_equal(lurk_split_sign_ske_write(&request, message, sizeof message, &len),
                         LURK_OK);
        assert_int_equal(lk_split_sign_ske_parse(lk_bytes_of(message + 16, len - 16), &read), 0);
        struct lk_operand operand = {.in = read.share.data,
                                     .in_bytes = read.share.len,
                                     .poo_point = read.poo_point.data,
                                     .poo_r = read.poo_r.data,
                                     .poo_challenge = c,
                                     .poo_challenge_bytes = lk_poo_challenge_split(&read, c)};
        struct lk_poo_curve *curve = lk_poo_curve_new(lk_poo_curve_find(29), NULL);
        assert_int_equal(lk_poo_good(curve, &operand), own);
        lk_poo_curve_free(curve);
    }
    request.kx = LURK_KX_DHE;
    assert_int_equal(
        lurk_split_sign_ske_prove(prover, &request, LURK_POO_SHA256_256, secret, &proof),
        LURK_ERR_ARGUMENT);
    lurk_prover_free(prover);
}

/* ServerDHParams of a key that libcrypto makes; returns their length. */
static size_t dhe_params(const char *group, uint8_t *params, uint8_t *b, size_t *b_len)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    BIGNUM *private = NULL, *p = NULL, *y = NULL;
    uint8_t bytes[LURK_DH_BYTES_MAX];
    assert_true(EVP_PKEY_keygen_init(make) == 1 && EVP_PKEY_CTX_set_group_name(make, group) == 1 &&
                EVP_PKEY_keygen(make, &key) == 1 &&
                EVP_PKEY_get_bn_param(key, "priv", &private) == 1 &&
                EVP_PKEY_get_bn_param(key, "p", &p) == 1 &&
                EVP_PKEY_get_bn_param(key, "pub", &y) == 1);
    struct lk_writer w = lk_writer_of(params, 2 * LURK_DH_BYTES_MAX + 16);
    lk_writer_vec16(&w, lk_bytes_of(bytes, (size_t)BN_bn2bin(p, bytes)));
    lk_writer_vec16(&w, lk_bytes_of("\2", 1));
    lk_writer_vec16(&w, lk_bytes_of(bytes, (size_t)BN_bn2bin(y, bytes)));
    *b_len = (size_t)BN_bn2bin(private, b);
    BN_clear_free(private);
    BN_free(p);
    BN_free(y);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(make);
    return w.len;
}

/* As key servers judge it. */
static bool dhe_holds(size_t len)
{
    struct lk_split_sign_ske read;
    uint8_t c[LK_SHA256_BYTES];
    assert_int_equal(lk_split_sign_ske_parse(lk_bytes_of(message + 16, len - 16), &read), 0);
    struct lk_dh *dh = lk_dh_new();
    const struct lk_dh_proof proof = {.y = read.share.data,
                                      .y_bytes = read.share.len,
                                      .v = read.poo_point.data,
                                      .r = read.poo_r.data,
                                      .c = c,
                                      .c_bytes = lk_poo_challenge_split(&read, c)};
    bool good = lk_dh_proof_good(
        dh, lk_dh_find(dh, read.p.data, read.p.len, read.g.data, read.g.len), &proof);
    lk_dh_free(dh);
    return good;
}

static void split_proof_of_dhe_is_accepted(void **state)
{
    (void)state;
    static const char *const groups[] = {"ffdhe2048", "modp_3072"};
    struct lurk_prover *prover = lurk_prover_new();
    for (size_t i = 0; i < 4; i++) {
        uint8_t params[2 * LURK_DH_BYTES_MAX + 16], b[LURK_DH_BYTES_MAX];
        size_t b_len, len, params_len = dhe_params(groups[i / 2], params, b, &b_len);
        struct lurk_dh_proof proof = {.size = sizeof proof};
        struct lurk_split_sign_ske request = {.size = sizeof request,
                                              .sig_and_hash = 0x0401,
                                              .kx = LURK_KX_DHE,
                                              .params = {params, params_len},
                                              .dh_proof = &proof};
        enum lurk_poo_prf prf = i % 2 == 0 ? LURK_POO_SHA256_128 : LURK_POO_SHA256_256;
        struct lurk_bytes secret = {b, b_len};
        assert_int_equal(lurk_split_sign_ske_prove_dhe(prover, &request, prf, secret, &proof),
                         LURK_OK);
        assert_int_equal(lurk_split_sign_ske_write(&request, message, sizeof message, &len),
                         LURK_OK);
        assert_true(dhe_holds(len));
        message[len - 1] ^= 1;
        assert_false(dhe_holds(len));
        proof.len--;
        assert_int_equal(lurk_split_sign_ske_write(&request, message, sizeof message, &len),
                         LURK_ERR_ARGUMENT);
        b[0] ^= 1;
        assert_int_equal(lurk_split_sign_ske_prove_dhe(prover, &request, prf, secret, &proof),
                         LURK_ERR_SHARE);
        b[0] ^= 1;
        params[10] ^= 1;
        assert_int_equal(lurk_split_sign_ske_prove_dhe(prover, &request, prf, secret, &proof),
                         LURK_ERR_ARGUMENT);
        request.kx = LURK_KX_ECDHE;
        assert_int_equal(lurk_split_sign_ske_prove_dhe(prover, &request, prf, secret, &proof),
                         LURK_ERR_ARGUMENT);
    }
    lurk_prover_free(prover);
}

static void split_fields_nobody_may_send_are_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[64] = {3, 0, 29, 32};
    size_t len;
    struct lurk_split_sign_cert_verify verify = {.size = sizeof verify,
                                                 .transcript_hash = {bytes, 32}};
    assert_int_equal(lurk_split_sign_cert_verify_write(&verify, message, sizeof message, &len),
                     LURK_OK);
    verify.role = 2;
    assert_int_equal(lurk_split_sign_cert_verify_write(&verify, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    verify.role = 1;
    verify.transcript_hash.len = 33;
    assert_int_equal(lurk_split_sign_cert_verify_write(&verify, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    struct lurk_split_rsa_premaster premaster = {
        .size = sizeof premaster, .client_version = 0x0302, .encrypted_premaster = {bytes, 64}};
    assert_int_equal(lurk_split_rsa_premaster_write(&premaster, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    struct lurk_split_sign_ske ske = {
        .size = sizeof ske, .kx = LURK_KX_ECDHE, .params = {bytes, 36}};
    assert_int_equal(lurk_split_sign_ske_write(&ske, message, sizeof message, &len), LURK_OK);
    ske.kx = 2;
    assert_int_equal(lurk_split_sign_ske_write(&ske, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
    ske.kx = LURK_KX_ECDHE;
    ske.params.len = 35;
    assert_int_equal(lurk_split_sign_ske_write(&ske, message, sizeof message, &len),
                     LURK_ERR_ARGUMENT);
}

/* --- capabilities, kept -------------------------------------------------------------------------
 */

static struct lurk_answer capabilities(uint8_t extension, struct lk_bytes lists, const char *last)
{
    static uint8_t bytes[4][256];
    uint8_t *to = bytes[extension & 3];
    const uint8_t request[16] = {extension, 1, 0, 0, [15] = 16};
    memcpy(to, request, 16);
    to[3] = 1;
    memcpy(to + 16, lists.data, lists.len);
    memcpy(to + 16 + lists.len, last, 4);
    to[15] = (uint8_t)(20 + lists.len);
    return judged(lk_bytes_of(request, 16), lk_bytes_of(to, 20 + lists.len));
}

static struct lurk_answer fault(uint8_t extension, const char *last)
{
    struct lurk_answer answer = {
        .size = sizeof answer, .extension = extension, .status = 5, .has_state = last != NULL};
    if (last != NULL) memcpy(answer.state, last, 4);
    return answer;
}

static void cache_tells_when_to_ask_again(void **state)
{
    (void)state;
    struct lurk_cache *cache = lurk_cache_new();
    uint8_t lists[128];
    struct lk_writer w = lk_writer_of(lists, sizeof lists);
    struct lk_tls13_capabilities tls13 = {.types = lk_bytes_of("\2", 1)};
    lk_tls13_capabilities_write(&w, &tls13);
    struct lurk_answer kept = {.size = sizeof kept}, same = fault(2, "abcd"), bare = fault(2, NULL);
    struct lurk_answer other = fault(2, "abce"), layer = fault(0, "abcd");
    assert_true(lurk_cache_stale(cache, &same)); /* nothing is kept */
    assert_false(lurk_cache_get(cache, LURK_TLS13, &kept));
    struct lurk_answer came = capabilities(2, lk_bytes_of(lists, w.len), "abcd");
    assert_int_equal(lurk_cache_put(cache, &came), LURK_OK);
    assert_false(lurk_cache_stale(cache, &same));
    assert_true(lurk_cache_stale(cache, &other));
    assert_true(lurk_cache_stale(cache, &bare));
    assert_true(lurk_cache_stale(cache, &layer)); /* another extension's */
    assert_false(lurk_cache_stale(cache, &came)); /* a success */
    struct lurk_tls13_capabilities out = {.size = sizeof out};
    assert_true(lurk_cache_get(cache, LURK_TLS13, &kept));
    assert_int_equal(lurk_tls13_capabilities_read(&kept, &out), LURK_OK);
    assert_int_equal(out.types.len, 1);
    assert_memory_equal(out.state, "abcd", 4);
    /* What is no capabilities leaves the old ones. */
    came = capabilities(2, lk_bytes_of(lists, w.len - 1), "xxxx");
    assert_int_equal(lurk_cache_put(cache, &came), LURK_ERR_ANSWER);
    assert_int_equal(lurk_cache_put(cache, &same), LURK_ERR_ARGUMENT);
    assert_false(lurk_cache_stale(cache, &same));
    w.len = 0;
    struct lk_split_capabilities split = {.keys = lk_bytes_of("12345678", 8)};
    lk_split_capabilities_write(&w, &split);
    came = capabilities(240, lk_bytes_of(lists, w.len), "wxyz");
    struct lurk_split_capabilities read = {.size = sizeof read};
    assert_int_equal(lurk_split_capabilities_read(&came, &read), LURK_OK);
    assert_int_equal(read.keys.len, 8);
    assert_int_equal(lurk_cache_put(cache, &came), LURK_OK);
    lurk_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls13_vectors_both_ways),
        cmocka_unit_test(tls13_fields_nobody_may_send_are_refused),
        cmocka_unit_test(split_vectors_both_ways),
        cmocka_unit_test(cert_request_vectors_both_ways),
        cmocka_unit_test(split_proof_is_accepted_and_serves_nowhere_else),
        cmocka_unit_test(split_proof_of_dhe_is_accepted),
        cmocka_unit_test(split_fields_nobody_may_send_are_refused),
        cmocka_unit_test(cache_tells_when_to_ask_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
