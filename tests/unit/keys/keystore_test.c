#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/limits.h"
#include "core/keys/keystore.h"
#include "tests/support/der_text.h"

static struct lk_key_public key_with(uint32_t tenant, uint32_t id, uint32_t second)
{
    struct lk_key_public key = {
        .tenant = tenant, .handle = id, .keyid.id_count = second != 0 ? 2 : 1};
    memcpy(key.keyid.id[0], &id, sizeof id);
    memcpy(key.keyid.id[1], &second, sizeof second);
    return key;
}

static void add(struct lk_keystore *store, struct lk_key_public key)
{
    const struct lk_key_public *other = NULL;
    assert_int_equal(lk_keystore_add(store, &key, &other), LK_OK);
}

static const struct lk_key_public *find(const struct lk_keystore *store, uint32_t tenant,
                                        uint32_t id)
{
    uint8_t bytes[LK_KEY_ID_BYTES];
    memcpy(bytes, &id, sizeof bytes);
    return lk_keystore_find(store, tenant, bytes);
}

static void keystore_finds_a_key_under_each_of_its_ids(void **state)
{
    (void)state;
    struct lk_keystore *store;
    assert_int_equal(lk_keystore_new(2, &store), LK_OK);
    add(store, key_with(0, 0x11111111, 0x22222222));
    add(store, key_with(0, 0x33333333, 0));
    assert_ptr_equal(find(store, 0, 0x11111111), lk_keystore_at(store, 0));
    assert_ptr_equal(find(store, 0, 0x22222222), lk_keystore_at(store, 0));
    assert_ptr_equal(find(store, 0, 0x33333333), lk_keystore_at(store, 1));
    assert_null(find(store, 0, 0x44444444));
    assert_null(find(store, 0, 0));
    assert_int_equal(lk_keystore_count(store), 2);
    lk_keystore_free(store);
}

static void keystore_keeps_tenants_apart(void **state)
{
    (void)state;
    struct lk_keystore *store;
    assert_int_equal(lk_keystore_new(2, &store), LK_OK);
    add(store, key_with(0, 0x11111111, 0));
    assert_null(find(store, 1, 0x11111111));
    struct lk_key_public twin = key_with(1, 0x11111111, 0);
    twin.handle = 77;
    add(store, twin);
    assert_int_equal(find(store, 0, 0x11111111)->handle, 0x11111111);
    assert_int_equal(find(store, 1, 0x11111111)->handle, 77);
    lk_keystore_free(store);
}

/* Tenant numbers far apart, so that their places in the table run into each other. */
static uint32_t scattered(uint32_t i)
{
    return i * i * 2654435761u;
}

static void keystore_tells_one_id_of_many_tenants_apart(void **state)
{
    (void)state;
    enum { TENANTS = 20000 };
    struct lk_keystore *store;
    assert_int_equal(lk_keystore_new(TENANTS, &store), LK_OK);
    for (uint32_t i = 0; i < TENANTS; i++)
        add(store, key_with(scattered(i), 0x11111111, 0));
    for (uint32_t i = 0; i < TENANTS; i++)
        assert_ptr_equal(find(store, scattered(i), 0x11111111), lk_keystore_at(store, i));
    lk_keystore_free(store);
}

static void keystore_refuses_ids_that_collide_in_one_tenant(void **state)
{
    (void)state;
    struct lk_keystore *store;
    const struct lk_key_public *other = NULL;
    assert_int_equal(lk_keystore_new(8, &store), LK_OK);
    add(store, key_with(0, 0x11111111, 0x22222222));
    const uint32_t pairs[][2] = {{0x11111111, 0},
                                 {0x33333333, 0x11111111},
                                 {0x22222222, 0x44444444},
                                 {0x44444444, 0x22222222}};
    for (size_t i = 0; i < 4; i++) {
        struct lk_key_public key = key_with(0, pairs[i][0], pairs[i][1]);
        other = NULL;
        assert_int_equal(lk_keystore_add(store, &key, &other), LK_ERR_COLLISION);
        assert_ptr_equal(other, lk_keystore_at(store, 0));
    }
    assert_int_equal(lk_keystore_count(store), 1);
    assert_null(find(store, 0, 0x33333333));
    assert_null(find(store, 0, 0x44444444));
    lk_keystore_free(store);
}

