#include "core/base/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cmocka.h>

/* The journal of this test, in the place of libsystemd's: an entry as text, a field a line. */
static char entry[16384];
int sd_journal_sendv(const struct iovec *fields, int count);
int sd_journal_sendv(const struct iovec *fields, int count)
{
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        assert_null(memchr(fields[i].iov_base, '\n', fields[i].iov_len));
        assert_true(len + fields[i].iov_len + 2 <= sizeof entry);
        memcpy(entry + len, fields[i].iov_base, fields[i].iov_len);
        len += fields[i].iov_len;
        entry[len++] = '\n';
    }
    entry[len] = 0;
    return 0;
}

/* Such a socket is there, whatever this host has. */
int access(const char *path, int mode)
{
    return strcmp(path, "/run/systemd/journal/socket") == 0 ? 0 : faccessat(AT_FDCWD, path, mode, 0);
}

/* stderr goes to a file while `body` runs; the text it got is returned. */
static size_t said(void (*body)(void), char *text, size_t room)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    body();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t len = fread(text, 1, room - 1, file);
    text[len] = 0;
    fclose(file);
    return len;
}

/* The one line as JSON. */
static json_t *line_of(void (*body)(void))
{
    char text[4096];
    size_t len = said(body, text, sizeof text);
    assert_true(len > 0 && text[len - 1] == '\n');
    assert_ptr_equal(strchr(text, '\n'), text + len - 1); /* one line an event */
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    return line;
}

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    assert_non_null(text);
    return text;
}

static void plain(void)
{
    lk_log(LK_LOG_NOTICE, "key loaded", LK_F_STR("key", "www"), LK_F_U64("bits", 2048),
           LK_F_I64("skew", -3));
}

static void log_writes_one_json_line_with_typed_fields(void **state)
{
    (void)state;
    lk_log_setup("lurkd", "vault", LK_LOG_INFO, 1);
    json_t *line = line_of(plain);
    assert_string_equal(text_of(line, "message"), "key loaded");
    assert_string_equal(text_of(line, "level"), "notice");
    assert_string_equal(text_of(line, "from"), "vault");
    assert_string_equal(text_of(line, "key"), "www");
    assert_int_equal(json_integer_value(json_object_get(line, "bits")), 2048);
    assert_int_equal(json_integer_value(json_object_get(line, "skew")), -3);
    assert_int_equal(strlen(text_of(line, "time")), strlen("2026-01-01T00:00:00.000Z"));
    json_decref(line);
}

static void hostile(void)
{
    lk_log(LK_LOG_ERROR, "who\n\"is\\", LK_F_STR("peer", "a\",\"level\":\"x\n\x01\x1b[2J"));
}

/* Identities are strangers' text: they must not add a field, a line, or a terminal's command. */
static void log_escapes_what_strangers_wrote(void **state)
{
    (void)state;
    json_t *line = line_of(hostile);
    assert_string_equal(text_of(line, "message"), "who\n\"is\\");
    assert_string_equal(text_of(line, "peer"), "a\",\"level\":\"x\n\x01\x1b[2J");
    assert_string_equal(text_of(line, "level"), "error");
    json_decref(line);
}

static const char *entry_of(void (*body)(void))
{
    char none[16];
    entry[0] = 0;
    assert_int_equal(said(body, none, sizeof none), 0);
    return entry;
}

