/* Transports against the other end in the same thread: an agent's socket, a TLS and a DTLS server
 * of a few lines. Nothing here waits: both ends take turns until there is a result. */
#include "tools/liblurk/lurk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/liblurk/packet.h"

#define MS UINT64_C(1000000)
#define START (UINT64_C(5000) * MS)
#define TURNS 1000

static int submit(struct lurk_transport *t, uint64_t now_ns, uint64_t *id)
{
    uint8_t ping[16];
    size_t len;
    assert_int_equal(lurk_ping_write(LURK_LURK, ping, sizeof ping, &len), LURK_OK);
    struct lurk_submit call = {
        .size = sizeof call, .message = {ping, len}, .deadline_ns = now_ns + 1000 * MS};
    return lurk_transport_submit(t, &call, now_ns, id);
}

/* --- an agent ------------------------------------------------------------------------------------
 */

struct agent {
    char name[64];
    int listener, client;
};

static void agent_listen(struct agent *agent)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(agent->name);
    memcpy(address.sun_path + 1, agent->name + 1, len - 1);
    agent->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    assert_int_equal(bind(agent->listener, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(agent->listener, 4), 0);
    agent->client = -1;
}

static void agent_open(struct agent *agent)
{
    static unsigned number;
    snprintf(agent->name, sizeof agent->name, "@lurk-test-%d-%u", (int)getpid(), number++);
    agent_listen(agent);
}

static void agent_close(struct agent *agent)
{
    if (agent->client >= 0) close(agent->client);
    if (agent->listener >= 0) close(agent->listener);
    agent->client = agent->listener = -1;
}

/* Accepts, reads one request if there is one. */
static bool agent_hear(struct agent *agent, struct lk_packet *packet)
{
    static uint8_t bytes[LK_PACKET_BYTES_MAX];
    if (agent->client < 0)
        agent->client = accept4(agent->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ssize_t n = agent->client >= 0 ? recv(agent->client, bytes, sizeof bytes, 0) : -1;
    if (n <= 0) return false;
    assert_int_equal(lk_packet_request_read(lk_bytes_of(bytes, (size_t)n), packet), 0);
    return true;
}

static void agent_answer(struct agent *agent, const struct lk_packet *asked, uint8_t outcome)
{
    uint8_t bytes[64], pong[16];
    struct lk_packet packet = {.kind = LK_PACKET_ANSWER, .tag = asked->tag, .outcome = outcome};
    memcpy(pong, asked->body.data, 16);
    pong[3] = 1;
    if (outcome == 0) packet.body = lk_bytes_of(pong, 16);
    struct lk_writer w = lk_writer_of(bytes, sizeof bytes);
    lk_packet_write(&w, &packet);
    assert_int_equal(send(agent->client, bytes, w.len, MSG_NOSIGNAL), w.len);
}

static struct lurk_transport *agent_transport(const struct agent *agent)
{
    struct lurk_transport_options options = {
        .size = sizeof options, .kind = LURK_AGENT, .host = agent->name};
    struct lurk_transport *t = lurk_transport_new(&options, NULL, 0);
    assert_non_null(t);
    return t;
}

static struct lurk_result agent_turns(struct lurk_transport *t, struct agent *agent,
                                      uint8_t outcome)
{
    struct lurk_result result = {.size = sizeof result};
    struct lk_packet packet;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        (void)lurk_transport_ready(t, START);
        if (lurk_transport_take(t, START, &result)) return result;
        if (agent_hear(agent, &packet)) agent_answer(agent, &packet, outcome);
    }
    fail();
    return result;
}