/* A chain of one certificate, DER behind a u24. */
static struct lk_key_public certified(struct lk_key_public key, const uint8_t chain[4])
{
    key.chain = lk_bytes_of(chain, 4);
    return key;
}

/* lurk-tls13.md 2: a fingerprint is that of the certificate, or of the public key. */
static void keystore_finds_a_key_by_its_fingerprints(void **state)
{
    (void)state;
    struct lk_keystore *store;
    static const uint8_t chain[4] = {0, 0, 1, 9}, other_chain[4] = {0, 0, 1, 8};
    uint8_t digest[LK_SHA256_BYTES];
    assert_int_equal(lk_keystore_new(4, &store), LK_OK);
    add(store, certified(key_with(0, 0x11111111, 0x22222222), chain));
    add(store, certified(key_with(1, 0x33333333, 0), chain)); /* another tenant's */
    lk_sha256(chain + 3, 1, digest);
    assert_ptr_equal(lk_keystore_find_certificate(store, 0, digest), lk_keystore_at(store, 0));
    assert_ptr_equal(lk_keystore_find_certificate(store, 1, digest), lk_keystore_at(store, 1));
    const uint8_t spki[4] = {0x11, 0x11, 0x11, 0x11}, rsa[4] = {0x22, 0x22, 0x22, 0x22};
    assert_ptr_equal(lk_keystore_find_certificate(store, 0, spki), lk_keystore_at(store, 0));
    assert_null(lk_keystore_find_certificate(store, 0, rsa)); /* the RSAPublicKey's is none */
    assert_null(lk_keystore_find_certificate(store, 2, digest));
    lk_sha256(other_chain + 3, 1, digest);
    assert_null(lk_keystore_find_certificate(store, 0, digest));
    lk_keystore_free(store);
}

static void keystore_refuses_fingerprints_that_collide_in_one_tenant(void **state)
{
    (void)state;
    struct lk_keystore *store;
    static const uint8_t chain[4] = {0, 0, 1, 9};
    uint8_t digest[LK_SHA256_BYTES];
    uint32_t print;
    const struct lk_key_public *other = NULL;
    assert_int_equal(lk_keystore_new(4, &store), LK_OK);
    add(store, certified(key_with(0, 0x11111111, 0), chain));
    struct lk_key_public key = certified(key_with(0, 0x22222222, 0), chain);
    assert_int_equal(lk_keystore_add(store, &key, &other), LK_ERR_COLLISION);
    assert_ptr_equal(other, lk_keystore_at(store, 0));
    lk_sha256(chain + 3, 1, digest);
    memcpy(&print, digest, sizeof print);
    key = key_with(0, print, 0); /* its public key has the fingerprint of that certificate */
    other = NULL;
    assert_int_equal(lk_keystore_add(store, &key, &other), LK_ERR_COLLISION);
    assert_ptr_equal(other, lk_keystore_at(store, 0));
    lk_keystore_free(store);
}

/* A certificate as far as its public key goes, told apart by its serial number. */
static struct lk_bytes certificate(uint8_t number, const char *spki, struct lk_der_text *room)
{
    char text[256];
    (void)snprintf(text, sizeof text, "30{ 30{ 0201%02x 30{} 30{} 30{} 30{} %s } }", number, spki);
    return lk_der_text(text, lk_bytes_of(NULL, 0), room);
}

#define SPKI "30{ 'the key itself' }"
#define ISSUER "30{ 'another' }"

/* A chain of these, the numbers of its own above 'z'. */
static struct lk_bytes chain_of(const char *numbers, struct lk_writer *w)
{
    for (; *numbers != 0; numbers++) {
        struct lk_der_text room;
        lk_writer_vec24(w, certificate((uint8_t)*numbers & 0x7f, *numbers >= 'a' ? SPKI : ISSUER, &room));
    }
    assert_false(w->bad);
    return lk_bytes_of(w->base, w->len);
}

static const uint8_t *print_of(uint8_t number, const char *spki, uint8_t digest[LK_SHA256_BYTES])
{
    struct lk_der_text room;
    struct lk_bytes der = certificate(number, spki, &room);
    lk_sha256(der.data, der.len, digest);
    return digest;
}

