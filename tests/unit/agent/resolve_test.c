/* Hosts and services looked up at a name server that the test plays, in the same loop. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "tools/lurk-agent/resolve.h"

#define TYPE_A 1
#define TYPE_AAAA 28
#define TYPE_SRV 33

static struct lk_watches watches;
static struct lk_resolver resolver;
static int dns_fd;
static uint32_t questions;

static struct {
    bool called;
    uint32_t source, count, ttl_s;
    struct lk_found found[LK_AGENT_SERVERS_MAX];
    char why[128];
} got;

/* --- the name server ------------------------------------------------------------------------ */

/* "a.example.net" as on the wire. */
static void put_name(struct lk_writer *w, const char *name)
{
    while (*name != '\0') {
        size_t len = strcspn(name, ".");
        lk_writer_vec8(w, lk_bytes_of(name, len));
        name += len + (name[len] == '.');
    }
    lk_writer_u8(w, 0);
}

static void put_record(struct lk_writer *w, uint16_t type, uint32_t ttl, struct lk_bytes data)
{
    lk_writer_u16(w, 0xc00c); /* the question's name */
    lk_writer_u16(w, type);
    lk_writer_u16(w, 1);
    lk_writer_u32(w, ttl);
    lk_writer_vec16(w, data);
}

static void put_srv(struct lk_writer *w, uint32_t ttl, uint16_t priority, uint16_t port,
                    const char *target)
{
    uint8_t bytes[300];
    struct lk_writer d = lk_writer_of(bytes, sizeof bytes);
    lk_writer_u16(&d, priority);
    lk_writer_u16(&d, 5);
    lk_writer_u16(&d, port);
    put_name(&d, target);
    put_record(w, TYPE_SRV, ttl, lk_bytes_of(bytes, d.len));
}

/* What there is: returns the records; -1: no such name. */
static int put_answers(struct lk_writer *w, const char *name, uint16_t type)
{
    static const uint8_t one[] = {192, 0, 2, 1}, two[] = {192, 0, 2, 2}, three[] = {192, 0, 2, 3};
    static const uint8_t six[16] = {0x20, 1, 0xd, 0xb8, [15] = 6};
    if (strcmp(name, "_lurk._tcp.example.net") == 0) {
        put_srv(w, 300, 0, 7880, "k1.example.net");
        put_srv(w, 200, 10, 7881, "k2.example.net");
        return 2;
    }
    if (strcmp(name, "k1.example.net") == 0) {
        if (type == TYPE_A) put_record(w, TYPE_A, 60, lk_bytes_of(one, sizeof one));
        return type == TYPE_A;
    }
    if (strcmp(name, "k2.example.net") == 0) {
        if (type == TYPE_AAAA) put_record(w, TYPE_AAAA, 90, lk_bytes_of(six, sizeof six));
        if (type == TYPE_A) put_record(w, TYPE_A, 90, lk_bytes_of(two, sizeof two));
        if (type == TYPE_A) put_record(w, TYPE_A, 90, lk_bytes_of(three, sizeof three));
        return type == TYPE_A ? 2 : type == TYPE_AAAA;
    }
    return -1;
}

static void on_question(void *owner, uint32_t index, uint32_t events, uint64_t now_ns)
{
    uint8_t in[512], out[1024];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    (void)owner, (void)index, (void)events, (void)now_ns;
    ssize_t n = recvfrom(dns_fd, in, sizeof in, 0, (struct sockaddr *)&from, &from_len);
    if (n < 17) return;
    char name[256] = "";
    size_t at = 12, len = 0;
    while (at < (size_t)n && in[at] != 0) {
        len += (size_t)snprintf(name + len, sizeof name - len, "%s%.*s", len > 0 ? "." : "", in[at],
                                (char *)in + at + 1);
        at += 1u + in[at];
    }
    uint16_t type = (uint16_t)(in[at + 1] << 8 | in[at + 2]);
    size_t question = at + 5;
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_writer_put(&w, in, question);
    int count = put_answers(&w, name, type);
    out[2] = 0x81; /* an answer, to one who wants recursion */
    out[3] = count < 0 ? 0x83 : 0x80;
    memset(out + 6, 0, 6);
    out[7] = (uint8_t)(count < 0 ? 0 : count);
    questions++;
    assert_true(sendto(dns_fd, out, w.len, 0, (struct sockaddr *)&from, from_len) > 0);
}

