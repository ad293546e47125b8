/* The steps of ecdhe before the key is used: what is refused, and that nothing was signed for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/clock.h"
#include "tests/support/ecdhe.h"
#include "tests/support/record.h"
#include "tests/support/rig.h"

#define RSA_PKCS1_SHA256 0x0401
#define ECDSA_SHA256 0x0403
#define ECDSA_SHA384 0x0503
#define ECDSA_SHA1 0x0203
#define ED25519 0x0807
#define WINDOW_S 10

static int open_rig(void **state)
{
    struct lk_rig *rig = malloc(sizeof *rig);
    *state = rig;
    lk_rig_init(rig);
    lk_record_kernels(&rig->kernels, 1, 20 * LK_NS_PER_US);
    rig->conf.window_ecdhe_s = WINDOW_S;
    lk_rig_key_fake(rig, LK_KEY_P256, LK_ROW_P256, 72);
    lk_rig_start(rig, 1);
    return 0;
}

static int close_rig(void **state)
{
    lk_rig_fini(*state);
    free(*state);
    return 0;
}

static uint8_t ask_at(struct lk_rig *rig, uint16_t scheme, int64_t unix_s, uint16_t flags)
{
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    struct lk_ecdhe_ask ask = {.scheme = scheme, .time = (uint32_t)unix_s};
    struct lk_slot *slot =
        lk_rig_fill(rig, 0, LK_X_TLS12_ECDHE, 0, lk_ecdhe_ask(&rig->key[0], &ask, payload));
    slot->flags = flags;
    lk_rig_push(rig, 0);
    assert_int_equal(lk_rig_run(rig), 1);
    slot = lk_rig_home(rig, 0);
    assert_int_equal(slot->verdict, LK_VERDICT_ANSWER);
    /* The recording table was asked for every signature there is. */
    assert_int_equal(lk_record_count(), slot->status == LK_STATUS_SUCCESS ? 1 : 0);
    lk_record_clear();
    return (uint8_t)slot->status;
}

static uint8_t ask(struct lk_rig *rig, uint16_t scheme)
{
    return ask_at(rig, scheme, rig->now_unix_s, LK_SLOT_POO_OPTIONAL);
}

static void ecdhe_signs_by_schemes_of_the_keys_kind_alone(void **state)
{
    struct lk_rig *rig = *state;
    for (uint32_t scheme = 0; scheme <= 0xffff; scheme++) {
        bool mine = scheme == ECDSA_SHA256 || scheme == ECDSA_SHA384 || scheme == 0x0603;
        uint8_t status = ask(rig, (uint16_t)scheme);
        if (status != (mine ? LK_STATUS_SUCCESS : LK_TLS12_INVALID_CIPHER_OR_PRF_HASH))
            fail_msg("scheme %04x: %u", scheme, status);
    }
}