static void agent_answers_a_call(void **state)
{
    (void)state;
    struct agent agent;
    agent_open(&agent);
    struct lurk_transport *t = agent_transport(&agent);
    uint64_t id;
    assert_int_equal(submit(t, START, &id), LURK_ERR_CLOSED); /* not opened */
    assert_int_equal(lurk_transport_open(t, START), LURK_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(t, START, &id), LURK_OK);
        struct lurk_result result = agent_turns(t, &agent, 0);
        assert_int_equal(result.outcome, LURK_OK);
        assert_int_equal(result.id, id);
        assert_int_equal(lurk_ping_read(result.answer), LURK_OK);
    }
    assert_int_equal(submit(t, START, &id), LURK_OK);
    assert_int_equal(agent_turns(t, &agent, LK_PACKET_NO_SERVER).outcome, LURK_ERR_NO_SERVER);
    assert_int_equal(lurk_transport_state(t), LURK_OPEN);
    assert_int_equal(lurk_transport_events(t), POLLIN);
    lurk_transport_free(t);
    agent_close(&agent);
}

static void agent_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct agent agent;
    agent_open(&agent);
    agent_close(&agent);
    struct lurk_transport *t = agent_transport(&agent);
    assert_int_equal(lurk_transport_open(t, START), LURK_ERR_SYSTEM);
    assert_int_equal(lurk_transport_state(t), LURK_DOWN);
    assert_non_null(strstr(lurk_transport_text(t), agent.name));
    assert_non_null(strstr(lurk_transport_text(t), strerror(ECONNREFUSED)));
    assert_int_equal(lurk_transport_fd(t), -1);
    assert_int_equal(lurk_transport_events(t), 0);
    lurk_transport_free(t);
}

/* The end of file and the goodbye: the same bytes, once, over a new connection. */
static void agents_successor_gets_the_same_bytes(void **state)
{
    (void)state;
    for (int goodbye = 0; goodbye < 2; goodbye++) {
        struct agent agent;
        struct lk_packet packet;
        struct lurk_result result = {.size = sizeof result};
        uint8_t first[16];
        uint64_t id;
        agent_open(&agent);
        struct lurk_transport *t = agent_transport(&agent);
        assert_int_equal(lurk_transport_open(t, START), LURK_OK);
        assert_int_equal(submit(t, START, &id), LURK_OK);
        (void)lurk_transport_ready(t, START);
        assert_true(agent_hear(&agent, &packet));
        memcpy(first, packet.body.data, 16);
        if (goodbye)
            agent_answer(&agent, &packet, LK_PACKET_LEAVING);
        else
            close(agent.client);
        int old = goodbye ? agent.client : -1;
        agent.client = -1;
        for (unsigned turn = 0; turn < TURNS && !agent_hear(&agent, &packet); turn++) {
            (void)lurk_transport_ready(t, START);
            assert_false(lurk_transport_take(t, START, &result));
        }
        assert_memory_equal(packet.body.data, first, 16);
        agent_answer(&agent, &packet, 0);
        result = agent_turns(t, &agent, 0);
        assert_int_equal(result.outcome, LURK_OK);
        assert_int_equal(result.id, id);
        lurk_transport_free(t);
        if (old >= 0) close(old);
        agent_close(&agent);
    }
}

static void agent_that_leaves_for_good_fails_the_call(void **state)
{
    (void)state;
    for (int goodbye = 0; goodbye < 2; goodbye++) {
        struct agent agent;
        struct lk_packet packet;
        uint64_t id;
        agent_open(&agent);
        struct lurk_transport *t = agent_transport(&agent);
        assert_int_equal(lurk_transport_open(t, START), LURK_OK);
        assert_int_equal(submit(t, START, &id), LURK_OK);
        (void)lurk_transport_ready(t, START);
        assert_true(agent_hear(&agent, &packet));
        if (goodbye) agent_answer(&agent, &packet, LK_PACKET_LEAVING);
        agent_close(&agent);
        struct lurk_result result = {.size = sizeof result};
        for (unsigned turn = 0; turn < TURNS; turn++) {
            (void)lurk_transport_ready(t, START);
            if (lurk_transport_take(t, START, &result)) break;
        }
        assert_int_equal(result.outcome, goodbye ? LURK_ERR_LEAVING : LURK_ERR_CLOSED);
        assert_int_equal(lurk_transport_state(t), LURK_DOWN);
        lurk_transport_free(t);
    }
}

