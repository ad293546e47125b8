#include "core/policy/freshness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/support/vectors.h"

static void freshness_hides_s_as_the_vectors_say(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "tls12/freshness.json")) skip();
    const json_t *row;
    size_t i;
    json_array_foreach(lk_vectors_rows(&v, "freshness"), i, row) {
        uint8_t fs[LK_RANDOM_BYTES];
        lk_freshness_tls12(0, lk_vectors_hex(&v, row, "sent").data, fs);
        assert_memory_equal(fs, lk_vectors_hex(&v, row, "tls12_server_random").data, sizeof fs);
    }
    lk_vectors_close(&v);
}

/* lurk-tls12.md 2 prints this pair. */
static void freshness_keeps_the_downgrade_mark_in_place(void **state)
{
    (void)state;
    uint8_t s[LK_RANDOM_BYTES] = {0x65, 0xf0, 0xa0, 0x00, 0x1e, 0x04, 0xe8, 0x84, 0xb4, 0xb9, 0xae,
                                  0x14, 0xb0, 0xcf, 0xca, 0x0f, 0xa3, 0x5d, 0xbc, 0x43, 0x42, 0x1a,
                                  0x87, 0x7d, 0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01};
    static const uint8_t want[] = {0x65, 0xf0, 0xa0, 0x00, 0x1a, 0x06, 0x31, 0x3a, 0xb0, 0xa4, 0x08,
                                   0xba, 0x5b, 0x35, 0xe1, 0x9c, 0xea, 0xd7, 0x99, 0x43, 0xdd, 0xf2,
                                   0x36, 0xd2, 0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01};
    lk_freshness_tls12(0, s, s);
    assert_memory_equal(s, want, sizeof want);
    s[31] = 2;
    lk_freshness_tls12(0, s, s);
    assert_memory_not_equal(s + 24, want + 24, 7);
}

static void freshness_knows_sha256_alone(void **state)
{
    (void)state;
    for (unsigned f = 0; f < 256; f++)
        if (lk_freshness_known((uint8_t)f) != (f == 0)) fail_msg("function %u", f);
}

static void freshness_window_is_signed_and_inclusive(void **state)
{
    (void)state;
    static const struct {
        uint8_t s[LK_RANDOM_BYTES];
        int64_t now;
        uint32_t window;
        bool in;
        int64_t skew;
    } rows[] = {
        {{0, 0, 0, 100}, 110, 10, true, -10},
        {{0, 0, 0, 100}, 111, 10, false, -11},
        {{0, 0, 0, 100}, 90, 10, true, 10},
        {{0, 0, 0, 100}, 89, 10, false, 11},
        {{0, 0, 0, 1}, 4294967295, 60, false, -4294967294},
        {{255, 255, 255, 255}, 0, 60, false, 4294967295},
        {{255, 255, 255, 255}, 5, UINT32_MAX, true, 4294967290},
        {{0, 0, 0, 1}, 4294967295, 0, true, -4294967294},
        {{0, 0, 0, 0}, 4294967296 + 5, 10, false, -4294967301},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t skew;
        assert_int_equal(lk_freshness_in_window(rows[i].s, rows[i].now, rows[i].window, &skew),
                         rows[i].in);
        assert_int_equal(skew, rows[i].skew);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freshness_hides_s_as_the_vectors_say),
        cmocka_unit_test(freshness_keeps_the_downgrade_mark_in_place),
        cmocka_unit_test(freshness_knows_sha256_alone),
        cmocka_unit_test(freshness_window_is_signed_and_inclusive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
