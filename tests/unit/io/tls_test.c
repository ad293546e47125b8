/* TLS without a socket: an edge's OpenSSL on one side, a conn on the other, any time of day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "core/base/clock.h"
#include "io/intake.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

#define START_NS (1000 * LK_NS_PER_S)

static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
static const uint8_t pong[16] = {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};

struct pair {
    struct lk_peers peers;
    struct lk_intake intake;
    struct lk_view *view;
    struct lk_counters *counters;
    struct lk_conn *conn;
    SSL_CTX *ctx;
    SSL *edge;
    size_t piece; /* bytes handed to the conn at a time */
};

static void use_edge(struct pair *p, const char *name, int version)
{
    char path[256];
    p->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(p->ctx, version);
    SSL_CTX_set_max_proto_version(p->ctx, version);
    snprintf(path, sizeof path, "%s/ca.crt", lk_test_pki());
    assert_int_equal(SSL_CTX_load_verify_locations(p->ctx, path, NULL), 1);
    SSL_CTX_set_verify(p->ctx, SSL_VERIFY_PEER, NULL);
    if (name != NULL) {
        snprintf(path, sizeof path, "%s/%s.crt", lk_test_pki(), name);
        assert_int_equal(SSL_CTX_use_certificate_chain_file(p->ctx, path), 1);
        snprintf(path, sizeof path, "%s/%s.key", lk_test_pki(), name);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(p->ctx, path, SSL_FILETYPE_PEM), 1);
    }
    p->edge = SSL_new(p->ctx);
    SSL_set_bio(p->edge, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(p->edge);
}

static struct pair *open_pair(const struct lk_test_view_conf *conf, const char *name, int version)
{
    static const struct lk_address address = {.peer.in = {.sin_family = AF_INET}};
    struct pair *p = calloc(1, sizeof *p);
    p->view = lk_test_view(conf);
    p->counters = calloc(1, sizeof *p->counters);
    p->piece = 100000;
    assert_int_equal(lk_peers_init(&p->peers, p->view, p->counters, 4), LK_OK);
    p->peers.now_ns = START_NS;
    p->peers.now_unix_s = lk_clock_unix_s();
    assert_int_equal(lk_intake_init(&p->intake, 0, 1, 64, 4), LK_OK);
    p->peers.intake = &p->intake;
    p->conn = lk_conn_take(&p->peers, &lk_transport_tls, &address);
    assert_true(lk_transport_tls.accept(p->conn));
    use_edge(p, name, version);
    return p;
}

static void close_pair(struct pair *p)
{
    lk_conn_drop(p->conn);
    if (p->conn->state == LK_CONN_GONE) {
        p->conn->sending = false;
        lk_conn_release(p->conn);
    }
    assert_int_equal(p->peers.outs.used, 0); /* every chunk came back */
    assert_int_equal(p->peers.conn_count, 0);
    SSL_free(p->edge);
    SSL_CTX_free(p->ctx);
    lk_intake_fini(&p->intake);
    lk_peers_fini(&p->peers);
    lk_view_free(p->view);
    free(p->counters);
    free(p);
}

/* What the edge wrote, to the conn. */
static void carry_in(struct pair *p)
{
    uint8_t bytes[70000];
    int n = BIO_read(SSL_get_wbio(p->edge), bytes, sizeof bytes);
    for (size_t at = 0; n > 0 && at < (size_t)n; at += p->piece) {
        size_t left = (size_t)n - at;
        bool alive = p->conn->state == LK_CONN_HANDSHAKE || p->conn->state == LK_CONN_OPEN;
        if (alive)
            p->conn->transport->recv(p->conn,
                                     lk_bytes_of(bytes + at, left < p->piece ? left : p->piece));
    }
}

static void end_turn(struct pair *p)
{
    lk_peers_flush(&p->peers);
    p->peers.touched_count = 0;
}

