/* tcp: messages over a bare stream, for measurements and tests in a test build. */
#include "io/intake.h"
#include "io/transport.h"

static bool tcp_accept(struct lk_conn *conn)
{
    if (!lk_conn_proved(conn, LK_PLAIN_IDENTITY)) return false;
    lk_conn_stream_due(conn);
    return true;
}

static void tcp_recv(struct lk_conn *conn, struct lk_bytes bytes)
{
    lk_intake_stream(conn, bytes);
}

static void tcp_answer(struct lk_conn *conn, const struct lk_answer *answer)
{
    uint8_t head[LK_HEADER_BYTES];
    struct lk_writer w = lk_writer_of(head, sizeof head);
    lk_header_write(&w, &answer->header);
    if (lk_conn_write(conn, head, sizeof head) &&
        lk_conn_write(conn, answer->payload.data, answer->payload.len)) {
        lk_conn_touch(conn);
        return;
    }
    lk_conn_note(conn, "edge closed", "it does not read its answers");
    lk_conn_drop(conn);
}

static void tcp_nothing(struct lk_conn *conn)
{
    (void)conn;
}

const struct lk_transport lk_transport_tcp = {
    .name = "tcp",
    .id = LK_TRANSPORT_TCP,
    .accept = tcp_accept,
    .recv = tcp_recv,
    .answer = tcp_answer,
    .flush = tcp_nothing,
    .due = lk_conn_stream_due,
    .bye = tcp_nothing,
    .fini = tcp_nothing,
};