/* An agent that answers and ends at once has answered. */
static void answer_before_the_end_counts(void **state)
{
    (void)state;
    struct agent agent;
    struct lk_packet packet;
    uint64_t id;
    agent_open(&agent);
    struct lurk_transport *t = agent_transport(&agent);
    assert_int_equal(lurk_transport_open(t, START), LURK_OK);
    assert_int_equal(submit(t, START, &id), LURK_OK);
    (void)lurk_transport_ready(t, START);
    assert_true(agent_hear(&agent, &packet));
    agent_answer(&agent, &packet, 0);
    agent_close(&agent);
    struct lurk_result result = {.size = sizeof result};
    (void)lurk_transport_ready(t, START);
    assert_true(lurk_transport_take(t, START, &result));
    assert_int_equal(result.outcome, LURK_OK);
    assert_int_equal(result.id, id);
    assert_false(lurk_transport_take(t, START, &result));
    assert_int_equal(lurk_transport_state(t), LURK_DOWN);
    assert_int_equal(lurk_transport_error(t), LURK_ERR_CLOSED);
    lurk_transport_free(t);
}

/* A queue of connections that is full is tried again by the clock. */
static void full_queue_of_an_agent_is_tried_again(void **state)
{
    (void)state;
    struct agent agent;
    agent_open(&agent);
    struct lurk_transport *waiting[16];
    size_t count = 0;
    do { /* until one does not get in */
        waiting[count] = agent_transport(&agent);
        assert_int_equal(lurk_transport_open(waiting[count], START), LURK_OK);
        (void)lurk_transport_ready(waiting[count], START);
    } while (lurk_transport_state(waiting[count++]) == LURK_OPEN && count < 16);
    struct lurk_transport *t = waiting[count - 1];
    assert_int_equal(lurk_transport_state(t), LURK_CONNECTING);
    assert_int_equal(lurk_transport_fd(t), -1);
    uint64_t due = lurk_transport_due_ns(t);
    assert_true(due > START && due < START + 100 * MS);
    close(accept(agent.listener, NULL, NULL));
    assert_int_equal(lurk_transport_ready(t, due), LURK_OK);
    assert_int_equal(lurk_transport_state(t), LURK_OPEN);
    for (size_t i = 0; i < count; i++)
        lurk_transport_free(waiting[i]);
    agent_close(&agent);
}