static void ecdhe_signs_by_open_hashes_alone(void **state)
{
    struct lk_rig *rig = *state;
    rig->key[0].rights.hashes = 1u << LK_SHA256;
    assert_int_equal(ask(rig, ECDSA_SHA256), LK_STATUS_SUCCESS);
    assert_int_equal(ask(rig, ECDSA_SHA384), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    assert_int_equal(ask(rig, ECDSA_SHA1), LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
}

/* Edge's rule and key's rule: both have to say that no proof is needed. */
static void ecdhe_goes_without_a_proof_where_both_rules_say_so(void **state)
{
    struct lk_rig *rig = *state;
    for (unsigned i = 0; i < 4; i++) {
        rig->key[0].rights.poo_optional = (i & 1) != 0;
        uint8_t status =
            ask_at(rig, ECDSA_SHA256, rig->now_unix_s, (i & 2) != 0 ? LK_SLOT_POO_OPTIONAL : 0);
        assert_int_equal(status, i == 3 ? LK_STATUS_SUCCESS : LK_TLS12_INVALID_POO_PRF);
    }
}

static void ecdhe_judges_the_time_in_s_itself(void **state)
{
    struct lk_rig *rig = *state;
    static const struct {
        int64_t skew_s;
        uint8_t status;
    } rows[] = {{-WINDOW_S - 1, LK_TLS12_INVALID_TLS_RANDOM},
                {-WINDOW_S, LK_STATUS_SUCCESS},
                {WINDOW_S, LK_STATUS_SUCCESS},
                {WINDOW_S + 1, LK_TLS12_INVALID_TLS_RANDOM},
                {-86400, LK_TLS12_INVALID_TLS_RANDOM}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(ask_at(rig, ECDSA_SHA256, rig->now_unix_s + rows[i].skew_s, LK_SLOT_POO_OPTIONAL),
                         rows[i].status);
}

/* The base point (FIPS 186-4 D.1.2.3), and every third time a bit of it wrong: more requests in one
 * turn than are judged at once. */
static void ecdhe_judges_each_point_for_itself(void **state)
{
    enum { REQUESTS = LK_P256_POINTS_MAX + 6 };
    static const uint8_t base[65] =
        "\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
        "\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
        "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16"
        "\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
    struct lk_rig *rig = *state;
    struct lk_slot *slot[REQUESTS];
    for (uint32_t i = 0; i < REQUESTS; i++) {
        uint8_t payload[LK_ECDHE_ASK_BYTES], point[65];
        memcpy(point, base, sizeof point);
        if (i % 3 == 1) point[i % 64 + 1] ^= 1;
        struct lk_ecdhe_ask ask = {
            .scheme = ECDSA_SHA256, .time = (uint32_t)rig->now_unix_s, .number = i, .p256 = point};
        slot[i] = lk_rig_fill(rig, i, LK_X_TLS12_ECDHE, 0, lk_ecdhe_ask(&rig->key[0], &ask, payload));
        slot[i]->flags = LK_SLOT_POO_OPTIONAL;
        lk_rig_push(rig, i);
    }
    assert_int_equal(lk_rig_run(rig), REQUESTS);
    for (uint32_t i = 0; i < REQUESTS; i++)
        assert_int_equal(slot[i]->status,
                         i % 3 == 1 ? LK_TLS12_INVALID_PAYLOAD_FORMAT : LK_STATUS_SUCCESS);
    lk_record_clear();
}

/* The edge chooses the first 32 bytes of what is signed: not those of a certificate request. */
static void ecdhe_signs_no_certificate_request(void **state)
{
    struct lk_rig *rig = *state;
    enum { CLIENT_RANDOM = 6, TEXT_BYTES = 32 + 32 + 36 };
    static const struct {
        uint8_t begins[12], status;
    } rows[] = {{{0x30, TEXT_BYTES - 2, 2, 1, 0, 0x30, 0, 0x30}, LK_TLS12_INVALID_TLS_RANDOM},
                {{0x30, 0x81, TEXT_BYTES - 3, 2, 1, 0, 0x30, 0, 0x30}, LK_TLS12_INVALID_TLS_RANDOM},
                {{0x30, 0x80, 2, 1, 0, 0x30, 0, 0x30}, LK_TLS12_INVALID_TLS_RANDOM},
                {{0x30, 0x80, 2, 1, 0, 0x30, 0x80}, LK_TLS12_INVALID_TLS_RANDOM},
                {{0x30, TEXT_BYTES - 1, 2, 1, 0, 0x30, 0, 0x30}, LK_STATUS_SUCCESS},
                {{0x30, TEXT_BYTES - 2, 4, 1, 0, 0x30, 0, 0x30}, LK_STATUS_SUCCESS},
                {{0x30, TEXT_BYTES - 2, 2, 1, 0, 0x31, 0, 0x30}, LK_STATUS_SUCCESS},
                {{0x30, TEXT_BYTES - 2, 2, 1, 0, 0x30, 0, 0x31}, LK_STATUS_SUCCESS}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t payload[LK_ECDHE_ASK_BYTES];
        struct lk_ecdhe_ask ask = {.scheme = ECDSA_SHA256, .time = (uint32_t)rig->now_unix_s};
        struct lk_bytes request = lk_ecdhe_ask(&rig->key[0], &ask, payload);
        memcpy(payload + CLIENT_RANDOM, rows[i].begins, sizeof rows[i].begins);
        assert_int_equal(lk_rig_ask(rig, LK_X_TLS12_ECDHE, 0, request)->status, rows[i].status);
        assert_int_equal(lk_record_count(), rows[i].status == LK_STATUS_SUCCESS);
        lk_record_clear();
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(ecdhe_signs_by_schemes_of_the_keys_kind_alone),
        T(ecdhe_signs_by_open_hashes_alone),
        T(ecdhe_goes_without_a_proof_where_both_rules_say_so),
        T(ecdhe_judges_the_time_in_s_itself),
        T(ecdhe_judges_each_point_for_itself),
        T(ecdhe_signs_no_certificate_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
