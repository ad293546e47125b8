/* Requests on their way to the vault and back: slots, deadlines, epochs. */
#include "tests/unit/io/intake_desk.inc.c"

#include "core/keys/cert_request.h"

/* --- slots ---------------------------------------------------------------------------------- */

static void intake_fills_the_slot_for_the_vault(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    size_t len = rsa_master(request, 0x1122334455667788);
    ask(d, request, len);
    assert_int_equal(d->out_len, 0);
    uint64_t ref;
    const struct lk_slot *slot = next_job(d, &ref);
    assert_int_equal(slot->state, LK_SLOT_SENT);
    assert_int_equal(slot->key_handle, UINT64_C(1) << 32);
    assert_int_equal(slot->exchange, LK_X_TLS12_RSA_MASTER);
    assert_int_equal(slot->sent_ns, START_NS);
    assert_int_equal(slot->deadline_ns, START_NS + 500 * LK_NS_PER_MS);
    assert_int_equal(slot->request_id, 0x1122334455667788);
    assert_int_equal(slot->peer_hash, d->conn->peer_hash);
    assert_int_equal(slot->job_bytes, len - 16);
    assert_int_equal(d->conn->in_flight, 1);
    close_desk(d);
}

static void intake_answers_out_of_order_and_wipes(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    uint64_t ref[3];
    struct lk_slot *slot[3];
    for (uint64_t i = 0; i < 3; i++) {
        ask(d, request, rsa_master(request, 100 + i));
        slot[i] = next_job(d, &ref[i]);
    }
    d->out_len = 0;
    for (int i = 2; i >= 0; i--)
        finish(d, slot[i], ref[i], FORTY_EIGHT);
    assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 3);
    assert_int_equal(d->out_len, 3 * 64);
    for (size_t i = 0; i < 3; i++) {
        uint8_t head[16] = {1, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(102 - i), 0, 0, 0, 64};
        assert_memory_equal(d->out + i * 64, head, 16);
        static const uint8_t zeros[327];
        assert_memory_equal(slot[i]->body, zeros, sizeof zeros);
        assert_int_equal(slot[i]->state, LK_SLOT_FREE);
    }
    assert_int_equal(d->conn->in_flight, 0);
    close_desk(d);
}

static void intake_holds_a_peer_to_its_cap(void **state)
{
    (void)state;
    struct desk *d = open_desk(
        &(struct lk_test_view_conf){.generation = 1, .limits = "  in_flight_per_peer: 2\n"});
    uint8_t request[512];
    for (uint64_t i = 0; i < 2; i++) {
        ask(d, request, rsa_master(request, i));
        assert_int_equal(d->out_len, 0);
    }
    ask(d, request, rsa_master(request, 2));
    static const uint8_t answer[16] = {0, 1, 2, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 20};
    assert_int_equal(d->out_len, 20);
    assert_memory_equal(d->out, answer, 16);
    assert_memory_equal(d->out + 16, lk_edge_state(d->conn->edge, LK_EXTENSION_LURK, LK_MESSAGE_BYTES_MAX).data, 4);
    static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    static const uint8_t pong[16] = {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
    ask(d, ping, sizeof ping); /* what takes no slot is still answered */
    assert_int_equal(d->out_len, sizeof pong);
    assert_memory_equal(d->out, pong, sizeof pong);
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    finish(d, slot, ref, FORTY_EIGHT);
    lk_intake_collect(&d->intake, &d->peers);
    ask(d, request, rsa_master(request, 3));
    assert_int_equal(d->out_len, 0);
    close_desk(d);
}

static void intake_refuses_when_slots_run_out(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1, .limits = NULL});
    uint8_t request[512];
    uint32_t large = 0;
    while (lk_intake_no_slot(d->conn, d->conn->edge, 5000) == LK_COUNTER_COUNT) {
        struct lk_job job = {.conn = d->conn,
                             .edge = d->conn->edge,
                             .exchange = LK_X_TLS12_RSA_MASTER_WITH_POH,
                             .key = lk_keystore_at(d->view->keys, 0),
                             .payload = lk_bytes_of(d->out, 5000)};
        assert_true(lk_intake_send(&d->intake, &job));
        large++;
    }
    assert_int_equal(large, 4);
    ask(d, request, rsa_master(request, 1));
    assert_int_equal(d->out_len, 0); /* small ones are another pool */
    uint8_t poh[5016] = {1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0x13, 0x98};
    ask(d, poh, sizeof poh);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[0], 0);
    assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
    close_desk(d);
}

