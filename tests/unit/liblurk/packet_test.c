#include "tools/liblurk/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

/* Bytes as docs/edge-side.md lays them out: a request of a lurk ping with 800 ms left, and the
 * answer to it. */
#define PING "\x00\x01\x01\x00\x00\x01\x02\x03\x04\x05\x06\x07\x00\x00\x00\x10"
#define REQUEST "LK\x01\x01\xa1\xb2\xc3\xd4\x03\x20\x00\x00" PING
#define ANSWER "LK\x01\x02\xa1\xb2\xc3\xd4\x00\x00\x00\x00" PING
#define BYTES(text) lk_bytes_of(text, sizeof(text) - 1)

static void packet_request_is_written_and_read(void **state)
{
    (void)state;
    struct lk_packet packet = {
        .kind = LK_PACKET_REQUEST, .tag = 0xa1b2c3d4, .left_ms = 800, .body = BYTES(PING)};
    uint8_t out[64];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_packet_write(&w, &packet);
    assert_false(w.bad);
    assert_int_equal(w.len, sizeof REQUEST - 1);
    assert_memory_equal(out, REQUEST, w.len);
    struct lk_packet read;
    assert_int_equal(lk_packet_request_read(lk_bytes_of(out, w.len), &read), LK_PACKET_ANSWERED);
    assert_int_equal(read.kind, LK_PACKET_ANSWER);
    assert_int_equal(read.tag, 0xa1b2c3d4);
    assert_int_equal(read.left_ms, 800);
    assert_int_equal(read.body.len, 16);
    assert_ptr_equal(read.body.data, out + 12);
}

static void packet_answer_is_written_and_read(void **state)
{
    (void)state;
    struct lk_packet packet = {.kind = LK_PACKET_ANSWER, .tag = 0xa1b2c3d4, .body = BYTES(PING)};
    uint8_t out[64];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_packet_write(&w, &packet);
    assert_memory_equal(out, ANSWER, sizeof ANSWER - 1);
    struct lk_packet read;
    assert_true(lk_packet_answer_read(lk_bytes_of(out, w.len), &read));
    assert_int_equal(read.tag, 0xa1b2c3d4);
    assert_int_equal(read.outcome, LK_PACKET_ANSWERED);
    assert_int_equal(read.body.len, 16);
}

/* One byte of a good request or answer changed, or its size, and what becomes of it. */
struct change {
    size_t at;
    uint8_t to;
    int outcome; /* of a request; of an answer: 1 read, 0 refused */
};

static void packet_faults_of_a_request_have_their_outcome(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {0, 'l', LK_PACKET_MALFORMED},   {1, 0, LK_PACKET_MALFORMED},
        {2, 0, LK_PACKET_UNKNOWN},       {2, 2, LK_PACKET_UNKNOWN},
        {3, 0, LK_PACKET_UNKNOWN},       {3, 2, LK_PACKET_UNKNOWN},
        {3, 4, LK_PACKET_UNKNOWN},       {3, 5, LK_PACKET_UNKNOWN},
        {3, 3, LK_PACKET_MALFORMED}, /* a status request has no body */
        {10, 1, LK_PACKET_MALFORMED},    {11, 0xff, LK_PACKET_ANSWERED}, /* unknown flags */
        {9, 0, LK_PACKET_ANSWERED},      {27, 0x11, LK_PACKET_MALFORMED},
        {27, 0x0f, LK_PACKET_MALFORMED}, {24, 1, LK_PACKET_MALFORMED},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t bytes[] = REQUEST;
        struct lk_packet read;
        bytes[changes[i].at] = changes[i].to;
        assert_int_equal(lk_packet_request_read(lk_bytes_of(bytes, sizeof bytes - 1), &read),
                         changes[i].outcome);
        bool tagged = changes[i].at > 1;
        assert_int_equal(read.tag, tagged ? 0xa1b2c3d4 : 0);
    }
}

static void packet_request_of_any_other_size_is_malformed(void **state)
{
    (void)state;
    struct lk_packet read;
    for (size_t len = 0; len < sizeof REQUEST - 1; len++) {
        assert_int_equal(lk_packet_request_read(lk_bytes_of(REQUEST, len), &read),
                         LK_PACKET_MALFORMED);
        assert_int_equal(read.tag, len >= 12 ? 0xa1b2c3d4 : 0);
    }
    assert_int_equal(lk_packet_request_read(lk_bytes_of(REQUEST, sizeof REQUEST), &read),
                     LK_PACKET_MALFORMED);
}