/* While its certificate is renewed a key has two, each with what is above it; the first counts where one
 * is asked for. */
static void keystore_finds_a_key_by_each_of_its_certificates(void **state)
{
    (void)state;
    struct lk_keystore *store;
    struct lk_der_text spki;
    uint8_t room[1024], digest[LK_SHA256_BYTES];
    struct lk_writer w = lk_writer_of(room, sizeof room);
    struct lk_key_public key = key_with(0, 0x11111111, 0);
    key.spki = lk_der_text(SPKI, lk_bytes_of(NULL, 0), &spki);
    key.chain = chain_of("bAaA", &w); /* renewed, above it, old, the same above it */
    assert_int_equal(lk_keystore_new(4, &store), LK_OK);
    add(store, key);
    const struct lk_key_public *kept = lk_keystore_at(store, 0);
    assert_ptr_equal(lk_keystore_find_certificate(store, 0, print_of('a', SPKI, digest)), kept);
    assert_ptr_equal(lk_keystore_find_certificate(store, 0, print_of('b', SPKI, digest)), kept);
    assert_memory_equal(lk_certs_own(kept->certs)->fingerprint, digest, LK_TLS13_FINGERPRINT_BYTES);
    assert_null(lk_keystore_find_certificate(store, 0, print_of('A', ISSUER, digest)));
    assert_null(lk_keystore_find_certificate(store, 0, print_of('c', SPKI, digest)));
    const struct lk_key_public *other = NULL;
    struct lk_key_public rival = key_with(0, 0x22222222, 0);
    w = lk_writer_of(room, sizeof room);
    rival.chain = chain_of("a", &w); /* the old one of the first */
    assert_int_equal(lk_keystore_add(store, &rival, &other), LK_ERR_COLLISION);
    assert_ptr_equal(other, kept);
    lk_keystore_free(store);
}

/* What a request may name first, and what only behind it. */
static void certs_begin_where_one_is_the_key_s(void **state)
{
    (void)state;
    static const struct {
        const char *shown; /* certificates by number; '.' is the public key */
        bool good;
    } rows[] = {{"b", true},  {"a", true},   {"bA", true}, {"aA", true}, {"ab", true}, {".", true},
                {"A", false}, {"Ab", false}, {"c", false}, {"bB", false}, {"", false}};
    uint8_t room[1024], entries[64], digest[LK_SHA256_BYTES];
    struct lk_writer w = lk_writer_of(room, sizeof room);
    struct lk_der_text spki_room;
    struct lk_bytes spki = lk_der_text(SPKI, lk_bytes_of(NULL, 0), &spki_room);
    struct lk_certs *certs;
    struct lk_keyid keyid;
    lk_keyid_of(spki, lk_bytes_of(NULL, 0), &keyid);
    assert_int_equal(lk_certs_new(chain_of("bAaA", &w), spki, &certs), LK_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w = lk_writer_of(entries, sizeof entries);
        for (const char *one = rows[i].shown; *one != 0; one++) {
            if (*one == '.')
                lk_sha256(spki.data, spki.len, digest);
            else
                (void)print_of((uint8_t)*one & 0x7f, *one >= 'a' ? SPKI : ISSUER, digest);
            lk_writer_put(&w, digest, LK_TLS13_FINGERPRINT_BYTES);
            lk_writer_u16(&w, 0);
        }
        struct lk_tls13_cert cert = {.type = LK_TLS13_CERT_FINGER_PRINT,
                                     .entries = lk_bytes_of(entries, w.len)};
        if (lk_certs_name_key(certs, &keyid, &cert) != rows[i].good) fail_msg("%s", rows[i].shown);
    }
    free(certs);
    w = lk_writer_of(room, sizeof room);
    assert_int_equal(lk_certs_new(chain_of("abcdA", &w), spki, &certs), LK_OK);
    free(certs);
    w = lk_writer_of(room, sizeof room);
    assert_int_equal(lk_certs_new(chain_of("abcde", &w), spki, &certs), LK_ERR_FULL);
}

