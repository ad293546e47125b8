#include "tools/provider/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static uint8_t room[70000];

/* A message of a type; its body begins with a version. */
static struct lk_bytes message(uint8_t type, size_t len)
{
    memset(room, 0x11, sizeof room);
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_writer_u8(&w, type);
    lk_writer_u24(&w, (uint32_t)len);
    lk_writer_u16(&w, 0x0303);
    return lk_bytes_of(room, 4 + len);
}

static struct lk_bytes datagram(uint8_t type, size_t len, uint16_t seq)
{
    memset(room, 0x22, sizeof room);
    struct lk_writer w = lk_writer_of(room, sizeof room);
    lk_writer_u8(&w, type);
    lk_writer_u24(&w, (uint32_t)len);
    lk_writer_u16(&w, seq);
    lk_writer_u24(&w, 0);
    lk_writer_u24(&w, (uint32_t)len);
    return lk_bytes_of(room, 12 + len);
}

static void transcript_begins_with_a_whole_hello_or_its_hash(void **state)
{
    (void)state;
    struct lk_bytes hello = message(1, 100);
    assert_true(lk_transcript_begins(hello));
    assert_int_equal(lk_transcript_hello_hash(hello).len, 0);
    for (size_t len = 0; len < hello.len; len++) /* a PSK binder hashes a hello that is cut */
        assert_false(lk_transcript_begins(lk_bytes_of(hello.data, len)));
    assert_true(lk_transcript_begins(datagram(1, 100, 0)));
    static const uint8_t others[] = {0, 2, 4, 11, 12, 16, 20, 0x30, 0x16};
    for (size_t i = 0; i < sizeof others; i++)
        assert_false(lk_transcript_begins(message(others[i], 100)));
    assert_true(lk_transcript_begins(message(254, 32)));
    assert_int_equal(lk_transcript_hello_hash(message(254, 48)).len, 48);
    assert_false(lk_transcript_begins(message(254, 33)));
}

static void transcript_holds_what_was_added(void **state)
{
    (void)state;
    struct lk_transcript *t = lk_transcript_new(message(1, 200), NULL);
    assert_non_null(t);
    size_t at = 204;
    static const uint8_t types[] = {2, 11, 14, 16};
    for (size_t i = 0; i < sizeof types; i++) {
        assert_true(lk_transcript_add(t, at, message(types[i], 300)));
        at += 304;
    }
    struct lk_message cut[LK_TRANSCRIPT_MESSAGES_MAX];
    struct lk_bytes all = lk_transcript_bytes(t);
    assert_int_equal(all.len, at);
    assert_int_equal(lk_messages_cut(all, false, cut), 5);
    assert_int_equal(cut[0].type, 1);
    assert_int_equal(cut[4].type, 16);
    assert_int_equal(cut[4].body.len, 300);
    assert_int_equal(cut[4].whole.len, 304);
    lk_transcript_free(t);
}

/* A copy of the digest shares it; only who is at its end adds. */
static void transcript_is_added_to_at_its_end_only(void **state)
{
    (void)state;
    struct lk_transcript *t = lk_transcript_new(message(1, 10), NULL);
    struct lk_transcript *copy = lk_transcript_up(t);
    assert_true(lk_transcript_add(t, 14, message(2, 10)));
    assert_false(lk_transcript_add(copy, 14, message(8, 10)));
    assert_int_equal(lk_transcript_bytes(t).len, 28);
    lk_transcript_free(copy);
    assert_true(lk_transcript_add(t, 28, message(8, 10)));
    lk_transcript_free(t);
}

