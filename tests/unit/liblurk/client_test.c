/* Calls in flight with time as an argument and a key server that is a few lines of this file. */
#include "tools/liblurk/lurk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/draw.h"
#include "tools/liblurk/client.h"
#include "tools/liblurk/packet.h"

#define MS UINT64_C(1000000)
#define START (UINT64_C(5000) * MS)

static struct lurk_client *client_of(enum lurk_framing framing, uint32_t calls, uint32_t queue)
{
    struct lurk_client_options options = {
        .size = sizeof options, .framing = framing, .calls_max = calls, .queue_bytes_max = queue};
    struct lurk_client *client = lurk_client_new(&options);
    assert_non_null(client);
    return client;
}

static int submit(struct lurk_client *client, uint64_t deadline_ns, void *token, uint64_t now_ns,
                  uint64_t *id)
{
    uint8_t ping[16];
    size_t len;
    assert_int_equal(lurk_ping_write(LURK_TLS12, ping, sizeof ping, &len), LURK_OK);
    struct lurk_submit call = {
        .size = sizeof call, .message = {ping, len}, .deadline_ns = deadline_ns, .token = token};
    return lurk_client_submit(client, &call, now_ns, id);
}

/* The next unit that goes out: its bytes copied, and told to have gone. */
static size_t unit_out(struct lurk_client *client, uint64_t now_ns, uint8_t *to)
{
    struct lurk_bytes out = lurk_client_output(client, now_ns);
    if (out.len > 0) memcpy(to, out.data, out.len);
    lurk_client_sent(client, out.len);
    return out.len;
}

static int answer(struct lurk_client *client, uint64_t id, uint8_t status, uint64_t now_ns)
{
    uint8_t pong[16] = {1, 1, 1, status};
    lurk_id_set(pong, id);
    pong[15] = 16;
    return lurk_client_input(client, pong, sizeof pong, now_ns);
}

static struct lurk_result take(struct lurk_client *client, uint64_t now_ns, bool expect)
{
    struct lurk_result result = {.size = sizeof result};
    assert_int_equal(lurk_client_take(client, now_ns, &result), expect);
    return result;
}

static struct lurk_counts counts(const struct lurk_client *client)
{
    struct lurk_counts counted = {.size = sizeof counted};
    lurk_client_counts(client, &counted);
    return counted;
}

/* --- a stream ------------------------------------------------------------------------------------
 */

static void stream_answers_are_matched_in_any_order(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
    uint8_t out[64];
    uint64_t id[3];
    int token[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(submit(client, LURK_NEVER, &token[i], START, &id[i]), LURK_OK);
    assert_true(id[0] != id[1] && id[1] != id[2]);
    assert_int_equal(unit_out(client, START, out), 48); /* back to back, in one piece */
    for (int i = 0; i < 3; i++)
        assert_int_equal(lurk_id_get(out + 16 * i), id[i]);
    for (int i = 2; i >= 0; i--)
        assert_int_equal(answer(client, id[i], 1, START + 3 * MS), 16);
    for (int i = 2; i >= 0; i--) {
        struct lurk_result result = take(client, START + 4 * MS, true);
        assert_int_equal(result.outcome, LURK_OK);
        assert_int_equal(result.id, id[i]);
        assert_ptr_equal(result.token, &token[i]);
        assert_int_equal(result.elapsed_ns, 3 * MS);
        assert_int_equal(lurk_ping_read(result.answer), LURK_OK);
    }
    take(client, START + 4 * MS, false);
    assert_int_equal(lurk_client_calls(client), 0);
    assert_int_equal(lurk_client_rtt_ns(client), 3 * MS);
    lurk_client_free(client);
}

static void stream_is_cut_wherever_it_breaks(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 32; cut++) {
        struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
        uint8_t bytes[32] = {0};
        for (int i = 0; i < 2; i++) {
            uint64_t id;
            assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
            memcpy(bytes + 16 * i, (uint8_t[]){1, 1, 1, 1}, 4);
            lurk_id_set(bytes + 16 * i, id);
            bytes[16 * i + 15] = 16;
        }
        assert_int_equal(lurk_client_input(client, bytes, cut, START), cut);
        for (size_t i = 0; i < cut / 16; i++)
            take(client, START, true);
        take(client, START, false);
        assert_int_equal(lurk_client_input(client, bytes + cut, 32 - cut, START), 32 - cut);
        for (size_t i = cut / 16; i < 2; i++)
            take(client, START, true);
        take(client, START, false);
        lurk_client_free(client);
    }
}

