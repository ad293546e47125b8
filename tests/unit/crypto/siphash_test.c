#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "crypto/cpu.h"
#include "crypto/siphash.h"
#include "tests/support/draw.h"

/* Appendix A of the SipHash paper: key 00..0f over 00..0e. */
static void siphash_gives_the_papers_value(void **state)
{
    (void)state;
    uint8_t bytes[15];
    for (uint8_t i = 0; i < 15; i++)
        bytes[i] = i;
    struct lk_siphash_key key = {.k0 = UINT64_C(0x0706050403020100),
                                 .k1 = UINT64_C(0x0f0e0d0c0b0a0908)};
    assert_true(lk_siphash(&key, bytes, 15) == UINT64_C(0xa129ca6149be45e5));
}

static void siphash_depends_on_key_and_length(void **state)
{
    (void)state;
    struct lk_siphash_key one = {.k0 = 1}, two = {.k0 = 2};
    uint8_t zero[32] = {0};
    assert_true(lk_siphash(&one, zero, 8) != lk_siphash(&two, zero, 8));
    for (size_t n = 1; n <= sizeof zero; n++)
        assert_true(lk_siphash(&one, zero, n) != lk_siphash(&one, zero, n - 1));
}

/* Each instance, whatever lengths lie side by side, those around ends of words and lines among
 * them, gives what one message alone does. */
static void many_are_hashed_as_one_is(void **state)
{
    (void)state;
    enum { ROOM = 320 };
    uint8_t data[LK_SIPHASH_MANY][ROOM];
    struct lk_siphash_key key;
    struct lk_piece message[LK_SIPHASH_MANY];
    lk_siphash_many *many[] = {lk_siphash_many_plain, lk_siphash_many_ifma};
    uint32_t features;
    assert_true(lk_cpu_features(&features));
    unsigned instances = (features >> LK_CPU_IFMA & 1) != 0 ? 2 : 1;
    lk_draw_seed();
    for (unsigned round = 0; round < lk_draw_rounds(2000, 200000); round++) {
        unsigned count = 1 + (unsigned)lk_draw_below(LK_SIPHASH_MANY);
        lk_draw_bytes(data[0], sizeof data);
        lk_draw_bytes((uint8_t *)&key, sizeof key);
        for (unsigned i = 0; i < count; i++) {
            size_t edge = 8 * (size_t)lk_draw_below(ROOM / 8 - 1),
                   any = (size_t)lk_draw_below(ROOM + 1);
            message[i] = (struct lk_piece){
                data[i], lk_draw_below(2) == 0 ? any : edge + (size_t)lk_draw_below(3)};
        }
        for (unsigned k = 0; k < instances; k++) {
            uint64_t hash[LK_SIPHASH_MANY + 1] = {[LK_SIPHASH_MANY] = 7};
            hash[count] = 7;
            many[k](&key, message, count, hash);
            for (unsigned i = 0; i < count; i++)
                assert_true(hash[i] == lk_siphash(&key, message[i].data, message[i].len));
            assert_true(hash[count] == 7);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_papers_value),
        cmocka_unit_test(siphash_depends_on_key_and_length),
        cmocka_unit_test(many_are_hashed_as_one_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