/* What the conn wrote, to the edge. */
static void carry_out(struct pair *p)
{
    struct lk_out *out;
    while (p->conn->state != LK_CONN_GONE && (out = p->conn->out_first) != NULL) {
        assert_int_equal(BIO_write(SSL_get_rbio(p->edge), out->data, (int)out->len), out->len);
        lk_conn_sent(p->conn);
    }
}

static bool shake(struct pair *p)
{
    int r = 0;
    for (int i = 0; i < 10 && r != 1; i++) {
        r = SSL_do_handshake(p->edge);
        carry_in(p);
        end_turn(p);
        carry_out(p);
    }
    return p->conn->state == LK_CONN_OPEN;
}

static void turn(struct pair *p)
{
    carry_in(p);
    end_turn(p);
    carry_out(p);
}

/* A connection outlives no certificate, however long it is kept busy. */
static void tls_ends_with_its_certificate(void **state)
{
    (void)state;
    struct pair *p = open_pair(&(struct lk_test_view_conf){.generation = 1}, "edge-1", TLS1_3_VERSION);
    assert_true(shake(p));
    struct tm end;
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(SSL_get_certificate(p->edge)), &end), 1);
    uint8_t answer[64];
    p->peers.now_unix_s = (int64_t)timegm(&end);
    assert_int_equal(SSL_write(p->edge, ping, sizeof ping), sizeof ping);
    turn(p);
    assert_int_equal(SSL_read(p->edge, answer, sizeof answer), 16);
    p->peers.now_unix_s++;
    assert_int_equal(SSL_write(p->edge, ping, sizeof ping), sizeof ping);
    turn(p);
    assert_int_equal(p->conn->state, LK_CONN_CLOSING);
    assert_true(SSL_read(p->edge, answer, sizeof answer) <= 0);
    close_pair(p);
}

static uint64_t count(const struct pair *p, enum lk_counter counter)
{
    return atomic_load(&p->counters->value[counter]);
}

static const struct lk_test_view_conf plain_conf = {.generation = 1};

/* --- handshakes ----------------------------------------------------------------------------- */

static void tls_handshake_ends_well_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 5, 64, 1000};
    for (size_t i = 0; i < 12; i++) {
        struct pair *p = open_pair(&plain_conf, "edge-1", i < 6 ? TLS1_2_VERSION : TLS1_3_VERSION);
        p->piece = pieces[i % 6];
        assert_true(shake(p));
        assert_string_equal(p->conn->identity, "uri:lurk://edge/1");
        assert_string_equal(p->conn->edge->name, "one");
        assert_int_equal(count(p, LK_C_HANDSHAKES_GOOD), 1);
        uint8_t answer[16];
        assert_int_equal(SSL_write(p->edge, ping, 16), 16);
        turn(p);
        assert_int_equal(SSL_read(p->edge, answer, 16), 16);
        assert_memory_equal(answer, pong, 16);
        close_pair(p);
    }
}

static void refused(const char *name, const char *crl, enum lk_counter counter)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct pair *p = open_pair(&(struct lk_test_view_conf){.generation = 1, .crl = crl}, name,
                                   version);
        assert_false(shake(p));
        assert_int_equal(count(p, counter), 1);
        assert_int_equal(count(p, LK_C_HANDSHAKES_GOOD), 0);
        SSL_write(p->edge, ping, 16);
        turn(p);
        uint8_t answer[16];
        assert_true(SSL_read(p->edge, answer, 16) <= 0);
        close_pair(p);
    }
}

static void tls_refuses_and_counts_who_does_not_belong(void **state)
{
    (void)state;
    refused(NULL, NULL, LK_C_HANDSHAKES_NO_CERT);
    refused("stranger", NULL, LK_C_HANDSHAKES_BAD_CERT);
    refused("edge-expired", NULL, LK_C_HANDSHAKES_BAD_CERT);
    refused("edge-revoked", "crl-revoked.pem", LK_C_HANDSHAKES_BAD_CERT);
    refused("server", NULL, LK_C_HANDSHAKES_BAD_CERT); /* good for servers only */
    refused("edge-2", NULL, LK_C_HANDSHAKES_UNKNOWN_EDGE);
}