static void strays_are_counted_and_left(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
    uint64_t id;
    assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
    answer(client, id + 1, 1, START); /* rule 1 */
    answer(client, id, 0, START);     /* rule 2 */
    take(client, START, false);
    assert_int_equal(counts(client).strays, 2);
    answer(client, id, 1, START);
    answer(client, id, 1, START); /* answered already */
    take(client, START, true);
    take(client, START, false);
    assert_int_equal(counts(client).strays, 3);
    assert_int_equal(lurk_client_state(client), LURK_OK);
    lurk_client_free(client);
}

/* Rules 3 and 4: one answer that cannot be, and everything that is in flight fails. */
static void unacceptable_answer_ends_the_connection(void **state)
{
    (void)state;
    static const uint8_t heads[][4] = {{2, 1, 1, 1}, {1, 2, 1, 1}, {1, 1, 6, 1},
                                       {9, 1, 1, 5}, {0, 2, 1, 5}, {1, 1, 0, 5}};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
        uint64_t id[2];
        uint8_t bytes[16] = {0};
        for (int k = 0; k < 2; k++)
            assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id[k]), LURK_OK);
        memcpy(bytes, heads[i], 4);
        lurk_id_set(bytes, id[0]);
        bytes[15] = 16;
        assert_int_equal(lurk_client_input(client, bytes, 16, START), 16);
        struct lurk_result first = take(client, START, true);
        assert_int_equal(first.outcome, LURK_ERR_ANSWER);
        assert_int_equal(first.id, id[0]);
        assert_null(first.answer);
        assert_int_equal(take(client, START, true).outcome, LURK_ERR_CLOSED);
        assert_int_equal(lurk_client_state(client), LURK_ERR_ANSWER);
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id[0]), LURK_ERR_CLOSED);
        assert_int_equal(answer(client, id[1], 1, START), LURK_ERR_CLOSED);
        lurk_client_reset(client, false);
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id[0]), LURK_OK);
        lurk_client_free(client);
    }
}

static void stream_whose_cut_is_lost_ends(void **state)
{
    (void)state;
    static const uint8_t lengths[][4] = {{0, 0, 0, 15}, {0, 1, 0, 0}, {255, 255, 255, 255}};
    for (size_t i = 0; i < 3; i++) {
        struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
        uint8_t bytes[16] = {1, 1, 1, 1};
        uint64_t id;
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
        lurk_id_set(bytes, id);
        memcpy(bytes + 12, lengths[i], 4);
        lurk_client_input(client, bytes, 16, START);
        assert_int_equal(take(client, START, true).outcome, LURK_ERR_CLOSED);
        assert_int_equal(lurk_client_state(client), LURK_ERR_ANSWER);
        lurk_client_free(client);
    }
}

static void refusals_come_with_their_answer(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
    uint64_t id;
    uint8_t bytes[20] = {0, 1, 1, 7, [15] = 20, 'a', 'b', 'c', 'd'};
    assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
    lurk_id_set(bytes, id);
    lurk_client_input(client, bytes, 20, START);
    struct lurk_result result = take(client, START, true);
    assert_int_equal(result.outcome, LURK_ERR_BUSY);
    assert_memory_equal(result.answer->state, "abcd", 4);
    assert_int_equal(counts(client).refused, 1);
    lurk_client_free(client);
}

/* --- bounds --------------------------------------------------------------------------------------
 */

