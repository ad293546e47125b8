/* hash, kdf: against the digests and tags that the RFCs print, and incremental against one-shot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/registry.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

static void from_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i] != 0; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
}

/* FIPS 180-4 examples of "abc" (RFC 6234 8.5). */
static const char *const abc_digest[] = {
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
    "8086072ba1e7cc2358baeca134c825a7",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"};

static void hash_is_the_standard_digest(void **state)
{
    (void)state;
    for (unsigned h = 0; h < LK_HASH_COUNT; h++) {
        uint8_t want[LK_HASH_BYTES_MAX], got[LK_HASH_BYTES_MAX];
        from_hex(abc_digest[h], want);
        assert_int_equal(lk_hash_bytes(h) * 2, strlen(abc_digest[h]));
        lk_hash(h, "abc", 3, got);
        assert_memory_equal(got, want, lk_hash_bytes(h));
    }
}

static void hash_of_pieces_is_hash_of_whole(void **state)
{
    (void)state;
    uint8_t text[300];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7);
    for (unsigned h = 0; h < LK_HASH_COUNT; h++) {
        for (size_t cut = 0; cut <= sizeof text; cut += 13) {
            uint8_t whole[LK_HASH_BYTES_MAX], parts[LK_HASH_BYTES_MAX];
            struct lk_piece pieces[] = {{text, cut}, {NULL, 0}, {text + cut, sizeof text - cut}};
            lk_hash(h, text, sizeof text, whole);
            lk_hash_pieces(h, pieces, 3, parts);
            assert_memory_equal(whole, parts, lk_hash_bytes(h));
        }
    }
}

static void hash_state_copy_goes_on_alone(void **state)
{
    (void)state;
    struct lk_hash_state a, b;
    uint8_t want[32], got[32];
    lk_hash_start(&a, LK_SHA256);
    lk_hash_add(&a, "a", 1);
    b = a;
    lk_hash_add(&a, "xyz", 3);
    lk_hash_finish(&a, got);
    lk_hash_add(&b, "bc", 2);
    lk_hash_finish(&b, got);
    from_hex(abc_digest[0], want);
    assert_memory_equal(got, want, 32);
}

/* RFC 4231 test cases 2 (short key) and 6 (key longer than a block). */
static void hmac_is_the_standard_tag(void **state)
{
    (void)state;
    static const char *const tag2[] = {
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c7"
        "8b3239ecfab21649",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a"
        "6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"};
    static const char *const tag6[] = {
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe82"
        "96248df163f44952",
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598"
        "bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"};
    static const char text2[] = "what do ya want for nothing?";
    static const char text6[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    uint8_t long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    for (unsigned h = 0; h < LK_HASH_COUNT; h++) {
        uint8_t want[LK_HASH_BYTES_MAX], got[LK_HASH_BYTES_MAX];
        from_hex(tag2[h], want);
        lk_hmac(h, "Jefe", 4, &(struct lk_piece){text2, strlen(text2)}, 1, got);
        assert_memory_equal(got, want, lk_hash_bytes(h));
        from_hex(tag6[h], want);
        lk_hmac(h, long_key, sizeof long_key, &(struct lk_piece){text6, strlen(text6)}, 1, got);
        assert_memory_equal(got, want, lk_hash_bytes(h));
    }
}

static void prf_prefix_does_not_depend_on_length(void **state)
{
    (void)state;
    struct lk_piece seed[] = {{"client", 6}, {"server", 6}};
    for (unsigned h = 0; h < LK_HASH_COUNT; h++) {
        uint8_t longest[300], part[300];
        lk_tls12_prf(h, "secret", 6, "label", seed, 2, longest, sizeof longest);
        for (size_t len = 1; len < sizeof part; len += 17) {
            memset(part, 0xee, sizeof part);
            lk_tls12_prf(h, "secret", 6, "label", seed, 2, part, len);
            assert_memory_equal(part, longest, len);
            assert_int_equal(part[len], 0xee);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_the_standard_digest),
        cmocka_unit_test(hash_of_pieces_is_hash_of_whole),
        cmocka_unit_test(hash_state_copy_goes_on_alone),
        cmocka_unit_test(hmac_is_the_standard_tag),
        cmocka_unit_test(prf_prefix_does_not_depend_on_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
