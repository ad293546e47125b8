/* Who gets in over TLS and who stays out: certificates that do not serve, old versions, resumption,
 * renegotiation, revocation of a connected edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <openssl/err.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

static const uint8_t ping[16] = {0, 1, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
static const uint8_t pong[16] = {0, 1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 16};
static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
#define VERSIONS 2

/* Every name of the PKI is an edge: what keeps one out is its certificate alone. */
static const char *const edges = "- {name: every, tenant: a, match: 'uri:lurk://edge/*'}\n"
                                 "- {name: named, tenant: a, match: 'dns:edge-dns.example'}\n"
                                 "- {name: server, tenant: a, match: 'dns:localhost'}\n";

static bool pings(struct lk_test_edge *edge)
{
    uint8_t answer[sizeof pong];
    return lk_test_edge_put(edge, ping, sizeof ping) && lk_test_edge_get(edge, answer, sizeof answer) &&
           memcmp(answer, pong, sizeof pong) == 0;
}

/* In TLS 1.3 the client's handshake is over before the server has judged it. */
static bool gets_in(const struct lk_test_front *front, const char *name, int version)
{
    struct lk_test_edge edge;
    bool in = lk_test_edge_connect(&edge, front, name, version) && pings(&edge);
    lk_test_edge_close(&edge);
    return in;
}

static void tls_lets_in_whom_the_authority_vouches_for(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool in;
        enum lk_counter counted;
    } rows[] = {
        {"edge-1", true, LK_C_HANDSHAKES_GOOD},
        {"edge-dns", true, LK_C_HANDSHAKES_GOOD},
        {NULL, false, LK_C_HANDSHAKES_NO_CERT},
        {"stranger", false, LK_C_HANDSHAKES_BAD_CERT},
        {"edge-expired", false, LK_C_HANDSHAKES_BAD_CERT},
        {"edge-revoked", false, LK_C_HANDSHAKES_BAD_CERT},
        {"server", false, LK_C_HANDSHAKES_BAD_CERT}, /* meant for servers */
    };
    struct lk_test_front front;
    lk_test_front_start(&front, &(struct lk_test_view_conf){
                                    .generation = 1, .edges = edges, .crl = "crl-revoked.pem"});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t v = 0; v < VERSIONS; v++) {
            uint64_t before = lk_test_front_count(&front, rows[i].counted);
            if (gets_in(&front, rows[i].name, versions[v]) != rows[i].in)
                fail_msg("%s, version %04x", rows[i].name != NULL ? rows[i].name : "no certificate",
                         (unsigned)versions[v]);
            assert_true(lk_test_front_reaches(&front, rows[i].counted, before + 1));
        }
    }
    lk_test_front_stop(&front);
}

/* --- a client of its own ---------------------------------------------------------------------- */

static SSL_CTX *client_context(void)
{
    char path[256];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    snprintf(path, sizeof path, "%s/edge-1.crt", lk_test_pki());
    assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, path), 1);
    snprintf(path, sizeof path, "%s/edge-1.key", lk_test_pki());
    assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM), 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    return ctx;
}

static struct lk_test_edge dial(const struct lk_test_front *front, SSL_CTX *ctx)
{
    struct lk_test_edge edge = {.ctx = ctx, .ssl = SSL_new(ctx)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(front->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 30};
    edge.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(edge.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(edge.fd, (struct sockaddr *)&to, sizeof to), 0);
    SSL_set_fd(edge.ssl, edge.fd);
    return edge;
}

static void hang_up(struct lk_test_edge *edge)
{
    SSL_free(edge->ssl);
    close(edge->fd);
}

static void tls_is_1_2_at_least(void **state)
{
    (void)state;
    static const int old[] = {TLS1_VERSION, TLS1_1_VERSION};
    struct lk_test_front front;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    SSL_CTX *ctx = client_context();
    SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0"); /* or our own client would refuse first */
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX_set_min_proto_version(ctx, old[i]);
        SSL_CTX_set_max_proto_version(ctx, old[i]);
        struct lk_test_edge edge = dial(&front, ctx);
        assert_int_not_equal(SSL_connect(edge.ssl), 1);
        assert_true(lk_test_front_reaches(&front, LK_C_HANDSHAKES_OTHER, i + 1));
        hang_up(&edge);
    }
    SSL_CTX_free(ctx);
    lk_test_front_stop(&front);
}

/* A resumed session would skip the certificate: the server gives no ticket and knows no session. */
static void tls_resumes_nothing(void **state)
{
    (void)state;
    struct lk_test_front front;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    for (size_t v = 0; v < VERSIONS; v++) {
        SSL_CTX *ctx = client_context();
        SSL_CTX_set_max_proto_version(ctx, versions[v]);
        struct lk_test_edge first = dial(&front, ctx);
        assert_int_equal(SSL_connect(first.ssl), 1);
        assert_true(pings(&first)); /* tickets of TLS 1.3 would have come by now */
        SSL_SESSION *session = SSL_get1_session(first.ssl);
        assert_false(SSL_SESSION_has_ticket(session));
        struct lk_test_edge second = dial(&front, ctx);
        SSL_set_session(second.ssl, session);
        assert_int_equal(SSL_connect(second.ssl), 1);
        assert_false(SSL_session_reused(second.ssl));
        SSL_SESSION_free(session);
        hang_up(&first);
        hang_up(&second);
        SSL_CTX_free(ctx);
    }
    lk_test_front_stop(&front);
}

static void tls_renegotiates_nothing(void **state)
{
    (void)state;
    struct lk_test_front front;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    SSL_CTX *ctx = client_context();
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    struct lk_test_edge edge = dial(&front, ctx);
    assert_int_equal(SSL_connect(edge.ssl), 1);
    assert_true(pings(&edge));
    assert_int_equal(SSL_renegotiate(edge.ssl), 1);
    ERR_clear_error();
    assert_int_not_equal(SSL_do_handshake(edge.ssl), 1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION); /* told so, not left waiting */
    hang_up(&edge);
    SSL_CTX_free(ctx);
    lk_test_front_stop(&front);
}

/* --- while connected -------------------------------------------------------------------------- */

/* A reload brings a list that names the edge: its connection ends unasked, with none of its own
 * deadlines near (idle: minutes). */
static void tls_ends_the_connection_of_a_revoked_edge(void **state)
{
    (void)state;
    struct lk_test_front front;
    lk_test_front_start(&front, &(struct lk_test_view_conf){.generation = 1});
    struct lk_test_edge gone, stays;
    assert_true(lk_test_edge_connect(&gone, &front, "edge-revoked", TLS1_3_VERSION));
    assert_true(lk_test_edge_connect(&stays, &front, "edge-1", TLS1_3_VERSION));
    assert_true(pings(&gone) && pings(&stays));
    struct lk_view *old = front.view;
    front.view = lk_test_view(&(struct lk_test_view_conf){.generation = 2, .crl = "crl-revoked.pem"});
    lk_test_front_order(&front, LK_ORDER_VIEW, front.view);
    lk_view_free(old);
    assert_true(lk_test_edge_ended(&gone));
    assert_true(pings(&stays));
    lk_test_edge_close(&gone);
    lk_test_edge_close(&stays);
    lk_test_front_stop(&front);
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
        cmocka_unit_test(tls_lets_in_whom_the_authority_vouches_for),
        cmocka_unit_test(tls_is_1_2_at_least),
        cmocka_unit_test(tls_resumes_nothing),
        cmocka_unit_test(tls_renegotiates_nothing),
        cmocka_unit_test(tls_ends_the_connection_of_a_revoked_edge),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