static void calls_and_queue_are_bounded(void **state)
{
    (void)state;
    for (int framing = LURK_STREAM; framing <= LURK_PACKET; framing++) {
        struct lurk_client *client = client_of((enum lurk_framing)framing, 4, 0);
        uint64_t id;
        uint8_t out[256];
        for (int i = 0; i < 4; i++)
            assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_ERR_FULL);
        while (unit_out(client, START, out) > 0) {
        }
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_ERR_FULL);
        assert_int_equal(lurk_client_cancel(client, id), LURK_OK);
        assert_int_equal(lurk_client_cancel(client, id), LURK_ERR_STRAY);
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
        lurk_client_free(client);
        client = client_of((enum lurk_framing)framing, 64, 100);
        int queued = 0;
        while (submit(client, LURK_NEVER, NULL, START, &id) == LURK_OK)
            queued++;
        assert_int_equal(queued, framing == LURK_PACKET ? 3 : 6);
        while (unit_out(client, START, out) > 0) {
        }
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
        lurk_client_free(client);
    }
}

static void submit_takes_whole_requests_alone(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
    uint8_t bytes[17] = {1, 1, 1, 0, [15] = 16};
    struct lurk_submit call = {.size = sizeof call, .message = {bytes, 16}};
    uint64_t id;
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_OK);
    call.message.len = 15;
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_ERR_ARGUMENT);
    call.message.len = 17;
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_ERR_ARGUMENT);
    call.message.len = 16;
    bytes[3] = 1; /* an answer */
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_ERR_ARGUMENT);
    bytes[3] = 0;
    call.message.data = NULL;
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_ERR_ARGUMENT);
    call.size = 8;
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_ERR_ARGUMENT);
    assert_int_equal(lurk_client_submit(client, NULL, START, &id), LURK_ERR_ARGUMENT);
    lurk_client_free(client);
}

/* An agent's id is the same at every server; twice on one connection it would be no name. */
static void kept_id_goes_out_and_is_nobody_elses(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
    uint8_t bytes[16] = {1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, [15] = 16}, out[64];
    struct lurk_submit call = {.size = sizeof call, .message = {bytes, 16}, .keep_id = true};
    uint64_t id;
    call.deadline_ns = LURK_NEVER;
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_OK);
    assert_int_equal(id, 0x0102030405060708);
    assert_int_equal(unit_out(client, START, out), 16);
    assert_memory_equal(out, bytes, 16);
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_ERR_ARGUMENT);
    answer(client, id, 1, START);
    take(client, START, true);
    assert_int_equal(lurk_client_submit(client, &call, START, &id), LURK_OK);
    lurk_client_free(client);
}

/* --- time ----------------------------------------------------------------------------------------
 */

static void call_expires_at_its_deadline(void **state)
{
    (void)state;
    for (int framing = LURK_STREAM; framing <= LURK_PACKET; framing++) {
        struct lurk_client *client = client_of((enum lurk_framing)framing, 0, 0);
        uint64_t first, second;
        int token;
        assert_int_equal(submit(client, START + 20 * MS, NULL, START, &second), LURK_OK);
        assert_int_equal(submit(client, START + 10 * MS, &token, START, &first), LURK_OK);
        assert_int_equal(lurk_client_due_ns(client), START + 10 * MS);
        take(client, START + 10 * MS - 1, false);
        struct lurk_result result = take(client, START + 10 * MS, true);
        assert_int_equal(result.outcome, LURK_ERR_TIMEOUT);
        assert_int_equal(result.id, first);
        assert_ptr_equal(result.token, &token);
        assert_null(result.answer);
        take(client, START + 10 * MS, false);
        assert_int_equal(lurk_client_due_ns(client), START + 20 * MS);
        assert_int_equal(take(client, START + 30 * MS, true).id, second);
        assert_int_equal(lurk_client_due_ns(client), LURK_NEVER);
        assert_int_equal(counts(client).expired, 2);
        lurk_client_free(client);
    }
}

/* An answer that is there counts, however late it is looked at. */
static void answer_wins_over_the_deadline(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
    uint64_t id;
    assert_int_equal(submit(client, START + 10 * MS, NULL, START, &id), LURK_OK);
    answer(client, id, 1, START + 9 * MS);
    assert_int_equal(take(client, START + 50 * MS, true).outcome, LURK_OK);
    lurk_client_free(client);
}