static void intake_answers_for_a_vault_that_does_not(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    ask(d, request, rsa_master(request, 5));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    d->peers.now_ns = START_NS + 549 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 0);
    d->peers.now_ns = START_NS + 550 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
    assert_int_equal(d->intake.lost, 1);
    d->peers.now_ns = START_NS + 2549 * LK_NS_PER_MS; /* a long batch is no reason to end the vault */
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->intake.stuck, 0);
    d->peers.now_ns = START_NS + 2550 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->intake.stuck, 1);
    d->out_len = 0;
    finish(d, slot, ref, FORTY_EIGHT); /* late: the slot comes home, nobody is answered twice */
    assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
    assert_int_equal(d->out_len, 0);
    assert_int_equal(d->intake.lost, 0);
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->intake.stuck, 0);
    assert_int_equal(slot->state, LK_SLOT_FREE);
    close_desk(d);
}

static void intake_answers_in_the_order_of_deadlines_after_a_reload(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    ask(d, request, rsa_master(request, 1));
    struct lk_view *old = d->view;
    d->view = lk_test_view(&(struct lk_test_view_conf){.generation = 2, .limits = "  queue_deadline: 10 ms\n"});
    d->peers.view = d->view;
    ask(d, request, rsa_master(request, 2));
    assert_int_equal(d->out_len, 0);
    d->peers.now_ns += 100 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 20);
    assert_int_equal(d->out[11], 2);
    assert_int_equal(d->intake.in_flight, 1);
    d->peers.now_ns += 500 * LK_NS_PER_MS;
    lk_intake_expire(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 40);
    assert_int_equal(d->out[20 + 11], 1);
    assert_int_equal(d->intake.in_flight, 0);
    lk_view_free(old);
    close_desk(d);
}

static void intake_turns_the_vaults_refusals_into_statuses(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    static const struct {
        uint16_t verdict, status;
        uint8_t designation, wire;
    } rows[] = {{LK_VERDICT_TEMPORARY, 0, 0, 7},
                {LK_VERDICT_ANSWER, 6, 1, 6},
                {LK_VERDICT_ANSWER, 14, 1, 14}};
    for (size_t i = 0; i < 3; i++) {
        ask(d, request, rsa_master(request, i));
        uint64_t ref;
        struct lk_slot *slot = next_job(d, &ref);
        slot->verdict = rows[i].verdict;
        slot->status = rows[i].status;
        slot->result_bytes = 0;
        slot->state = LK_SLOT_DONE;
        assert_int_equal(lk_ring_push(&d->to_loop, ref), LK_OK);
        assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
        assert_int_equal(d->out_len, 20);
        assert_int_equal(d->out[0], rows[i].designation);
        assert_int_equal(d->out[3], rows[i].wire);
        assert_int_equal(d->keep, i != 0); /* lurk.md 4: temporary_failure is not kept */
    }
    close_desk(d);
}

static void set_state(struct lk_slot *s)
{
    s->state = LK_SLOT_SENT;
}
static void set_status(struct lk_slot *s)
{
    s->status = 16;
}
static void set_bytes(struct lk_slot *s)
{
    s->result_bytes = LK_SLOT_SMALL_BODY_BYTES + 1;
}
static void set_verdict(struct lk_slot *s)
{
    s->verdict = 2;
}
static void set_generation(struct lk_slot *s)
{
    s->generation++;
}
static void set_fault_bytes(struct lk_slot *s)
{
    s->status = 9;
}