static void transport_of_another_process_is_left(void **state)
{
    (void)state;
    struct agent agent;
    struct lk_packet packet;
    uint64_t id;
    agent_open(&agent);
    struct lurk_transport *t = agent_transport(&agent);
    assert_int_equal(lurk_transport_open(t, START), LURK_OK);
    assert_int_equal(submit(t, START, &id), LURK_OK);
    (void)lurk_transport_ready(t, START);
    assert_true(agent_hear(&agent, &packet));
    agent_answer(&agent, &packet, 0);
    pid_t child = fork();
    if (child == 0) {
        struct lurk_result result = {.size = sizeof result};
        bool good = lurk_transport_ready(t, START) == LURK_ERR_FORKED &&
                    lurk_transport_take(t, START, &result) && result.outcome == LURK_ERR_FORKED &&
                    lurk_transport_fd(t) == -1 && lurk_transport_open(t, START) == LURK_OK &&
                    submit(t, START, &id) == LURK_OK;
        _exit(good ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(agent_turns(t, &agent, 0).id, id); /* the parent's answer is still there */
    lurk_transport_free(t);
    agent_close(&agent);
}

static void call_waits_no_longer_than_it_was_told(void **state)
{
    (void)state;
    struct agent agent;
    uint8_t ping[16];
    size_t len;
    struct lurk_result result = {.size = sizeof result};
    agent_open(&agent);
    struct lurk_transport *t = agent_transport(&agent);
    lurk_ping_write(LURK_LURK, ping, sizeof ping, &len);
    struct lurk_bytes request = {ping, len};
    assert_int_equal(lurk_call(t, request, 20, &result), LURK_ERR_TIMEOUT);
    assert_int_equal(lurk_client_calls(lurk_transport_client(t)), 0);
    agent_close(&agent);
    assert_int_equal(lurk_call(t, request, 20, &result), LURK_ERR_SYSTEM);
    lurk_transport_free(t);
}

/* --- TLS and DTLS --------------------------------------------------------------------------------
 */

static char folder[256];

static const char *file(const char *name)
{
    static char paths[8][320];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static struct lurk_identity *identity_of(const char *authority, const char *own, uint16_t tls_min)
{
    char certificate[64], key[64], text[256];
    snprintf(certificate, sizeof certificate, "%s.crt", own);
    snprintf(key, sizeof key, "%s.key", own);
    struct lurk_identity_options options = {.size = sizeof options,
                                            .authority = file(authority),
                                            .certificate = file(certificate),
                                            .key = file(key),
                                            .tls_min = tls_min};
    struct lurk_identity *identity = lurk_identity_new(&options, text, sizeof text);
    if (identity == NULL) fail_msg("%s", text);
    return identity;
}

struct server {
    SSL_CTX *ctx;
    SSL *ssl;
    int listener, fd;
    uint16_t port;
    bool datagram, shaken;
};

static void server_open(struct server *server, bool datagram, int version_max)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    *server = (struct server){.fd = -1, .datagram = datagram};
    server->ctx = SSL_CTX_new(datagram ? DTLS_server_method() : TLS_server_method());
    SSL_CTX_set_max_proto_version(server->ctx, version_max);
    SSL_CTX_set_verify(server->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    assert_int_equal(SSL_CTX_load_verify_file(server->ctx, file("ca.crt")), 1);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(server->ctx, file("server.crt")), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(server->ctx, file("server.key"), SSL_FILETYPE_PEM),
                     1);
    server->listener = socket(AF_INET, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &bytes), 0);
    if (!datagram) assert_int_equal(listen(server->listener, 4), 0);
    server->port = ntohs(address.sin_port);
}

static void server_close(struct server *server)
{
    SSL_free(server->ssl);
    SSL_CTX_free(server->ctx);
    if (server->fd >= 0 && server->fd != server->listener) close(server->fd);
    close(server->listener);
}

static bool server_meets(struct server *server)
{
    struct sockaddr_storage from;
    socklen_t bytes = sizeof from;
    char byte;
    if (server->fd >= 0) return true;
    if (!server->datagram) {
        server->fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK);
    } else if (recvfrom(server->listener, &byte, 1, MSG_PEEK, (struct sockaddr *)&from, &bytes) >
               0) {
        assert_int_equal(connect(server->listener, (struct sockaddr *)&from, bytes), 0);
        server->fd = server->listener;
    }
    if (server->fd < 0) return false;
    server->ssl = SSL_new(server->ctx);
    BIO *bio = server->datagram ? BIO_new_dgram(server->fd, BIO_NOCLOSE)
                                : BIO_new_socket(server->fd, BIO_NOCLOSE);
    if (server->datagram) BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &from);
    SSL_set_bio(server->ssl, bio, bio);
    SSL_set_accept_state(server->ssl);
    return true;
}

/* Answers every request of what came as `status` and `payload` say. */
static void server_turn(struct server *server, uint8_t status)
{
    uint8_t bytes[4096];
    if (!server_meets(server)) return;
    if (!server->shaken && SSL_do_handshake(server->ssl) == 1) server->shaken = true;
    int n = server->shaken ? SSL_read(server->ssl, bytes, sizeof bytes) : 0;
    for (int at = 0; at + 16 <= n; at += 16)
        bytes[at + 3] = status;
    if (n > 0) assert_int_equal(SSL_write(server->ssl, bytes, n), n);
}