static void tls_knows_an_edge_by_its_dns_name(void **state)
{
    (void)state;
    struct pair *p = open_pair(
        &(struct lk_test_view_conf){
            .generation = 1, .edges = "- {name: d, tenant: a, match: 'dns:edge-dns.example'}\n"},
        "edge-dns", TLS1_3_VERSION);
    assert_true(shake(p));
    assert_string_equal(p->conn->identity, "dns:edge-dns.example");
    close_pair(p);
}

static void tls_refuses_what_is_no_tls(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_3_VERSION);
    lk_transport_tls.recv(p->conn, lk_bytes_of(ping, sizeof ping));
    end_turn(p);
    assert_int_equal(p->conn->state, LK_CONN_CLOSING);
    assert_int_equal(count(p, LK_C_HANDSHAKES_OTHER), 1);
    close_pair(p);
}

static void tls_gives_no_session_to_resume(void **state)
{
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct pair *p = open_pair(&plain_conf, "edge-1", version);
        assert_true(shake(p));
        turn(p);
        uint8_t byte;
        SSL_read(p->edge, &byte, 1); /* a ticket of TLS 1.3 would come here */
        SSL_SESSION *session = SSL_get1_session(p->edge);
        assert_false(SSL_SESSION_has_ticket(session));
        unsigned id_bytes = 0;
        SSL_SESSION_get_id(session, &id_bytes);
        if (version == TLS1_2_VERSION) assert_int_equal(id_bytes, 0);
        SSL_SESSION_free(session);
        close_pair(p);
    }
}

static void tls_refuses_renegotiation(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_2_VERSION);
    assert_true(shake(p));
    SSL_renegotiate(p->edge);
    for (int i = 0; i < 4; i++) {
        SSL_do_handshake(p->edge);
        turn(p);
    }
    assert_false(SSL_get_state(p->edge) == TLS_ST_OK && !SSL_renegotiate_pending(p->edge) &&
                 p->conn->state == LK_CONN_OPEN && ERR_peek_error() == 0);
    assert_int_equal(count(p, LK_C_HANDSHAKES_GOOD), 1);
    close_pair(p);
}

/* --- records -------------------------------------------------------------------------------- */

static void tls_answers_of_a_turn_leave_in_one_record(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_3_VERSION);
    assert_true(shake(p));
    for (int i = 0; i < 100; i++)
        SSL_write(p->edge, ping, 16); /* each in a record of its own */
    carry_in(p);
    end_turn(p);
    assert_int_equal(count(p, LK_C_RECORDS_OUT), 1);
    assert_non_null(p->conn->out_first);
    assert_null(p->conn->out_first->next);
    carry_out(p);
    uint8_t answer[1600];
    assert_int_equal(SSL_read(p->edge, answer, sizeof answer), sizeof answer);
    for (int i = 0; i < 100; i++)
        assert_memory_equal(answer + i * 16, pong, 16);
    close_pair(p);
}

static void tls_answers_gather_while_the_kernel_sends(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_3_VERSION);
    assert_true(shake(p));
    SSL_write(p->edge, ping, 16);
    carry_in(p);
    end_turn(p);
    p->conn->sending = true;
    for (int i = 0; i < 3; i++) {
        SSL_write(p->edge, ping, 16);
        carry_in(p);
        end_turn(p);
    }
    assert_int_equal(count(p, LK_C_RECORDS_OUT), 1);
    p->conn->sending = false;
    carry_out(p);
    lk_conn_touch(p->conn);
    end_turn(p);
    assert_int_equal(count(p, LK_C_RECORDS_OUT), 2);
    carry_out(p);
    uint8_t answer[64];
    assert_int_equal(SSL_read(p->edge, answer, 16), 16);
    assert_int_equal(SSL_read(p->edge, answer, 64), 48);
    close_pair(p);
}