static void datagram_is_repeated_doubling_until_the_deadline(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_DATAGRAM, 0, 0);
    uint8_t first[64], again[64];
    uint64_t id, deadline = START + 1000 * MS, at = START;
    assert_int_equal(submit(client, deadline, NULL, START, &id), LURK_OK);
    assert_int_equal(unit_out(client, START, first), 16);
    for (uint64_t pause = 50 * MS; at + pause < deadline; pause *= 2) {
        assert_int_equal(lurk_client_due_ns(client), at + pause);
        assert_int_equal(unit_out(client, at + pause - 1, again), 0);
        at += pause;
        assert_int_equal(unit_out(client, at, again), 16);
        assert_memory_equal(again, first, 16);
        assert_int_equal(unit_out(client, at, again), 0);
    }
    assert_int_equal(counts(client).repeated, 4); /* 50, 150, 350, 750 ms */
    struct lurk_result result = take(client, deadline, true);
    assert_int_equal(result.outcome, LURK_ERR_TIMEOUT);
    assert_int_equal(result.sends, 5);
    assert_int_equal(unit_out(client, deadline + 1000 * MS, again), 0);
    lurk_client_free(client);
}

static void datagram_repeats_by_the_round_trip(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_DATAGRAM, 0, 0);
    uint8_t out[64];
    uint64_t id;
    assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
    unit_out(client, START, out);
    answer(client, id, 1, START + 40 * MS);
    take(client, START + 40 * MS, true);
    assert_int_equal(lurk_client_rtt_ns(client), 40 * MS);
    assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
    unit_out(client, START, out);
    assert_int_equal(lurk_client_due_ns(client), START + 120 * MS);
    /* What was repeated teaches nothing: whose answer it is nobody knows. */
    unit_out(client, START + 120 * MS, out);
    answer(client, id, 1, START + 121 * MS);
    assert_int_equal(take(client, START + 121 * MS, true).sends, 2);
    assert_int_equal(lurk_client_rtt_ns(client), 40 * MS);
    lurk_client_free(client);
}

static void malformed_datagram_is_dropped(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_DATAGRAM, 0, 0);
    uint64_t id;
    uint8_t bytes[40] = {1, 1, 1, 1};
    assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
    lurk_id_set(bytes, id);
    bytes[15] = 16;
    lurk_client_input(client, bytes, 15, START);
    lurk_client_input(client, bytes, 17, START);
    lurk_client_input(client, bytes, 32, START);
    assert_int_equal(counts(client).malformed, 3);
    take(client, START, false);
    lurk_client_input(client, bytes, 16, START);
    take(client, START, true);
    lurk_client_free(client);
}

/* --- packets -------------------------------------------------------------------------------------
 */

static size_t packet_answer(uint8_t *to, uint32_t tag, uint8_t outcome, uint64_t id)
{
    uint8_t pong[16] = {1, 1, 1, 1, [15] = 16};
    lurk_id_set(pong, id);
    struct lk_packet packet = {.kind = LK_PACKET_ANSWER, .tag = tag, .outcome = outcome};
    if (outcome == 0) packet.body = lk_bytes_of(pong, 16);
    struct lk_writer w = lk_writer_of(to, 64);
    lk_packet_write(&w, &packet);
    return w.len;
}

static void packet_carries_tag_and_time(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_PACKET, 0, 0);
    uint8_t out[64], in[64];
    uint64_t id;
    struct lk_packet packet;
    assert_int_equal(submit(client, START + 700 * MS, NULL, START, &id), LURK_OK);
    size_t len = unit_out(client, START + 100 * MS, out);
    assert_int_equal(lk_packet_request_read(lk_bytes_of(out, len), &packet), LK_PACKET_ANSWERED);
    assert_int_equal(packet.left_ms, 600);
    assert_int_equal(lurk_id_get(packet.body.data), id);
    len = packet_answer(in, packet.tag, 0, id);
    assert_int_equal(lurk_client_input(client, in, len, START), len);
    assert_int_equal(take(client, START, true).outcome, LURK_OK);
    lurk_client_free(client);
}

