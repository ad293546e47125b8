/* The TLS 1.2 PRF and HMAC against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/kdf.h"
#include "tests/support/vectors.h"

static unsigned hash_of(const char *name)
{
    static const char *const names[] = {"SHA2-256", "SHA2-384", "SHA2-512", "sha256", "sha384", "sha512"};
    unsigned i = 0;
    while (i < 6 && strcmp(names[i], name) != 0)
        i++;
    assert_true(i < 6);
    return i % 3;
}

struct step {
    const char *label, *first, *second; /* fields of the seed; second may be NULL */
    const char *want;
};

static void derive(struct lk_vectors *v, const json_t *row, struct lk_bytes secret,
                   const struct step *step)
{
    struct lk_bytes first = lk_vectors_hex(v, row, step->first), second = {.data = NULL, .len = 0};
    if (step->second != NULL) second = lk_vectors_hex(v, row, step->second);
    struct lk_piece seed[] = {{first.data, first.len}, {second.data, second.len}};
    struct lk_bytes want = lk_vectors_hex(v, json_object_get(row, "expected"), step->want);
    uint8_t out[1024];
    assert_true(want.len <= sizeof out);
    lk_tls12_prf(hash_of(lk_vectors_text(row, "hashAlg")), secret.data, secret.len, step->label, seed,
                 2, out, want.len);
    assert_memory_equal(out, want.data, want.len);
}

static void acvp(const char *file, const struct step *master)
{
    static const struct step keys = {"key expansion", "serverRandom", "clientRandom", "keyBlock"};
    struct lk_vectors v;
    if (!lk_vectors_open(&v, file)) skip();
    const json_t *rows = lk_vectors_rows(&v, "tests");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        derive(&v, row, lk_vectors_hex(&v, row, "preMasterSecret"), master);
        derive(&v, row, lk_vectors_hex(&v, json_object_get(row, "expected"), "masterSecret"), &keys);
    }
    lk_vectors_close(&v);
}

static void prf_gives_the_acvp_master_secrets_and_key_blocks(void **state)
{
    (void)state;
    static const struct step master = {"master secret", "clientHelloRandom", "serverHelloRandom",
                                       "masterSecret"};
    acvp("nist/acvp_tls12_kdf.json", &master);
}

static void prf_gives_the_acvp_extended_master_secrets(void **state)
{
    (void)state;
    static const struct step master = {"extended master secret", "sessionHash", NULL, "masterSecret"};
    acvp("nist/acvp_tls12_ems_kdf.json", &master);
}

static void prf_gives_the_project_master_secrets(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "tls12/freshness.json")) skip();
    const json_t *rows = lk_vectors_rows(&v, "rsa_master");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lk_bytes client = lk_vectors_hex(&v, row, "client_random");
        struct lk_bytes server = lk_vectors_hex(&v, row, "server_hello_random");
        struct lk_bytes premaster = lk_vectors_hex(&v, row, "pms");
        struct lk_piece seed[] = {{client.data, 32}, {server.data, 32}};
        uint8_t master[48];
        lk_tls12_prf(hash_of(lk_vectors_text(row, "prf_hash")), premaster.data, premaster.len,
                     "master secret", seed, 2, master, 48);
        assert_memory_equal(master, lk_vectors_hex(&v, row, "master").data, 48);
    }
    assert_int_equal(json_array_size(rows), 24);
    lk_vectors_close(&v);
}

static size_t mac_group(struct lk_vectors *v, const json_t *group, unsigned hash)
{
    const json_t *tests = json_object_get(group, "tests");
    size_t tag_bytes = (size_t)json_integer_value(json_object_get(group, "tagSize")) / 8;
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *row = json_array_get(tests, i);
        struct lk_bytes key = lk_vectors_hex(v, row, "key"), text = lk_vectors_hex(v, row, "msg");
        uint8_t tag[LK_HASH_BYTES_MAX];
        lk_hmac(hash, key.data, key.len, &(struct lk_piece){text.data, text.len}, 1, tag);
        bool same = memcmp(tag, lk_vectors_hex(v, row, "tag").data, tag_bytes) == 0;
        assert_int_equal(same, strcmp(lk_vectors_text(row, "result"), "valid") == 0);
    }
    return json_array_size(tests);
}

static void hmac_tags_are_wycheproofs(void **state)
{
    (void)state;
    static const char *const files[] = {"wycheproof/hmac_sha256_test.json",
                                        "wycheproof/hmac_sha384_test.json"};
    for (unsigned hash = 0; hash < 2; hash++) {
        struct lk_vectors v;
        if (!lk_vectors_open(&v, files[hash])) skip();
        const json_t *all = lk_vectors_rows(&v, "testGroups");
        size_t done = 0;
        for (size_t i = 0; i < json_array_size(all); i++)
            done += mac_group(&v, json_array_get(all, i), hash);
        assert_int_equal(done, 174);
        lk_vectors_close(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prf_gives_the_acvp_master_secrets_and_key_blocks),
        cmocka_unit_test(prf_gives_the_acvp_extended_master_secrets),
        cmocka_unit_test(prf_gives_the_project_master_secrets),
        cmocka_unit_test(hmac_tags_are_wycheproofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