static void intake_gives_an_absurd_epoch_up(void **state)
{
    (void)state;
    static void (*const lie[])(struct lk_slot *) = {set_state,   set_status,     set_bytes,
                                                    set_verdict, set_generation, set_fault_bytes};
    static const uint64_t wrong_ref[] = {0xffffffff, UINT64_C(1) << 32,
                                         0}; /* outside, other loop's, none */
    uint8_t request[512];
    for (size_t i = 0; i < 9; i++) {
        struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
        ask(d, request, rsa_master(request, i));
        uint64_t ref;
        struct lk_slot *slot = next_job(d, &ref);
        memcpy(slot->body, FORTY_EIGHT, 48);
        slot->state = LK_SLOT_DONE;
        slot->status = 1;
        slot->result_bytes = 48;
        if (i < 6) lie[i](slot);
        assert_int_equal(lk_ring_push(&d->to_loop, i < 6 ? ref : wrong_ref[i - 6]), LK_OK);
        lk_intake_collect(&d->intake, &d->peers);
        assert_true(d->intake.broken);
        assert_int_equal(d->out_len, 0);
        ask(d, request, rsa_master(request, 50)); /* no more of this epoch */
        assert_int_equal(d->out[3], LK_LURK_TEMPORARY_FAILURE);
        close_desk(d);
    }
}

static void intake_answers_an_old_epoch_at_once(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    for (uint64_t i = 0; i < 3; i++)
        ask(d, request, rsa_master(request, i));
    struct lk_segment old = d->segment;
    d->out_len = 0;
    fresh_segment(d, 2);
    lk_intake_epoch(&d->intake, &d->peers, &d->segment);
    assert_int_equal(d->out_len, 60);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(d->out[i * 20 + 3], LK_LURK_TEMPORARY_FAILURE);
    assert_int_equal(d->conn->in_flight, 0);
    ask(d, request, rsa_master(request, 9));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref); /* of the new segment */
    finish(d, slot, ref, FORTY_EIGHT);
    lk_intake_collect(&d->intake, &d->peers);
    assert_int_equal(d->out_len, 64);
    lk_segment_unmap(&old);
    close_desk(d);
}

static void intake_forgets_results_of_a_peer_that_went(void **state)
{
    (void)state;
    struct desk *d = open_desk(&(struct lk_test_view_conf){.generation = 1});
    uint8_t request[512];
    ask(d, request, rsa_master(request, 1));
    uint64_t ref;
    struct lk_slot *slot = next_job(d, &ref);
    lk_conn_drop(d->conn);
    finish(d, slot, ref, FORTY_EIGHT);
    assert_int_equal(lk_intake_collect(&d->intake, &d->peers), 1);
    assert_int_equal(d->out_len, 0);
    assert_int_equal(slot->state, LK_SLOT_FREE);
    assert_int_equal(slot->body[0], 0);
    close_desk(d);
}

/* --- certificate requests ------------------------------------------------------------------- */

static const struct lk_test_view_conf requesting = {
    .generation = 1,
    .keys = "- {name: r, tenant: a, file: /k/r, chain: /k/r.pem, uses: [tls12-rsa], flags: [request]}\n"
            "- {name: p, tenant: a, file: /k/p, uses: [tls12-sign]}\n",
    .edges = "- {name: one, tenant: a, match: 'uri:lurk://edge/1', flags: [request]}\n"};

/* Scheme and bytes are for the vault to judge. */
static struct lk_slot *certificate_request(struct desk *d, uint64_t *ref)
{
    static const uint8_t request[] = {240, 1, 10, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0,    27,
                                      0,   1, 2,  3, 4, 4, 1, 0, 2, 0x30, 0};
    ask(d, request, sizeof request);
    assert_int_equal(d->out_len, 0);
    struct lk_slot *slot = next_job(d, ref);
    assert_int_equal(slot->exchange, LK_X_SPLIT_SIGN_CERT_REQUEST);
    return slot;
}

static void refuse(struct desk *d, struct lk_slot *slot, uint64_t ref, uint16_t status, uint8_t why)
{
    slot->verdict = LK_VERDICT_ANSWER;
    slot->status = status;
    slot->why = why;
    slot->state = LK_SLOT_DONE;
    assert_int_equal(lk_ring_push(&d->to_loop, ref), LK_OK);
}