static void agents_outcomes_are_told(void **state)
{
    (void)state;
    static const int told[] = {0,
                               LURK_ERR_NO_SERVER,
                               LURK_ERR_TIMEOUT,
                               LURK_ERR_FULL,
                               LURK_ERR_PACKET,
                               LURK_ERR_VERSION,
                               LURK_ERR_FORBIDDEN};
    struct lurk_client *client = client_of(LURK_PACKET, 2, 0);
    uint32_t old_tag = 0;
    for (uint8_t outcome = 1; outcome <= 6; outcome++) {
        uint8_t out[64], in[64];
        uint64_t id;
        struct lk_packet packet;
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
        size_t len = unit_out(client, START, out);
        assert_int_equal(lk_packet_request_read(lk_bytes_of(out, len), &packet), 0);
        len = packet_answer(in, old_tag, outcome, 0); /* to a call that is over */
        lurk_client_input(client, in, len, START);
        take(client, START, false);
        len = packet_answer(in, packet.tag, outcome, 0);
        lurk_client_input(client, in, len, START);
        assert_int_equal(take(client, START, true).outcome, told[outcome]);
        old_tag = packet.tag;
    }
    assert_int_equal(counts(client).strays, 6);
    lurk_client_free(client);
}

static void leaving_agent_is_asked_again_once(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_PACKET, 0, 0);
    uint8_t first[64], again[64], in[64];
    uint64_t id;
    struct lk_packet packet;
    assert_int_equal(submit(client, START + 700 * MS, NULL, START, &id), LURK_OK);
    size_t len = unit_out(client, START, first);
    assert_int_equal(lk_packet_request_read(lk_bytes_of(first, len), &packet), 0);
    for (int round = 0; round < 2; round++) {
        lurk_client_input(client, in, packet_answer(in, packet.tag, LK_PACKET_LEAVING, 0), START);
        take(client, START, false);
        assert_int_equal(lurk_client_state(client), LURK_ERR_LEAVING);
        assert_int_equal(unit_out(client, START, again), 0);
        assert_int_equal(lk_client_resendable(client), round == 0);
        lurk_client_reset(client, true);
        if (round == 1) break;
        assert_int_equal(unit_out(client, START, again), len);
        assert_memory_equal(again + 12, first + 12, len - 12);
    }
    assert_int_equal(take(client, START, true).outcome, LURK_ERR_LEAVING);
    lurk_client_free(client);
}

static void agent_that_sends_no_packet_is_left(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_PACKET, 0, 0);
    uint64_t id;
    assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id), LURK_OK);
    lurk_client_input(client, "LK\1\1 nonsense", 13, START);
    assert_int_equal(take(client, START, true).outcome, LURK_ERR_CLOSED);
    assert_int_equal(lurk_client_state(client), LURK_ERR_ANSWER);
    lurk_client_free(client);
}

/* --- the connection ------------------------------------------------------------------------------
 */

