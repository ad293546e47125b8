/* One loop with TLS on loopback: what an edge sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
static const uint8_t pong[16] = {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};

static void ping_over(int version)
{
    struct lk_test_front front;
    struct lk_test_edge edge;
    uint8_t answer[16];
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    assert_true(lk_test_edge_connect(&edge, &front, "edge-1", version));
    assert_true(lk_test_edge_put(&edge, ping, sizeof ping));
    assert_true(lk_test_edge_get(&edge, answer, sizeof answer));
    assert_memory_equal(answer, pong, sizeof pong);
    assert_int_equal(lk_test_front_count(&front, LK_C_HANDSHAKES_GOOD), 1);
    lk_test_edge_close(&edge);
    assert_true(lk_test_front_reaches(&front, LK_C_CONNS_CLOSED, 1));
    lk_test_front_stop(&front);
}

static void loop_answers_ping_over_tls12(void **state)
{
    (void)state;
    ping_over(TLS1_2_VERSION);
}

static void loop_answers_ping_over_tls13(void **state)
{
    (void)state;
    ping_over(TLS1_3_VERSION);
}

static int clean(void **state)
{
    (void)state;
    lk_test_pki_gone();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_answers_ping_over_tls12),
        cmocka_unit_test(loop_answers_ping_over_tls13),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
