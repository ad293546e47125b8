#include "core/policy/edge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *pattern;
    const char *identity;
    bool match;
} rows[] = {
    {"uri:lurk:edge:a", "uri:lurk:edge:a", true},
    {"uri:lurk:edge:a", "uri:lurk:edge:A", false}, /* RFC 3986 6.2.1: byte by byte */
    {"uri:lurk:edge:a", "uri:lurk:edge:ab", false},
    {"uri:lurk:edge:ab", "uri:lurk:edge:a", false},
    {"uri:lurk:edge:*", "uri:lurk:edge:a", true},
    {"uri:lurk:edge:*", "uri:lurk:edge:", true},
    {"uri:lurk:edge:*", "uri:lurk:edge", false},
    {"uri:lurk:edge:*", "uri:lurk:Edge:a", false},
    {"uri:*", "uri:anything", true},
    {"uri:*", "dns:anything", false},
    {"dns:e1.example", "uri:e1.example", false},
    {"dns:e1.example", "dns:e1.example", true},
    {"dns:e1.example", "dns:E1.EXAMPLE", true}, /* RFC 4343 */
    {"dns:E1.Example", "dns:e1.example", true},
    {"dns:e1.example", "dns:e1.example.org", false},
    {"dns:e1.example", "dns:e1.exampl", false},
    {"dns:e1.example", "dns:e1\xc0" "example", false},
    {"dns:*.example", "dns:e1.example", true},
    {"dns:*.example", "dns:e1.EXAMPLE", true},
    {"dns:*.example", "dns:a.e1.example", false}, /* one label: RFC 6125 6.4.3 */
    {"dns:*.example", "dns:example", false},
    {"dns:*.example", "dns:.example", false},
    {"dns:*.example", "dns:*.example", false}, /* a certificate for many hosts is no edge */
    {"dns:*.example", "dns:e1.example.", false},
    {"dns:e1.example", "dns:", false},
    {"dns:e1.example", "", false},
    {"dns:e1.example", "dns", false},
    {"ip:1.2.3.4", "ip:1.2.3.4", false},
};

static void edge_matches_what_the_pattern_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (lk_edge_match(rows[i].pattern, rows[i].identity) == rows[i].match) continue;
        print_message("%s against %s\n", rows[i].pattern, rows[i].identity);
        fail();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(edge_matches_what_the_pattern_means)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
