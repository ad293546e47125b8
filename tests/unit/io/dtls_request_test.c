/* Requests over DTLS: one a record, answered once however often they are repeated. */
#include "tests/unit/io/dtls_world.inc.c"

/* --- requests --------------------------------------------------------------------------------- */

static void dtls_answers_each_datagram_with_one(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 5; i++)
        ask(i, i);
    turn();
    assert_int_equal(worked, 5);
    assert_int_equal(to_client.count, 5);
    assert_int_equal(chunks, 1); /* equal sizes leave in one send */
    for (uint8_t i = 0; i < 5; i++)
        assert_int_equal(answer_in(i), i);
}

static void dtls_answers_come_in_any_order(void **state)
{
    (void)state;
    answer_at_once = false;
    for (uint8_t i = 0; i < 3; i++)
        ask(i, i);
    turn();
    assert_int_equal(to_client.count, 0);
    answer_bytes = 40;
    answer(&work[2]);
    end_turn();
    assert_int_equal(to_client.count, 1);
    assert_int_equal(answer_in(0), 2);
    answer(&work[1]);
    answer_bytes = 500;
    answer(&work[0]);
    end_turn();
    assert_int_equal(to_client.count, 2);
    assert_int_equal(chunks, 2); /* the longer one starts another send */
}

static void dtls_repeat_is_answered_without_work(void **state)
{
    (void)state;
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    for (int i = 0; i < 3; i++) {
        pass(LK_NS_PER_S);
        ask(1, 1);
        turn();
        assert_int_equal(to_client.count, 1);
        assert_int_equal(answer_in(0), 1);
    }
    assert_int_equal(worked, 1);
    assert_int_equal(counted(LK_C_CACHE_HITS), 3);
    pass(8 * LK_NS_PER_S);
    ask(1, 1);
    turn();
    assert_int_equal(worked, 2);
}

static void dtls_repeat_in_work_is_dropped(void **state)
{
    (void)state;
    answer_at_once = false;
    ask(1, 1);
    ask(1, 1);
    turn();
    ask(1, 1);
    turn();
    assert_int_equal(worked, 1);
    assert_int_equal(counted(LK_C_DROPPED_REPEAT), 2);
    assert_int_equal(to_client.count, 0);
    answer(&work[0]);
    end_turn();
    assert_int_equal(to_client.count, 1);
    assert_int_equal(answer_in(0), 1);
}

static void dtls_same_id_with_other_bytes_is_new(void **state)
{
    (void)state;
    ask(1, 1);
    ask(1, 2);
    turn();
    assert_int_equal(worked, 2);
    assert_int_equal(to_client.count, 2);
}

static void dtls_answer_that_may_not_be_kept_is_worked_again(void **state)
{
    (void)state;
    keep_answers = false;
    ask(1, 1);
    turn();
    ask(1, 1);
    turn();
    assert_int_equal(worked, 2);
    assert_int_equal(counted(LK_C_CACHE_HITS), 0);
}

static void dtls_short_records_get_no_answer(void **state)
{
    (void)state;
    lk_test_client_send(client, lk_bytes_of("fifteen bytes..", 15));
    turn();
    assert_int_equal(worked, 0);
    assert_int_equal(shorts, 1);
    assert_int_equal(to_client.count, 0);
}

/* What fits the path is all an answer may be: the longest one fills a datagram. */
static void dtls_longest_answer_fits_the_path(void **state)
{
    (void)state;
    answer_bytes = peers.conn[0].answer_bytes_max;
    assert_true(answer_bytes > PATH_BYTES - 64 && answer_bytes < PATH_BYTES);
    ask(1, 1);
    turn();
    assert_int_equal(to_client.count, 1);
    assert_true(to_client.datagram[0].len <= PATH_BYTES);
    assert_int_equal(answer_in(0), 1);
}

static void dtls_several_records_in_a_datagram_are_several_requests(void **state)
{
    (void)state;
    ask(1, 1);
    ask(2, 2);
    struct lk_test_datagram *a = &client->out.datagram[0], *b = &client->out.datagram[1];
    memcpy(a->data + a->len, b->data, b->len);
    a->len += b->len;
    client->out.count = 1;
    turn();
    assert_int_equal(worked, 2);
    assert_int_equal(to_client.count, 2);
}

static void dtls_full_output_loses_answers_only(void **state)
{
    (void)state;
    struct lk_out *taken = NULL, *out;
    while ((out = lk_out_take(&peers.outs, LK_SHARE_NOBODY)) != NULL) {
        out->next = taken;
        taken = out;
    }
    ask(1, 1);
    turn();
    assert_int_equal(to_client.count, 0);
    while (taken != NULL) {
        out = taken;
        taken = out->next;
        lk_out_release(&peers.outs, out);
    }
    ask(1, 1);
    turn();
    assert_int_equal(answer_in(0), 1);
    assert_int_equal(worked, 1);
}

#define OPEN(name) cmocka_unit_test_setup_teardown(name, make_open, unmake)

int main(void)
{
    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1) return 1;
    const struct CMUnitTest tests[] = {
        OPEN(dtls_answers_each_datagram_with_one),
        OPEN(dtls_answers_come_in_any_order),
        OPEN(dtls_repeat_is_answered_without_work),
        OPEN(dtls_repeat_in_work_is_dropped),
        OPEN(dtls_same_id_with_other_bytes_is_new),
        OPEN(dtls_answer_that_may_not_be_kept_is_worked_again),
        OPEN(dtls_short_records_get_no_answer),
        OPEN(dtls_longest_answer_fits_the_path),
        OPEN(dtls_several_records_in_a_datagram_are_several_requests),
        OPEN(dtls_full_output_loses_answers_only),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lk_test_pki_gone();
    return failed;
}