static void calls_of_a_lost_connection_fail(void **state)
{
    (void)state;
    struct lurk_client *client = client_of(LURK_STREAM, 0, 0);
    uint8_t out[64];
    uint64_t id[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(submit(client, LURK_NEVER, NULL, START, &id[i]), LURK_OK);
    lurk_client_fail(client, LURK_ERR_PEER);
    assert_int_equal(lurk_client_due_ns(client), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(take(client, START, true).outcome, LURK_ERR_PEER);
    take(client, START, false);
    lurk_client_reset(client, false);
    assert_int_equal(unit_out(client, START, out), 0);
    assert_int_equal(answer(client, id[0], 1, START), 16);
    take(client, START, false);
    lurk_client_free(client);
}

/* --- a model -------------------------------------------------------------------------------------
 */

/* Random submits, answers, losses, repeats and cancels against a list of what has to come. */
#define MODEL_CALLS 64
struct model {
    struct {
        uint64_t id, deadline_ns;
        bool live, answered;
    } call[MODEL_CALLS];
    uint32_t live;
    uint64_t now;
};

static void model_submit(struct model *m, struct lurk_client *client)
{
    size_t at = 0;
    while (at < MODEL_CALLS && m->call[at].live)
        at++;
    uint64_t id, deadline = m->now + (1 + lk_draw_below(400)) * MS;
    int done = submit(client, deadline, (void *)(uintptr_t)at, m->now, &id);
    assert_int_equal(done, at < MODEL_CALLS ? LURK_OK : LURK_ERR_FULL);
    if (done != LURK_OK) return;
    m->call[at].id = id;
    m->call[at].deadline_ns = deadline;
    m->call[at].live = true;
    m->call[at].answered = false;
    m->live++;
}

/* The server sees what goes out, loses some of it, and answers the rest at once. */
static void model_serve(struct lurk_client *client, struct model *m, bool lossy)
{
    struct lurk_bytes out;
    while ((out = lurk_client_output(client, m->now)).len > 0) {
        for (size_t i = 0; i + 16 <= out.len; i += 16) {
            uint64_t id = lurk_id_get(out.data + i);
            if (lossy && lk_draw_below(3) == 0) continue;
            lurk_client_sent(client, i + 16);
            for (size_t k = 0; k < MODEL_CALLS; k++)
                if (m->call[k].live && m->call[k].id == id) m->call[k].answered = true;
            answer(client, id, 1, m->now);
            return; /* input may have moved what output lent */
        }
        lurk_client_sent(client, out.len);
    }
}

static void model_take(struct model *m, struct lurk_client *client)
{
    struct lurk_result result = {.size = sizeof result};
    while (lurk_client_take(client, m->now, &result)) {
        size_t at = (size_t)(uintptr_t)result.token;
        assert_true(m->call[at].live);
        assert_int_equal(m->call[at].id, result.id);
        if (result.outcome == LURK_ERR_TIMEOUT)
            assert_true(m->now >= m->call[at].deadline_ns);
        else
            assert_true(result.outcome == LURK_OK && m->call[at].answered);
        m->call[at].live = false;
        m->live--;
    }
    for (size_t i = 0; i < MODEL_CALLS; i++)
        if (m->call[i].live) assert_true(m->now < m->call[i].deadline_ns);
}

static void random_calls_agree_with_a_model(void **state)
{
    (void)state;
    lk_draw_seed();
    for (int framing = LURK_STREAM; framing <= LURK_DATAGRAM; framing++) {
        static struct model m;
        m = (struct model){.now = START};
        struct lurk_client *client = client_of((enum lurk_framing)framing, MODEL_CALLS, 0);
        unsigned rounds = lk_draw_rounds(20000, 1000000);
        for (unsigned i = 0; i < rounds; i++) {
            size_t what = lk_draw_below(10), which = lk_draw_below(MODEL_CALLS);
            if (what < 4) model_submit(&m, client);
            if (what >= 4 && what < 8) model_serve(client, &m, framing == LURK_DATAGRAM);
            if (what == 8 && m.call[which].live && !m.call[which].answered) {
                assert_int_equal(lurk_client_cancel(client, m.call[which].id), LURK_OK);
                m.call[which].live = false;
                m.live--;
            }
            m.now += lk_draw_below(20) * MS;
            model_take(&m, client);
            assert_int_equal(lurk_client_calls(client), m.live);
            assert_true(lurk_client_due_ns(client) > m.now || m.live > 0);
        }
        struct lurk_counts c = counts(client);
        assert_true(c.answered > 0 && c.expired > 0);
        assert_true(framing == LURK_STREAM || c.repeated > 0);
        lurk_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_answers_are_matched_in_any_order),
        cmocka_unit_test(stream_is_cut_wherever_it_breaks),
        cmocka_unit_test(strays_are_counted_and_left),
        cmocka_unit_test(unacceptable_answer_ends_the_connection),
        cmocka_unit_test(stream_whose_cut_is_lost_ends),
        cmocka_unit_test(refusals_come_with_their_answer),
        cmocka_unit_test(calls_and_queue_are_bounded),
        cmocka_unit_test(submit_takes_whole_requests_alone),
        cmocka_unit_test(kept_id_goes_out_and_is_nobody_elses),
        cmocka_unit_test(call_expires_at_its_deadline),
        cmocka_unit_test(answer_wins_over_the_deadline),
        cmocka_unit_test(datagram_is_repeated_doubling_until_the_deadline),
        cmocka_unit_test(datagram_repeats_by_the_round_trip),
        cmocka_unit_test(malformed_datagram_is_dropped),
        cmocka_unit_test(packet_carries_tag_and_time),
        cmocka_unit_test(agents_outcomes_are_told),
        cmocka_unit_test(leaving_agent_is_asked_again_once),
        cmocka_unit_test(agent_that_sends_no_packet_is_left),
        cmocka_unit_test(calls_of_a_lost_connection_fail),
        cmocka_unit_test(random_calls_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