static void tls_closes_who_does_not_read(void **state)
{
    (void)state;
    struct pair *p = open_pair(
        &(struct lk_test_view_conf){.generation = 1, .limits = "  output_per_peer: 16384 B\n"},
        "edge-1", TLS1_3_VERSION);
    assert_true(shake(p));
    SSL_write(p->edge, ping, 16);
    carry_in(p);
    end_turn(p);
    p->conn->sending = true; /* and it never ends */
    int pings = 0;
    for (; pings < 2000 && p->conn->state == LK_CONN_OPEN; pings++) {
        SSL_write(p->edge, ping, 16);
        carry_in(p);
        end_turn(p);
    }
    assert_int_equal(p->conn->state, LK_CONN_GONE);
    assert_in_range(pings, 1000, 1024);
    close_pair(p);
}

static void tls_answers_a_lost_cut_then_says_goodbye(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_3_VERSION);
    assert_true(shake(p));
    uint8_t bad[16];
    memcpy(bad, ping, 16);
    bad[15] = 15;
    SSL_write(p->edge, ping, 16);
    SSL_write(p->edge, bad, 16);
    SSL_write(p->edge, ping, 16);
    turn(p);
    uint8_t answer[64];
    assert_int_equal(SSL_read(p->edge, answer, 64), 36);
    assert_memory_equal(answer, pong, 16);
    assert_int_equal(answer[16 + 3], LK_STATUS_INVALID_FORMAT);
    int r = SSL_read(p->edge, answer, 64);
    assert_int_equal(SSL_get_error(p->edge, r), SSL_ERROR_ZERO_RETURN);
    close_pair(p);
}

static void tls_returns_a_goodbye(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_2_VERSION);
    assert_true(shake(p));
    SSL_write(p->edge, ping, 16);
    SSL_shutdown(p->edge);
    turn(p);
    uint8_t answer[16];
    assert_int_equal(SSL_read(p->edge, answer, 16), 16); /* what was asked before it is answered */
    assert_int_equal(SSL_read(p->edge, answer, 16), 0);
    assert_int_equal(SSL_get_shutdown(p->edge) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    close_pair(p);
}

/* --- deadlines ------------------------------------------------------------------------------ */

static void at(struct pair *p, uint64_t ms)
{
    p->peers.now_ns = START_NS + ms * LK_NS_PER_MS;
    lk_peers_expire(&p->peers);
    end_turn(p);
}

static void tls_handshake_has_a_deadline(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_3_VERSION);
    SSL_do_handshake(p->edge);
    carry_in(p); /* half of it */
    at(p, 9999);
    assert_int_equal(p->conn->state, LK_CONN_HANDSHAKE);
    at(p, 10000);
    assert_int_equal(p->conn->state, LK_CONN_GONE);
    assert_int_equal(count(p, LK_C_HANDSHAKES_TIMEOUT), 1);
    close_pair(p);
}

static void tls_idle_peer_is_closed(void **state)
{
    (void)state;
    struct pair *p = open_pair(
        &(struct lk_test_view_conf){.generation = 1, .limits = "  idle: 60 s\n"}, "edge-1",
        TLS1_3_VERSION);
    assert_true(shake(p));
    for (uint64_t s = 0; s <= 50; s += 10)
        at(p, s * 1000);
    SSL_write(p->edge, ping, 16);
    turn(p);
    for (uint64_t s = 60; s < 110; s += 10)
        at(p, s * 1000);
    assert_int_equal(p->conn->state, LK_CONN_OPEN);
    at(p, 110000);
    assert_int_equal(p->conn->state, LK_CONN_CLOSING);
    at(p, 115000);
    assert_int_equal(p->conn->state, LK_CONN_GONE);
    close_pair(p);
}

static void tls_half_a_message_has_a_deadline(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_3_VERSION);
    assert_true(shake(p));
    SSL_write(p->edge, ping, 15);
    turn(p);
    for (uint64_t s = 0; s <= 20; s++)
        at(p, s * 1000);
    assert_int_not_equal(p->conn->state, LK_CONN_OPEN);
    close_pair(p);
}

