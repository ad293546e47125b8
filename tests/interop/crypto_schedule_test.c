/* The key schedule of TLS 1.3 against NIST's and RFC 8448's numbers, F(S) against the vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/policy/freshness.h"
#include "core/wire/registry.h"
#include "crypto/schedule.h"
#include "tests/support/vectors.h"

static void expect(struct lk_vectors *v, const json_t *row, const char *field,
                   const uint8_t *got)
{
    struct lk_bytes want = lk_vectors_hex(v, row, field);
    assert_true(want.len == 32 || want.len == 48 || want.len == 64);
    if (memcmp(got, want.data, want.len) != 0) fail_msg("%s", field);
}

/* Traffic secrets of a transcript hash. */
static void two(struct lk_vectors *v, unsigned hash, const uint8_t *secret,
                const uint8_t *transcript, const char *const label[2], const json_t *row,
                const char *const field[2])
{
    uint8_t out[LK_HASH_BYTES_MAX];
    for (int i = 0; i < 2; i++) {
        lk_tls13_expand(hash, secret, label[i], transcript, lk_hash_bytes(hash), out);
        expect(v, row, field[i], out);
    }
}

static void hash_of_fields(struct lk_vectors *v, unsigned hash, const json_t *row, size_t count,
                           uint8_t *out)
{
    static const char *const fields[] = {"helloClientRandom", "helloServerRandom",
                                         "finishedServerRandom", "finishedClientRandom"};
    struct lk_piece pieces[4];
    for (size_t i = 0; i < count; i++) {
        struct lk_bytes b = lk_vectors_hex(v, row, fields[i]);
        pieces[i] = (struct lk_piece){b.data, b.len};
    }
    lk_hash_pieces(hash, pieces, count, out);
}

static const char *const hs_labels[2] = {"c hs traffic", "s hs traffic"};
static const char *const ap_labels[2] = {"c ap traffic", "s ap traffic"};

static void schedule_agrees_with_nist(void **state)
{
    (void)state;
    static const char *const hs[2] = {"clientHandshakeTrafficSecret",
                                      "serverHandshakeTrafficSecret"};
    static const char *const ap[2] = {"clientApplicationTrafficSecret",
                                      "serverApplicationTrafficSecret"};
    struct lk_vectors v;
    int count = 0;
    size_t i;
    const json_t *row;
    if (!lk_vectors_open(&v, "nist/acvp_tls13_kdf.json")) skip();
    json_array_foreach(lk_vectors_rows(&v, "tests"), i, row) {
        if (strcmp(lk_vectors_text(row, "runningMode"), "DHE") != 0) continue;
        unsigned hash = strcmp(lk_vectors_text(row, "hmacAlg"), "SHA2-256") == 0   ? LK_SHA256
                        : strcmp(lk_vectors_text(row, "hmacAlg"), "SHA2-384") == 0 ? LK_SHA384
                                                                                   : LK_SHA512;
        const json_t *want = json_object_get(row, "expected");
        uint8_t secret[LK_HASH_BYTES_MAX], transcript[LK_HASH_BYTES_MAX], x[LK_HASH_BYTES_MAX];
        struct lk_bytes dhe = lk_vectors_hex(&v, row, "dhe");
        lk_tls13_handshake_secret(hash, dhe.data, dhe.len, secret);
        hash_of_fields(&v, hash, row, 2, transcript);
        two(&v, hash, secret, transcript, hs_labels, want, hs);
        lk_tls13_master_secret(hash, secret, secret);
        hash_of_fields(&v, hash, row, 3, transcript);
        two(&v, hash, secret, transcript, ap_labels, want, ap);
        lk_tls13_expand(hash, secret, "exp master", transcript, lk_hash_bytes(hash), x);
        expect(&v, want, "exporterMasterSecret", x);
        count++;
    }
    assert_true(count > 10);
    lk_vectors_close(&v);
}

static void schedule_agrees_with_rfc_8448(void **state)
{
    (void)state;
    static const char *const sections[] = {"section_3", "section_5", "section_6", "section_7"};
    static const char *const hs[2] = {"client_handshake_traffic_secret",
                                      "server_handshake_traffic_secret"};
    static const char *const ap[2] = {"client_application_traffic_secret_0",
                                      "server_application_traffic_secret_0"};
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "rfc8448.json")) skip();
    for (size_t i = 0; i < 4; i++) {
        const json_t *trace = json_object_get(json_object_get(v.root, "traces"), sections[i]);
        const json_t *want = json_object_get(trace, "secrets");
        const json_t *transcripts = json_object_get(trace, "transcript_hashes");
        struct lk_bytes shared = lk_vectors_hex(&v, want, "ecdhe_shared_secret");
        struct lk_bytes to_hello = lk_vectors_hex(&v, transcripts, "client_hello..server_hello");
        struct lk_bytes to_end = lk_vectors_hex(&v, transcripts, "client_hello..server_finished");
        uint8_t secret[LK_HASH_BYTES_MAX], key[LK_HASH_BYTES_MAX];
        lk_tls13_handshake_secret(LK_SHA256, shared.data, shared.len, secret);
        expect(&v, want, "handshake_secret", secret);
        two(&v, LK_SHA256, secret, to_hello.data, hs_labels, want, hs);
        struct lk_bytes h_s = lk_vectors_hex(&v, want, hs[1]);
        lk_tls13_expand(LK_SHA256, h_s.data, "finished", NULL, 0, key);
        expect(&v, want, "server_finished_key", key);
        lk_tls13_master_secret(LK_SHA256, secret, secret);
        expect(&v, want, "master_secret", secret);
        two(&v, LK_SHA256, secret, to_end.data, ap_labels, want, ap);
    }
    lk_vectors_close(&v);
}

/* lurk-tls13.md 3. */
static void freshness_agrees_with_the_vectors(void **state)
{
    (void)state;
    struct lk_vectors v;
    size_t i;
    const json_t *row;
    int count = 0;
    assert_true(lk_vectors_open(&v, "lurk/tls13.json"));
    json_array_foreach(lk_vectors_rows(&v, "freshness"), i, row) {
        static const char *const names[] = {"sha256", "sha384", "sha512"};
        if (strcmp(lk_vectors_text(row, "side"), "srv") != 0) continue;
        for (uint8_t h = 0; h < 3; h++) {
            if (strcmp(lk_vectors_text(row, "freshness"), names[h]) != 0) continue;
            uint8_t fs[LK_RANDOM_BYTES];
            lk_freshness_tls13(h, lk_vectors_hex(&v, row, "random_sent").data, fs);
            assert_memory_equal(fs, lk_vectors_hex(&v, row, "hello_random").data, sizeof fs);
            count++;
        }
    }
    assert_int_equal(count, 3);
    lk_vectors_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schedule_agrees_with_nist),
        cmocka_unit_test(schedule_agrees_with_rfc_8448),
        cmocka_unit_test(freshness_agrees_with_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