static void packet_status_request_is_twelve_bytes(void **state)
{
    (void)state;
    struct lk_packet read;
    assert_int_equal(lk_packet_request_read(BYTES("LK\1\3\0\0\0\7\0\0\0\0"), &read),
                     LK_PACKET_ANSWERED);
    assert_int_equal(read.kind, LK_PACKET_STATUS);
    assert_true(lk_packet_answer_read(BYTES("LK\1\4\0\0\0\7\0\0\0\0servers 3\n"), &read));
    assert_int_equal(read.body.len, 10);
}

static void packet_answers_no_agent_sends_are_refused(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {0, 'l', 0}, {2, 2, 0}, {3, 1, 0},  {3, 3, 0},     {3, 5, 0},
        {10, 1, 0}, /* a fault with a body */
        {10, 8, 0},  {8, 1, 1}, {11, 1, 1}, {27, 0x11, 0}, {26, 1, 0},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t bytes[] = ANSWER;
        struct lk_packet read;
        bytes[changes[i].at] = changes[i].to;
        assert_int_equal(lk_packet_answer_read(lk_bytes_of(bytes, sizeof bytes - 1), &read),
                         changes[i].outcome);
    }
}

static void packet_answer_with_an_outcome_is_bare(void **state)
{
    (void)state;
    struct lk_packet read;
    for (uint8_t outcome = 1; outcome < LK_PACKET_OUTCOME_COUNT; outcome++) {
        uint8_t bytes[] = "LK\1\2\0\0\0\7\0\0\0\0";
        bytes[10] = outcome;
        assert_true(lk_packet_answer_read(lk_bytes_of(bytes, 12), &read));
        assert_int_equal(read.outcome, outcome);
        assert_false(lk_packet_answer_read(lk_bytes_of(bytes, 13), &read));
    }
    assert_false(lk_packet_answer_read(BYTES("LK\1\2\0\0\0\7\0\0\0\0"), &read));
}

/* An agent of another version says so in its own, and only that can be understood. */
static void packet_of_another_version_says_unknown_alone(void **state)
{
    (void)state;
    struct lk_packet read;
    assert_true(lk_packet_answer_read(BYTES("LK\3\2\0\0\0\7\0\0\5\0"), &read));
    assert_int_equal(read.version, 3);
    assert_false(lk_packet_answer_read(BYTES("LK\3\2\0\0\0\7\0\0\1\0"), &read));
    assert_false(lk_packet_answer_read(BYTES("LK\3\4\0\0\0\7\0\0\0\0x 1\n"), &read));
}

static void packet_takes_the_largest_message_and_no_larger(void **state)
{
    (void)state;
    static uint8_t bytes[LK_PACKET_BYTES_MAX + 1] = "LK\1\1\0\0\0\7\0\0\0\0"
                                                    "\0\1\1\0\0\0\0\0\0\0\0\1\0\0\xff\xff";
    struct lk_packet read;
    assert_int_equal(lk_packet_request_read(lk_bytes_of(bytes, sizeof bytes - 1), &read),
                     LK_PACKET_ANSWERED);
    bytes[25] = 1; /* 65,536 */
    bytes[26] = bytes[27] = 0;
    assert_int_equal(lk_packet_request_read(lk_bytes_of(bytes, sizeof bytes), &read),
                     LK_PACKET_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_request_is_written_and_read),
        cmocka_unit_test(packet_answer_is_written_and_read),
        cmocka_unit_test(packet_faults_of_a_request_have_their_outcome),
        cmocka_unit_test(packet_request_of_any_other_size_is_malformed),
        cmocka_unit_test(packet_status_request_is_twelve_bytes),
        cmocka_unit_test(packet_answers_no_agent_sends_are_refused),
        cmocka_unit_test(packet_answer_with_an_outcome_is_bare),
        cmocka_unit_test(packet_of_another_version_says_unknown_alone),
        cmocka_unit_test(packet_takes_the_largest_message_and_no_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