static struct lurk_transport *transport_to(const struct server *server,
                                           struct lurk_identity *identity, const char *name)
{
    struct lurk_transport_options options = {.size = sizeof options,
                                             .kind = server->datagram ? LURK_DTLS : LURK_TLS,
                                             .host = "127.0.0.1",
                                             .port = server->port,
                                             .server_name = name,
                                             .identity = identity};
    struct lurk_transport *t = lurk_transport_new(&options, NULL, 0);
    assert_non_null(t);
    assert_int_equal(lurk_transport_open(t, START), LURK_OK);
    return t;
}

/* Until either end has something to do; loopback delivers when the kernel finds the time. */
static void turn_wait(struct lurk_transport *t, const struct server *server)
{
    struct pollfd fds[] = {
        {.fd = lurk_transport_fd(t), .events = lurk_transport_events(t)},
        {.fd = server->fd >= 0 ? server->fd : server->listener, .events = POLLIN}};
    assert_true(poll(fds, 2, 100) >= 0);
}

/* Turns of both ends until a result is there, or the transport ended without one. */
static bool turns(struct lurk_transport *t, struct server *server, uint8_t status,
                  struct lurk_result *result)
{
    for (unsigned turn = 0; turn < TURNS; turn++) {
        (void)lurk_transport_ready(t, START);
        if (lurk_transport_take(t, START, result)) return true;
        if (lurk_transport_state(t) == LURK_DOWN) return false;
        server_turn(server, status);
        turn_wait(t, server);
    }
    fail_msg("no result: %s", lurk_transport_text(t));
    return false;
}

static void server_answers_many_calls(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION, DTLS1_2_VERSION};
    struct lurk_identity *identity = identity_of("ca.crt", "edge-1", 0);
    for (size_t v = 0; v < 3; v++) {
        struct server server;
        server_open(&server, versions[v] == DTLS1_2_VERSION, versions[v]);
        struct lurk_transport *t = transport_to(&server, identity, "localhost");
        for (int i = 0; i < 100; i++) {
            uint64_t id;
            assert_int_equal(submit(t, START, &id), LURK_OK);
        }
        for (int i = 0; i < 100; i++) {
            struct lurk_result result = {.size = sizeof result};
            assert_true(turns(t, &server, 1, &result));
            assert_int_equal(result.outcome, LURK_OK);
        }
        lurk_transport_close(t);
        assert_int_equal(lurk_transport_error(t), LURK_ERR_CLOSED);
        lurk_transport_free(t);
        server_close(&server);
    }
    lurk_identity_free(identity);
}

/* Who the server is not, and whom it does not want. */
static void strangers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *authority, *own, *name;
        uint16_t tls_min;
        int version_max;
    } rows[] = {
        {"stranger-ca.crt", "edge-1", "localhost", 0, TLS1_3_VERSION},
        {"ca.crt", "edge-1", "other.example", 0, TLS1_3_VERSION},
        {"ca.crt", "stranger", "localhost", 0, TLS1_3_VERSION},
        {"ca.crt", "stranger", "localhost", 0, TLS1_2_VERSION},
        {"ca.crt", "edge-1", "localhost", 0x0304, TLS1_2_VERSION},
        {"ca.crt", "edge-1", "localhost", 0, TLS1_1_VERSION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server server;
        struct lurk_result result = {.size = sizeof result};
        struct lurk_identity *identity = identity_of(rows[i].authority, rows[i].own,
                                                     rows[i].tls_min);
        uint64_t id;
        server_open(&server, false, rows[i].version_max);
        struct lurk_transport *t = transport_to(&server, identity, rows[i].name);
        assert_int_equal(submit(t, START, &id), LURK_OK);
        assert_true(turns(t, &server, 1, &result));
        assert_int_equal(result.outcome, LURK_ERR_PEER);
        assert_int_equal(lurk_transport_error(t), LURK_ERR_PEER);
        assert_non_null(strstr(lurk_transport_text(t), "127.0.0.1"));
        lurk_transport_free(t);
        lurk_identity_free(identity);
        server_close(&server);
    }
}