/* libssl hashes a long message of datagrams as it sends it: by fragments. */
static void transcript_takes_a_message_in_pieces(void **state)
{
    (void)state;
    struct lk_transcript *t = lk_transcript_new(datagram(1, 50, 0), NULL);
    struct lk_bytes certificate = datagram(11, 900, 1);
    size_t at = 62;
    struct lk_message cut[LK_TRANSCRIPT_MESSAGES_MAX];
    for (size_t from = 0; from < certificate.len; from += 200) {
        size_t len = certificate.len - from < 200 ? certificate.len - from : 200;
        assert_true(lk_transcript_add(t, at, lk_bytes_of(certificate.data + from, len)));
        at += len;
        size_t count = lk_messages_cut(lk_transcript_bytes(t), true, cut);
        assert_int_equal(count, from + len == certificate.len ? 2 : 0);
    }
    assert_int_equal(cut[1].body.len, 900);
    assert_false(lk_transcript_add(t, at, lk_bytes_of("\x0c", 1))); /* begins to be another */
    lk_transcript_free(t);
}

static void transcript_ends_where_nothing_is_asked_any_more(void **state)
{
    static const uint8_t last[] = {12, 15, 20, 4, 24, 25, 0};
    (void)state;
    for (size_t i = 0; i < sizeof last; i++) {
        struct lk_transcript *t = lk_transcript_new(message(1, 10), NULL);
        assert_false(lk_transcript_add(t, 14, message(last[i], 10)));
        lk_transcript_free(t);
    }
}

static void transcript_is_no_longer_than_a_request_may_be(void **state)
{
    (void)state;
    struct lk_transcript *t = lk_transcript_new(message(1, 60000), NULL);
    assert_false(lk_transcript_add(t, 60004, message(2, 5532)));
    assert_true(lk_transcript_add(t, 60004, message(2, 5527)));
    lk_transcript_free(t);
    assert_null(lk_transcript_new(message(1, LK_TRANSCRIPT_BYTES_MAX), NULL));
}

static void transcript_keeps_the_first_hello(void **state)
{
    (void)state;
    struct lk_transcript *first = lk_transcript_new(message(1, 77), NULL);
    struct lk_transcript *t = lk_transcript_new(message(254, 32), first);
    lk_transcript_free(first);
    assert_int_equal(lk_transcript_bytes(lk_transcript_first(t)).len, 81);
    lk_transcript_free(t);
}

static void transcript_of_datagrams_is_cut_by_their_headers(void **state)
{
    (void)state;
    struct lk_transcript *t = lk_transcript_new(datagram(1, 50, 1), NULL);
    assert_non_null(t);
    assert_true(lk_transcript_add(t, 62, datagram(2, 40, 1)));
    struct lk_message cut[LK_TRANSCRIPT_MESSAGES_MAX];
    assert_true(lk_messages_datagram(lk_transcript_bytes(t)));
    assert_int_equal(lk_messages_cut(lk_transcript_bytes(t), true, cut), 2);
    assert_int_equal(cut[1].body.len, 40);
    lk_transcript_free(t);
}

static void messages_are_at_most_sixteen(void **state)
{
    (void)state;
    struct lk_message cut[LK_TRANSCRIPT_MESSAGES_MAX];
    uint8_t many[17 * 4] = {0};
    for (size_t i = 0; i < 17; i++)
        many[4 * i] = 14;
    assert_int_equal(lk_messages_cut(lk_bytes_of(many, 64), false, cut), 16);
    assert_int_equal(lk_messages_cut(lk_bytes_of(many, 68), false, cut), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transcript_begins_with_a_whole_hello_or_its_hash),
        cmocka_unit_test(transcript_holds_what_was_added),
        cmocka_unit_test(transcript_is_added_to_at_its_end_only),
        cmocka_unit_test(transcript_takes_a_message_in_pieces),
        cmocka_unit_test(transcript_ends_where_nothing_is_asked_any_more),
        cmocka_unit_test(transcript_is_no_longer_than_a_request_may_be),
        cmocka_unit_test(transcript_keeps_the_first_hello),
        cmocka_unit_test(transcript_of_datagrams_is_cut_by_their_headers),
        cmocka_unit_test(messages_are_at_most_sixteen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