static void keystore_owns_the_bytes_it_was_given(void **state)
{
    (void)state;
    struct lk_keystore *store;
    uint8_t spki[] = {1, 2, 3};
    uint8_t chain[] = {0, 0, 1, 9};
    struct lk_key_public key = key_with(0, 5, 0);
    key.spki = lk_bytes_of(spki, sizeof spki);
    key.chain = lk_bytes_of(chain, sizeof chain);
    assert_int_equal(lk_keystore_new(1, &store), LK_OK);
    add(store, key);
    memset(spki, 0, sizeof spki);
    memset(chain, 0, sizeof chain);
    const struct lk_key_public *kept = lk_keystore_at(store, 0);
    assert_memory_equal(kept->spki.data, ((uint8_t[]){1, 2, 3}), 3);
    assert_memory_equal(kept->chain.data, ((uint8_t[]){0, 0, 1, 9}), 4);
    lk_keystore_free(store);
}

static void keystore_says_when_it_is_full(void **state)
{
    (void)state;
    struct lk_keystore *store;
    const struct lk_key_public *other = NULL;
    struct lk_key_public key = key_with(0, 2, 0);
    assert_int_equal(lk_keystore_new(LK_KEYS_MAX + 1, &store), LK_ERR_FULL);
    assert_int_equal(lk_keystore_new(1, &store), LK_OK);
    add(store, key_with(0, 1, 0));
    assert_int_equal(lk_keystore_add(store, &key, &other), LK_ERR_FULL);
    lk_keystore_free(store);
}

/* Ids 1..100,000 and 1,000,001..1,100,000: no two alike, all found, none invented. */
static void keystore_holds_a_hundred_thousand_keys(void **state)
{
    (void)state;
    struct lk_keystore *store;
    assert_int_equal(lk_keystore_new(LK_KEYS_MAX, &store), LK_OK);
    for (uint32_t i = 1; i <= LK_KEYS_MAX; i++)
        add(store, key_with(i % 7, i, 1000000 + i));
    for (uint32_t i = 1; i <= LK_KEYS_MAX; i++) {
        assert_ptr_equal(find(store, i % 7, i), lk_keystore_at(store, i - 1));
        assert_ptr_equal(find(store, i % 7, 1000000 + i), lk_keystore_at(store, i - 1));
        assert_null(find(store, (i + 1) % 7, i));
    }
    lk_keystore_free(store);
}

/* SHA-256("abc") is ba7816bf..., of "" e3b0c442... (FIPS 180-4 examples). */
static void keyid_is_the_front_of_the_hash(void **state)
{
    (void)state;
    struct lk_keyid id;
    lk_keyid_of(lk_bytes_of("abc", 3), lk_bytes_of(NULL, 0), &id);
    assert_int_equal(id.id_count, 1);
    assert_memory_equal(id.id[0], ((uint8_t[]){0xba, 0x78, 0x16, 0xbf}), 4);
    assert_memory_equal(id.full, ((uint8_t[]){0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea}), 8);
    const char *long_one = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    lk_keyid_of(lk_bytes_of("abc", 3), lk_bytes_of(long_one, strlen(long_one)), &id);
    assert_int_equal(id.id_count, 2);
    assert_memory_equal(id.id[0], ((uint8_t[]){0xba, 0x78, 0x16, 0xbf}), 4);
    assert_memory_equal(id.id[1], ((uint8_t[]){0x24, 0x8d, 0x6a, 0x61}), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keystore_finds_a_key_under_each_of_its_ids),
        cmocka_unit_test(keystore_keeps_tenants_apart),
        cmocka_unit_test(keystore_tells_one_id_of_many_tenants_apart),
        cmocka_unit_test(keystore_refuses_ids_that_collide_in_one_tenant),
        cmocka_unit_test(keystore_finds_a_key_by_its_fingerprints),
        cmocka_unit_test(keystore_refuses_fingerprints_that_collide_in_one_tenant),
        cmocka_unit_test(keystore_finds_a_key_by_each_of_its_certificates),
        cmocka_unit_test(certs_begin_where_one_is_the_key_s),
        cmocka_unit_test(keystore_owns_the_bytes_it_was_given),
        cmocka_unit_test(keystore_says_when_it_is_full),
        cmocka_unit_test(keystore_holds_a_hundred_thousand_keys),
        cmocka_unit_test(keyid_is_the_front_of_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