static void tls_send_that_does_not_end_has_a_deadline(void **state)
{
    (void)state;
    struct pair *p = open_pair(&plain_conf, "edge-1", TLS1_3_VERSION);
    assert_true(shake(p));
    SSL_write(p->edge, ping, 16);
    carry_in(p);
    end_turn(p);
    p->conn->sending = true;
    p->conn->sending_since_ns = START_NS;
    for (uint64_t s = 0; s <= 20; s++)
        at(p, s * 1000);
    assert_int_equal(p->conn->state, LK_CONN_GONE);
    close_pair(p);
}

/* --- reload --------------------------------------------------------------------------------- */

static void reload(const char *name, const struct lk_test_view_conf *next, bool stays)
{
    struct pair *p = open_pair(&plain_conf, name, TLS1_3_VERSION);
    assert_true(shake(p));
    struct lk_view *old = p->view;
    p->view = lk_test_view(next);
    p->peers.view = p->view;
    uint32_t from = 0;
    assert_false(lk_peers_judge(&p->peers, &from, 32));
    lk_view_free(old);
    assert_int_equal(p->conn->state, stays ? LK_CONN_OPEN : LK_CONN_CLOSING);
    close_pair(p);
}

static void tls_peer_is_judged_again_at_a_reload(void **state)
{
    (void)state;
    reload("edge-1", &(struct lk_test_view_conf){.generation = 2, .crl = "crl-revoked.pem"}, true);
    reload("edge-1",
           &(struct lk_test_view_conf){
               .generation = 2, .edges = "- {name: x, tenant: a, match: 'uri:lurk://edge/9'}\n"},
           false);
}

static void tls_revoked_peer_is_closed_at_a_reload(void **state)
{
    (void)state;
    static const char edges[] = "- {name: any, tenant: a, match: 'uri:lurk://edge/*'}\n";
    struct pair *p = open_pair(&(struct lk_test_view_conf){.generation = 1, .edges = edges},
                               "edge-revoked", TLS1_2_VERSION);
    assert_true(shake(p));
    struct lk_view *old = p->view;
    p->view = lk_test_view(
        &(struct lk_test_view_conf){.generation = 2, .edges = edges, .crl = "crl-revoked.pem"});
    p->peers.view = p->view;
    SSL_write(p->edge, ping, 16); /* at its next message at the latest */
    turn(p);
    lk_view_free(old);
    assert_int_equal(p->conn->state, LK_CONN_CLOSING);
    uint8_t answer[16];
    assert_true(SSL_read(p->edge, answer, 16) <= 0);
    close_pair(p);
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
        cmocka_unit_test(tls_ends_with_its_certificate),
        cmocka_unit_test(tls_handshake_ends_well_in_pieces_of_any_size),
        cmocka_unit_test(tls_refuses_and_counts_who_does_not_belong),
        cmocka_unit_test(tls_knows_an_edge_by_its_dns_name),
        cmocka_unit_test(tls_refuses_what_is_no_tls),
        cmocka_unit_test(tls_gives_no_session_to_resume),
        cmocka_unit_test(tls_refuses_renegotiation),
        cmocka_unit_test(tls_answers_of_a_turn_leave_in_one_record),
        cmocka_unit_test(tls_answers_gather_while_the_kernel_sends),
        cmocka_unit_test(tls_closes_who_does_not_read),
        cmocka_unit_test(tls_answers_a_lost_cut_then_says_goodbye),
        cmocka_unit_test(tls_returns_a_goodbye),
        cmocka_unit_test(tls_handshake_has_a_deadline),
        cmocka_unit_test(tls_idle_peer_is_closed),
        cmocka_unit_test(tls_half_a_message_has_a_deadline),
        cmocka_unit_test(tls_send_that_does_not_end_has_a_deadline),
        cmocka_unit_test(tls_peer_is_judged_again_at_a_reload),
        cmocka_unit_test(tls_revoked_peer_is_closed_at_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