/* --- the tests ------------------------------------------------------------------------------ */

static void on_resolved(void *owner, uint32_t source, const struct lk_found *found, uint32_t count,
                        uint32_t ttl_s, const char *why)
{
    (void)owner;
    assert_false(got.called);
    got.called = true;
    got.source = source;
    got.count = count;
    got.ttl_s = ttl_s;
    memcpy(got.found, found, count * sizeof *found);
    snprintf(got.why, sizeof got.why, "%s", why);
}

static int set_up(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    char servers[64];
    (void)state;
    memset(&got, 0, sizeof got);
    questions = 0;
    dns_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(dns_fd, (struct sockaddr *)&at, len) != 0 ||
        getsockname(dns_fd, (struct sockaddr *)&at, &len) != 0 ||
        lk_watches_open(&watches, 64) != LK_OK ||
        lk_resolver_open(&resolver, &watches, on_resolved, NULL) != LK_OK)
        return -1;
    snprintf(servers, sizeof servers, "127.0.0.1:%u", ntohs(at.sin_port));
    (void)lk_watch_add(&watches, dns_fd, EPOLLIN, on_question, NULL, 0);
    return ares_set_servers_ports_csv(resolver.channel, servers) == ARES_SUCCESS ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lk_resolver_close(&resolver);
    assert_int_equal(resolver.socket_count, 0);
    lk_watches_close(&watches);
    return close(dns_fd);
}

static void wait_for_it(void)
{
    uint64_t until = lk_clock_now_ns() + 10 * LK_NS_PER_S;
    while (!got.called && lk_clock_now_ns() < until) {
        uint64_t wait = lk_resolver_wait_ns(&resolver);
        (void)lk_watches_turn(&watches, wait == UINT64_MAX ? until : lk_clock_now_ns() + wait);
        lk_resolver_turn(&resolver);
    }
    assert_true(got.called);
}

static bool is_there(const char *address, uint16_t port, uint16_t priority)
{
    for (uint32_t i = 0; i < got.count; i++)
        if (strcmp(got.found[i].address, address) == 0 && got.found[i].port == port &&
            got.found[i].priority == priority)
            return true;
    return false;
}

static void resolve_gives_all_addresses_of_a_host(void **state)
{
    (void)state;
    lk_resolver_ask(&resolver, 5, "k2.example.net", false, 99);
    wait_for_it();
    assert_int_equal(got.source, 5);
    assert_int_equal(got.count, 3);
    assert_int_equal(got.ttl_s, 90);
    assert_true(is_there("192.0.2.2", 99, 0) && is_there("192.0.2.3", 99, 0));
    assert_true(is_there("2001:db8::6", 99, 0));
}

static void resolve_gives_a_service_with_its_addresses(void **state)
{
    (void)state;
    lk_resolver_ask(&resolver, 7, "_lurk._tcp.example.net", true, 0);
    wait_for_it();
    assert_int_equal(got.count, 4);
    assert_int_equal(got.ttl_s, 60); /* the shortest of all */
    assert_true(is_there("192.0.2.1", 7880, 0));
    assert_true(is_there("192.0.2.2", 7881, 10) && is_there("2001:db8::6", 7881, 10));
}

static void resolve_says_why_there_is_nothing(void **state)
{
    (void)state;
    lk_resolver_ask(&resolver, 1, "no-such.example.net", false, 1);
    wait_for_it();
    assert_int_equal(got.count, 0);
    assert_non_null(strstr(got.why, "not found"));
    memset(&got, 0, sizeof got);
    lk_resolver_ask(&resolver, 2, "_no-such._tcp.example.net", true, 0);
    wait_for_it();
    assert_int_equal(got.count, 0);
    assert_int_equal(got.source, 2);
}

static void resolve_that_is_closed_tells_nobody(void **state)
{
    (void)state;
    lk_resolver_ask(&resolver, 3, "_lurk._tcp.example.net", true, 0);
    lk_resolver_close(&resolver);
    assert_false(got.called);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resolve_gives_all_addresses_of_a_host),
        TEST(resolve_gives_a_service_with_its_addresses),
        TEST(resolve_says_why_there_is_nothing),
        TEST(resolve_that_is_closed_tells_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