static void unacceptable_answer_ends_the_transport(void **state)
{
    (void)state;
    struct server server;
    struct lurk_result result = {.size = sizeof result};
    struct lurk_identity *identity = identity_of("ca.crt", "edge-1", 0);
    uint64_t id;
    server_open(&server, false, TLS1_3_VERSION);
    struct lurk_transport *t = transport_to(&server, identity, "127.0.0.1");
    uint8_t odd[32] = {1, 1, 1, 0, [15] = 32}; /* comes back with a payload of 16 and status 5 */
    struct lurk_submit call = {
        .size = sizeof call, .message = {odd, 32}, .deadline_ns = LURK_NEVER};
    assert_int_equal(lurk_transport_submit(t, &call, START, &id), LURK_OK);
    for (unsigned turn = 0; turn < TURNS && lurk_transport_state(t) != LURK_DOWN; turn++) {
        (void)lurk_transport_ready(t, START);
        if (lurk_transport_take(t, START, &result)) break;
        server_turn(&server, 5);
        turn_wait(t, &server);
    }
    assert_string_equal(lurk_error_name(result.outcome), "LURK_ERR_ANSWER");
    assert_false(lurk_transport_take(t, START, &result));
    assert_int_equal(lurk_transport_state(t), LURK_DOWN);
    assert_int_equal(lurk_transport_error(t), LURK_ERR_ANSWER);
    lurk_transport_free(t);
    lurk_identity_free(identity);
    server_close(&server);
}

static void server_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct server server;
    struct lurk_result result = {.size = sizeof result};
    struct lurk_identity *identity = identity_of("ca.crt", "edge-1", 0);
    for (int datagram = 0; datagram < 2; datagram++) {
        uint64_t id;
        server_open(&server, datagram, datagram ? DTLS1_2_VERSION : TLS1_3_VERSION);
        close(server.listener);
        struct lurk_transport *t = transport_to(&server, identity, NULL);
        assert_int_equal(submit(t, START, &id), LURK_OK);
        for (unsigned turn = 0; turn < TURNS && lurk_transport_state(t) != LURK_DOWN; turn++) {
            struct pollfd fd = {.fd = lurk_transport_fd(t), .events = lurk_transport_events(t)};
            (void)lurk_transport_ready(t, START);
            assert_true(poll(&fd, 1, 10) >= 0);
        }
        assert_true(lurk_transport_take(t, START, &result));
        assert_int_equal(result.outcome, LURK_ERR_SYSTEM);
        assert_non_null(strstr(lurk_transport_text(t), strerror(ECONNREFUSED)));
        lurk_transport_free(t);
        server.listener = -1;
        server_close(&server);
    }
    lurk_identity_free(identity);
}

static void server_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    struct server server;
    struct lurk_result result = {.size = sizeof result};
    struct lurk_identity *identity = identity_of("ca.crt", "edge-1", 0);
    uint64_t id;
    server_open(&server, false, TLS1_3_VERSION);
    struct lurk_transport *t = transport_to(&server, identity, NULL);
    assert_int_equal(submit(t, START, &id), LURK_OK);
    assert_int_equal(lurk_transport_ready(t, START + 999 * MS), LURK_OK);
    assert_false(lurk_transport_take(t, START + 999 * MS, &result));
    assert_true(lurk_transport_due_ns(t) <= START + 1000 * MS);
    assert_true(lurk_transport_take(t, START + 1000 * MS, &result));
    assert_int_equal(result.outcome, LURK_ERR_TIMEOUT);
    assert_int_equal(lurk_transport_ready(t, START + 2000 * MS), LURK_ERR_TIMEOUT);
    assert_int_equal(lurk_transport_state(t), LURK_DOWN);
    lurk_transport_free(t);
    lurk_identity_free(identity);
    server_close(&server);
}

