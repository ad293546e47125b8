/* tls: TLS 1.2 and 1.3 over the stream that the loop reads and writes. */
#include <openssl/ssl.h>

#include "crypto/ct.h"
#include "io/intake.h"
#include "io/session.h"
#include "io/transport.h"

static bool tls_accept(struct lk_conn *conn)
{
    conn->ssl = SSL_new(conn->peers->view->tls);
    if (conn->ssl == NULL) return false;
    SSL_set_accept_state(conn->ssl);
    return lk_session_attach(conn->ssl, conn);
}

/* What OpenSSL wrote, an alert, is all the peer still gets. */
static void end_without_bye(struct lk_conn *conn)
{
    conn->said_bye = true;
    lk_conn_close(conn);
}

static void refuse(struct lk_conn *conn)
{
    const char *why = NULL;
    lk_count(conn->peers->counters, lk_session_fault(conn->ssl, &why), 1);
    lk_conn_note(conn, "handshake refused", why);
    end_without_bye(conn);
}

static void prove(struct lk_conn *conn)
{
    char identity[LK_IDENTITY_TEXT_BYTES];
    if (!lk_session_identity(conn->ssl, identity)) {
        lk_count(conn->peers->counters, LK_C_HANDSHAKES_UNKNOWN_EDGE, 1);
        lk_conn_note(conn, "handshake refused",
                     "the certificate holds no URI or DNS name to know the edge by");
        lk_conn_close(conn);
    } else if (lk_conn_proved(conn, identity)) {
        lk_conn_stream_due(conn);
    } else {
        lk_conn_close(conn);
    }
}

static void shake(struct lk_conn *conn)
{
    lk_session_errors_forget();
    int r = SSL_do_handshake(conn->ssl);
    lk_conn_touch(conn);
    if (r == 1)
        prove(conn);
    else if (SSL_get_error(conn->ssl, r) != SSL_ERROR_WANT_READ)
        refuse(conn);
}

/* After the last whole record: wait for more, or the end in whatever way. */
static void settle(struct lk_conn *conn, int r)
{
    int error = SSL_get_error(conn->ssl, r);
    if (error == SSL_ERROR_WANT_READ) return;
    lk_session_errors_forget();
    if (error == SSL_ERROR_ZERO_RETURN)
        lk_conn_close(conn);
    else
        end_without_bye(conn);
}

static void read_all(struct lk_conn *conn)
{
    uint8_t plain[SSL3_RT_MAX_PLAIN_LENGTH];
    int longest = 0;
    lk_session_errors_forget();
    while (conn->state == LK_CONN_OPEN) {
        int n = SSL_read(conn->ssl, plain, sizeof plain);
        if (n <= 0) {
            settle(conn, n);
            break;
        }
        if (n > longest) longest = n;
        lk_intake_stream(conn, lk_bytes_of(plain, (size_t)n));
    }
    lk_wipe(plain, (size_t)longest);
    if (conn->out_first != NULL) lk_conn_touch(conn); /* an alert of OpenSSL's own */
}

static void tls_recv(struct lk_conn *conn, struct lk_bytes bytes)
{
    conn->in = bytes;
    if (conn->state == LK_CONN_HANDSHAKE) shake(conn);
    if (conn->state == LK_CONN_OPEN) read_all(conn);
    conn->in = lk_bytes_of(NULL, 0);
}

/* One turn's answers to a peer become one record: they gather until flush. */
static void tls_answer(struct lk_conn *conn, const struct lk_answer *answer)
{
    uint8_t head[LK_HEADER_BYTES];
    struct lk_writer w = lk_writer_of(head, sizeof head);
    lk_header_write(&w, &answer->header);
    if (lk_conn_pend(conn, head, sizeof head) &&
        lk_conn_pend(conn, answer->payload.data, answer->payload.len)) {
        lk_conn_touch(conn);
        return;
    }
    lk_conn_note(conn, "edge closed", "it does not read its answers");
    lk_conn_drop(conn);
}

static void tls_flush(struct lk_conn *conn)
{
    /* While the kernel still sends, answers go on gathering: the next record is longer instead. */
    if (conn->sending && conn->state == LK_CONN_OPEN) return;
    struct lk_out *plain;
    while ((plain = lk_conn_plain(conn)) != NULL) {
        lk_session_errors_forget();
        if (SSL_write(conn->ssl, plain->data, (int)plain->len) != (int)plain->len) {
            lk_session_errors_forget();
            lk_conn_drop(conn);
            return;
        }
        lk_count(conn->peers->counters, LK_C_RECORDS_OUT, 1);
        lk_conn_plain_done(conn);
    }
}

static void tls_bye(struct lk_conn *conn)
{
    lk_session_errors_forget();
    SSL_shutdown(conn->ssl);
    lk_session_errors_forget();
}

static void tls_fini(struct lk_conn *conn)
{
    SSL_free(conn->ssl);
    conn->ssl = NULL;
}

const struct lk_transport lk_transport_tls = {
    .name = "tls",
    .id = LK_TRANSPORT_TLS,
    .accept = tls_accept,
    .recv = tls_recv,
    .answer = tls_answer,
    .flush = tls_flush,
    .due = lk_conn_stream_due,
    .bye = tls_bye,
    .fini = tls_fini,
};
