#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "io/paths.h"

static struct lk_paths paths;

static int make(void **state)
{
    (void)state;
    return lk_paths_init(&paths, 256, &(struct lk_siphash_key){.k0 = 3, .k1 = 4});
}

static int unmake(void **state)
{
    (void)state;
    lk_paths_fini(&paths);
    return 0;
}

static struct lk_address v4(const char *ip, uint16_t port)
{
    struct lk_address a = {0};
    a.peer.in.sin_family = AF_INET;
    a.peer.in.sin_port = htons(port);
    assert_int_equal(inet_pton(AF_INET, ip, &a.peer.in.sin_addr), 1);
    return a;
}

static struct lk_address v6(const char *ip, uint16_t port)
{
    struct lk_address a = {0};
    a.peer.in6.sin6_family = AF_INET6;
    a.peer.in6.sin6_port = htons(port);
    assert_int_equal(inet_pton(AF_INET6, ip, &a.peer.in6.sin6_addr), 1);
    return a;
}

static void paths_find_what_was_added(void **state)
{
    (void)state;
    struct lk_address a = v4("192.0.2.1", 5000), b = v6("2001:db8::1", 5000);
    assert_int_equal(lk_paths_find(&paths, 3, &a), LK_PATH_NONE);
    lk_paths_add(&paths, 7, 3, &a);
    lk_paths_add(&paths, 8, 3, &b);
    assert_int_equal(lk_paths_find(&paths, 3, &a), 7);
    assert_int_equal(lk_paths_find(&paths, 3, &b), 8);
    lk_paths_remove(&paths, 7);
    lk_paths_remove(&paths, 7);
    assert_int_equal(lk_paths_find(&paths, 3, &a), LK_PATH_NONE);
    assert_int_equal(lk_paths_find(&paths, 3, &b), 8);
}

static void paths_tell_port_socket_and_own_address_apart(void **state)
{
    (void)state;
    struct lk_address a = v4("192.0.2.1", 5000), port = v4("192.0.2.1", 5001), own = a;
    own.local_family = AF_INET;
    own.local.s6_addr[3] = 9;
    lk_paths_add(&paths, 1, 3, &a);
    assert_int_equal(lk_paths_find(&paths, 3, &port), LK_PATH_NONE);
    assert_int_equal(lk_paths_find(&paths, 4, &a), LK_PATH_NONE);
    assert_int_equal(lk_paths_find(&paths, 3, &own), LK_PATH_NONE);
}

static void paths_count_a_network_as_one(void **state)
{
    (void)state;
    struct lk_address a = v4("192.0.2.1", 1), a_port = v4("192.0.2.1", 2), b = v4("192.0.2.2", 1);
    struct lk_address c = v6("2001:db8::1", 1), d = v6("2001:db8::ffff:1", 1),
        e = v6("2001:db8:0:1::1", 1);
    struct lk_address f = v6("::ffff:192.0.2.1", 1), g = v6("::ffff:192.0.2.2", 1);
    assert_true(lk_paths_network(&paths, &a) == lk_paths_network(&paths, &a_port));
    assert_true(lk_paths_network(&paths, &a) != lk_paths_network(&paths, &b));
    assert_true(lk_paths_network(&paths, &c) == lk_paths_network(&paths, &d));
    assert_true(lk_paths_network(&paths, &c) != lk_paths_network(&paths, &e));
    assert_true(lk_paths_network(&paths, &f) != lk_paths_network(&paths, &g));
}

static void paths_agree_with_a_model(void **state)
{
    (void)state;
    unsigned seed = 42;
    printf("seed %u\n", seed);
    bool there[256] = {false};
    for (int step = 0; step < 20000; step++) {
        uint32_t i = (uint32_t)rand_r(&seed) % 256;
        struct lk_address a = v4("198.51.100.7", (uint16_t)(1000 + i));
        assert_int_equal(lk_paths_find(&paths, 5, &a), there[i] ? i : LK_PATH_NONE);
        if (there[i])
            lk_paths_remove(&paths, i);
        else
            lk_paths_add(&paths, i, 5, &a);
        there[i] = !there[i];
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(paths_find_what_was_added),
        T(paths_tell_port_socket_and_own_address_apart),
        T(paths_count_a_network_as_one),
        T(paths_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