/* So many of them, with stderr in a file meanwhile. */
static void refuse_many(struct desk *d, unsigned count, FILE *said)
{
    int saved = dup(STDERR_FILENO);
    uint64_t ref[64];
    for (unsigned i = 0; i < count; i++) {
        struct lk_slot *slot = certificate_request(d, &ref[i]);
        refuse(d, slot, ref[i], LK_SPLIT_INVALID_CERT_REQUEST, LK_CERT_REQUEST_PASSWORD);
    }
    dup2(fileno(said), STDERR_FILENO);
    lk_intake_collect(&d->intake, &d->peers);
    dup2(saved, STDERR_FILENO);
    close(saved);
}

/* Who looks for the reason of a renewal that failed has the log of this server alone. */
static void intake_logs_why_a_certificate_request_was_refused(void **state)
{
    (void)state;
    struct desk *d = open_desk(&requesting);
    FILE *said = tmpfile();
    char text[8192] = "";
    unsigned lines = 0;
    assert_non_null(said);
    refuse_many(d, 30, said);
    rewind(said);
    (void)!fread(text, 1, sizeof text - 1, said);
    fclose(said);
    for (const char *at = text; (at = strstr(at, "certificate request refused")) != NULL; at++)
        lines++;
    assert_int_equal(lines, 10); /* of 30 in one second */
    assert_non_null(strstr(text, "\"edge\":\"one\""));
    assert_non_null(strstr(text, "\"key_id\":\"01020304\""));
    assert_non_null(strstr(text, lk_cert_request_text(LK_CERT_REQUEST_PASSWORD)));
    assert_int_equal(atomic_load(&d->counters->requests[LK_X_SPLIT_SIGN_CERT_REQUEST][20]), 30);
    close_desk(d);
}

/* A reason that there is none of, or beside an answer that is no refusal. */
static void intake_takes_no_absurd_reason(void **state)
{
    (void)state;
    static const struct {
        uint16_t verdict, status;
        uint8_t why;
    } absurd[] = {{LK_VERDICT_ANSWER, LK_SPLIT_INVALID_CERT_REQUEST, LK_CERT_REQUEST_FAULT_COUNT},
                  {LK_VERDICT_ANSWER, LK_STATUS_SUCCESS, LK_CERT_REQUEST_NAME},
                  {LK_VERDICT_TEMPORARY, 0, LK_CERT_REQUEST_NAME}};
    for (unsigned i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        struct desk *d = open_desk(&requesting);
        uint64_t ref;
        struct lk_slot *slot = certificate_request(d, &ref);
        refuse(d, slot, ref, absurd[i].status, absurd[i].why);
        slot->verdict = absurd[i].verdict;
        lk_intake_collect(&d->intake, &d->peers);
        assert_true(d->intake.broken);
        close_desk(d);
    }
    struct desk *d = open_desk(&requesting);
    uint8_t request[512];
    uint64_t ref;
    ask(d, request, rsa_master(request, 7));
    struct lk_slot *slot = next_job(d, &ref);
    refuse(d, slot, ref, LK_TLS12_INVALID_TLS_RANDOM, LK_CERT_REQUEST_NAME);
    lk_intake_collect(&d->intake, &d->peers);
    assert_true(d->intake.broken);
    close_desk(d);
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
        cmocka_unit_test(intake_fills_the_slot_for_the_vault),
        cmocka_unit_test(intake_answers_out_of_order_and_wipes),
        cmocka_unit_test(intake_holds_a_peer_to_its_cap),
        cmocka_unit_test(intake_refuses_when_slots_run_out),
        cmocka_unit_test(intake_answers_for_a_vault_that_does_not),
        cmocka_unit_test(intake_answers_in_the_order_of_deadlines_after_a_reload),
        cmocka_unit_test(intake_turns_the_vaults_refusals_into_statuses),
        cmocka_unit_test(intake_gives_an_absurd_epoch_up),
        cmocka_unit_test(intake_answers_an_old_epoch_at_once),
        cmocka_unit_test(intake_forgets_results_of_a_peer_that_went),
        cmocka_unit_test(intake_logs_why_a_certificate_request_was_refused),
        cmocka_unit_test(intake_takes_no_absurd_reason),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
