#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/base/siphash.h"

/* Appendix A of the SipHash paper: key 00..0f over 00..0e. */
static void siphash_gives_the_papers_value(void **state)
{
    (void)state;
    uint8_t bytes[15];
    for (uint8_t i = 0; i < 15; i++)
        bytes[i] = i;
    struct lk_siphash_key key = {.k0 = UINT64_C(0x0706050403020100), .k1 = UINT64_C(0x0f0e0d0c0b0a0908)};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_papers_value),
        cmocka_unit_test(siphash_depends_on_key_and_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