static void datagram_that_is_too_long_asks_for_a_stream(void **state)
{
    (void)state;
    struct server server;
    struct lurk_identity *identity = identity_of("ca.crt", "edge-1", 0);
    static uint8_t message[1500] = {1, 1, 3};
    uint64_t id;
    server_open(&server, true, DTLS1_2_VERSION);
    struct lurk_transport *t = transport_to(&server, identity, NULL);
    struct lurk_submit call = {.size = sizeof call, .message = {message, 1400}};
    message[14] = 1400 >> 8;
    message[15] = 1400 & 0xff;
    assert_int_equal(lurk_transport_submit(t, &call, START, &id), LURK_ERR_ROOM);
    call.message.len = 1300;
    message[14] = 1300 >> 8;
    message[15] = 1300 & 0xff;
    assert_int_equal(lurk_transport_submit(t, &call, START, &id), LURK_OK);
    lurk_transport_free(t);
    lurk_identity_free(identity);
    server_close(&server);
}

static void options_that_are_wrong_are_named(void **state)
{
    (void)state;
    char text[256];
    struct lurk_identity_options identity = {.size = sizeof identity,
                                             .authority = file("ca.crt"),
                                             .certificate = file("edge-1.crt"),
                                             .key = file("edge-2.key")};
    assert_null(lurk_identity_new(&identity, text, sizeof text));
    assert_non_null(strstr(text, "key "));
    identity.key = file("nowhere.key");
    assert_null(lurk_identity_new(&identity, text, sizeof text));
    assert_non_null(strstr(text, "nowhere.key"));
    identity.authority = NULL;
    assert_null(lurk_identity_new(&identity, text, sizeof text));
    assert_non_null(strstr(text, "authority"));
    assert_null(lurk_identity_new(NULL, NULL, 0));
    struct lurk_transport_options options = {.size = sizeof options, .kind = LURK_AGENT};
    assert_null(lurk_transport_new(&options, text, sizeof text));
    assert_non_null(strstr(text, "host"));
    options.host = "relative";
    assert_null(lurk_transport_new(&options, text, sizeof text));
    options.kind = LURK_TLS;
    assert_null(lurk_transport_new(&options, text, sizeof text));
    assert_non_null(strstr(text, "port"));
    options.port = 1;
    assert_null(lurk_transport_new(&options, text, sizeof text));
    assert_non_null(strstr(text, "identity"));
    assert_null(lurk_transport_new(NULL, text, sizeof text));
}

static int setup(void **state)
{
    (void)state;
    char command[512];
    snprintf(folder, sizeof folder, "/tmp/lurk-transport-XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(command, sizeof command, "tests/support/pki.sh %s p256=1 rsa2048=0", folder);
    return system(command);
}

static int teardown(void **state)
{
    (void)state;
    char command[512];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agent_answers_a_call),
        cmocka_unit_test(agent_that_is_not_there_is_told),
        cmocka_unit_test(agents_successor_gets_the_same_bytes),
        cmocka_unit_test(agent_that_leaves_for_good_fails_the_call),
        cmocka_unit_test(answer_before_the_end_counts),
        cmocka_unit_test(full_queue_of_an_agent_is_tried_again),
        cmocka_unit_test(transport_of_another_process_is_left),
        cmocka_unit_test(call_waits_no_longer_than_it_was_told),
        cmocka_unit_test(server_answers_many_calls),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(unacceptable_answer_ends_the_transport),
        cmocka_unit_test(server_that_is_not_there_is_told),
        cmocka_unit_test(server_that_says_nothing_is_given_up),
        cmocka_unit_test(datagram_that_is_too_long_asks_for_a_stream),
        cmocka_unit_test(options_that_are_wrong_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