static void has(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    assert_true(at != NULL && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n');
}

/* journalctl shows MESSAGE and no other field: an operator reads there what happened to what. */
static void journal_shows_the_fields_in_the_message(void **state)
{
    (void)state;
    lk_log_setup("lurk-agent", "somebody", LK_LOG_INFO, 2);
    has(entry_of(plain), "MESSAGE=key loaded key=\"www\" bits=2048 skew=-3");
    has(entry, "SYSLOG_IDENTIFIER=lurk-agent");
    has(entry, "LURK_FROM=somebody");
    has(entry, "PRIORITY=5");
    has(entry, "LURK_KEY=www");
    has(entry, "LURK_BITS=2048");
    has(entry, "LURK_SKEW=-3");
}

static void journal_escapes_what_strangers_wrote(void **state)
{
    (void)state;
    lk_log_setup("lurkd", "front", LK_LOG_INFO, 2);
    entry[0] = 0;
    lk_log(LK_LOG_ERROR, "refused", LK_F_STR("peer", "a\" rule=\"all\x1b[2J"));
    has(entry, "MESSAGE=refused peer=\"a\\\" rule=\\\"all\\u001b[2J\"");
}

static char endless[10000];

static void too_long(void)
{
    lk_log(LK_LOG_ERROR, "long", LK_F_STR("first", endless), LK_F_STR("second", endless),
           LK_F_U64("third", 3));
}

static void log_cuts_what_does_not_fit_and_stays_json(void **state)
{
    (void)state;
    static const char fills[] = {'x', '"', '\n', '\x7f'};
    for (size_t i = 0; i < sizeof fills; i++)
        for (size_t len = sizeof endless - 8; len < sizeof endless; len++) {
            memset(endless, fills[i], sizeof endless);
            endless[len] = 0;
            json_t *line = line_of(too_long);
            assert_string_equal(text_of(line, "message"), "long");
            assert_int_equal(text_of(line, "first")[0], fills[i]);
            json_decref(line);
        }
    /* every place the cut can fall on */
    for (size_t len = 1700; len < 2048; len++) {
        memset(endless, 'y', sizeof endless);
        endless[len] = 0;
        json_t *line = line_of(too_long);
        assert_string_equal(text_of(line, "level"), "error");
        json_decref(line);
    }
}

/* What is too long costs neither its own field nor a shorter one beside it. */
static void journal_keeps_short_fields_beside_a_long_one(void **state)
{
    (void)state;
    memset(endless, 'z', sizeof endless - 1);
    endless[sizeof endless - 1] = 0;
    lk_log_setup("lurkd", "vault", LK_LOG_INFO, 2);
    assert_non_null(strstr(entry_of(too_long), "\nMESSAGE=long first=\"zzz"));
    assert_non_null(strstr(entry, "\nLURK_FIRST=zzz"));
    entry[0] = 0;
    lk_log(LK_LOG_ERROR, "beside", LK_F_U64("third", 3), LK_F_STR("first", endless));
    assert_non_null(strstr(entry, "\nMESSAGE=beside third=3 first=\"zzz"));
    has(entry, "LURK_THIRD=3");
}

static void quiet(void)
{
    lk_log(LK_LOG_DEBUG, "not wanted");
}

static void log_is_silent_above_its_level(void **state)
{
    (void)state;
    char text[256];
    lk_log_setup("lurkd", "front", LK_LOG_INFO, 1);
    assert_int_equal(said(quiet, text, sizeof text), 0);
    lk_log_setup("lurkd", "front", LK_LOG_DEBUG, 1);
    assert_true(said(quiet, text, sizeof text) > 0);
}

static void log_limit_lets_so_many_a_second_pass_and_counts_the_rest(void **state)
{
    (void)state;
    struct lk_log_limit limit = {0};
    uint32_t left_out = 99;
    uint64_t now = 5000000000ull;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(lk_log_may(&limit, 3, now + (uint64_t)i, &left_out), i < 3);
        assert_int_equal(left_out, 0);
    }
    assert_true(lk_log_may(&limit, 3, now + 1000000000ull, &left_out));
    assert_int_equal(left_out, 7);
    assert_true(lk_log_may(&limit, 3, now + 1000000001ull, &left_out));
    assert_int_equal(left_out, 0);
    assert_false(lk_log_may(&limit, 0, now + 9000000000ull, &left_out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_writes_one_json_line_with_typed_fields),
        cmocka_unit_test(log_escapes_what_strangers_wrote),
        cmocka_unit_test(log_cuts_what_does_not_fit_and_stays_json),
        cmocka_unit_test(journal_shows_the_fields_in_the_message),
        cmocka_unit_test(journal_escapes_what_strangers_wrote),
        cmocka_unit_test(journal_keeps_short_fields_beside_a_long_one),
        cmocka_unit_test(log_is_silent_above_its_level),
        cmocka_unit_test(log_limit_lets_so_many_a_second_pass_and_counts_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
