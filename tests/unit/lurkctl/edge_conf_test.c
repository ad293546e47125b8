#include "tools/lurkctl/edge_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lurkctl/finding.h"

#define INIT "openssl_conf = i\n[i]\nproviders = p\n"
#define LAYERS "alg_section = a\nrandom = r\n"
#define BOTH "[p]\ndefault = d\nlurk = l\n[d]\nactivate = 1\n[l]\nactivate = yes\n"
#define TAIL "[a]\ndefault_properties = ?lurk.tls=yes\n[r]\nrandom = LURK-RAND\n"

static char directory[] = "/tmp/lurk-edge-conf-XXXXXX";
static char conf_path[64], module_path[64];

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL) return -1;
    snprintf(conf_path, sizeof conf_path, "%s/conf", directory);
    snprintf(module_path, sizeof module_path, "%s/lurk.so", directory);
    FILE *f = fopen(module_path, "w");
    return f != NULL ? fclose(f) : -1;
}

static int end(void **state)
{
    (void)state;
    unlink(conf_path);
    unlink(module_path);
    return rmdir(directory);
}

/* Faults that a file of this text has. */
static unsigned judged(const char *text, struct lk_edge_conf *out)
{
    FILE *f = fopen(conf_path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    unsigned before = lk_finding_faults();
    lk_edge_conf_check(conf_path, directory, out);
    return lk_finding_faults() - before;
}

static void edge_conf_takes_what_it_says(void **state)
{
    (void)state;
    struct lk_edge_conf conf;
    assert_int_equal(judged(INIT LAYERS BOTH "agent = /run/a\nmodule = lurk.so\n" TAIL, &conf), 0);
    assert_string_equal(conf.agent, "/run/a");
    assert_string_equal(conf.module, module_path);
    assert_true(conf.full);
}

/* A module's name: none is the provider's own, .so comes by itself, a path is a path. */
static void edge_conf_finds_the_module_as_openssl_does(void **state)
{
    (void)state;
    struct lk_edge_conf conf;
    assert_int_equal(judged(INIT LAYERS BOTH TAIL, &conf), 0);
    assert_string_equal(conf.module, module_path);
    assert_string_equal(conf.agent, "@lurk-agent");
    assert_int_equal(judged(INIT LAYERS BOTH "module = lurk\n" TAIL, &conf), 0);
    assert_string_equal(conf.module, module_path);
    assert_int_equal(judged(INIT LAYERS BOTH "module = /nowhere/lurk.so\n" TAIL, &conf), 1);
    assert_string_equal(conf.module, "/nowhere/lurk.so");
}

static void edge_conf_of_mode_sign_needs_the_provider_alone(void **state)
{
    (void)state;
    struct lk_edge_conf conf;
    assert_int_equal(judged(INIT BOTH "mode = sign\n", &conf), 0);
    assert_false(conf.full);
    assert_int_equal(judged(INIT BOTH, &conf), 2); /* mode full: properties and random */
}

static void edge_conf_tells_each_fault(void **state)
{
    (void)state;
    struct lk_edge_conf conf;
    static const struct {
        const char *text;
        unsigned faults;
    } rows[] = {
        {"", 1},
        {"openssl_conf = i\n[i]\n", 1},
        {INIT LAYERS "[p]\nlurk = l\ndefault = d\n[d]\nactivate = 1\n[l]\nactivate = 1\n" TAIL, 1},
        {INIT LAYERS "[p]\nlurk = l\n[l]\nactivate = 1\n" TAIL, 1},
        {INIT LAYERS "[p]\ndefault = d\n[d]\nactivate = 1\n" TAIL, 1},
        {INIT LAYERS "[p]\ndefault = d\nlurk = l\n[d]\n[l]\nactivate = 0\n" TAIL, 2},
        {INIT LAYERS BOTH "[a]\ndefault_properties = provider=lurk\n[r]\nrandom = HASH-DRBG\n", 2},
        {INIT LAYERS BOTH "agnet = @a\n" TAIL, 1},
        {INIT LAYERS BOTH "agnet = @a\nwait = 3\n1.mode = sign\n" TAIL, 3},
        {INIT LAYERS BOTH "1.module = lurk\nidentity = lurk\nsoft_load = 1\nmode = full\nfallback = refuse\n"
                          "verify = every\nwait_ms = 50\ntrace = /tmp/t\n" TAIL, 0},
        {"no line\n", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(judged(rows[i].text, &conf), rows[i].faults);
    unlink(conf_path);
    unsigned before = lk_finding_faults();
    assert_false(lk_edge_conf_check(conf_path, directory, &conf));
    assert_int_equal(lk_finding_faults() - before, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edge_conf_takes_what_it_says),
        cmocka_unit_test(edge_conf_finds_the_module_as_openssl_does),
        cmocka_unit_test(edge_conf_of_mode_sign_needs_the_provider_alone),
        cmocka_unit_test(edge_conf_tells_each_fault),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
