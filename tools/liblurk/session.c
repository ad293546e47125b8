#include "tools/liblurk/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tools/liblurk/identity.h"
#include "tools/liblurk/transport.h"

#define PATH_BYTES 1400 /* a datagram that passes anywhere, headers included */
#define HEADER_BYTES 28 /* of IP and UDP */
#define RECORD_BYTES 37 /* what a record adds: header, nonce, tag */
#define PIECE_BYTES 16384

/* --- BIO -------------------------------------------------------------------------------------- */

static int bio_read(BIO *bio, char *to, int len)
{
    const struct lurk_transport *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n;
    do
        n = recv(t->fd, to, (size_t)len, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    /* What an open association hears about its peer's port may be anybody's word. */
    bool lost = errno == ECONNREFUSED && t->state == LURK_OPEN && t->row->framing == LURK_DATAGRAM;
    if (n < 0 && (errno == EAGAIN || lost)) BIO_set_retry_read(bio);
    return (int)n;
}

/* A datagram that the kernel does not take is lost, as it may be anywhere: timers repeat it. */
static int bio_write(BIO *bio, const char *from, int len)
{
    const struct lurk_transport *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n;
    do
        n = send(t->fd, from, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && t->row->framing == LURK_DATAGRAM)
        return errno == ECONNREFUSED && t->state != LURK_OPEN ? -1 : len;
    if (n < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
    return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long argument, void *pointer)
{
    (void)bio, (void)argument, (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return PATH_BYTES;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return HEADER_BYTES;
    default: return 0;
    }
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *lk_session_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "lurk");
    bool good = method != NULL && BIO_meth_set_read(method, bio_read) &&
                BIO_meth_set_write(method, bio_write) && BIO_meth_set_ctrl(method, bio_ctrl) &&
                BIO_meth_set_create(method, bio_create);
    if (good) return method;
    BIO_meth_free(method);
    return NULL;
}

/* --- dialling --------------------------------------------------------------------------------- */

/* Whom the server has to be: an address in its certificate where a number was given, else a name.
 */
static bool name_expect(SSL *ssl, const char *name)
{
    uint8_t binary[16];
    bool number = inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
    if (number) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool session_new(struct lurk_transport *t)
{
    bool datagram = t->row->framing == LURK_DATAGRAM;
    t->ssl = SSL_new(datagram ? t->identity->dtls : t->identity->tls);
    BIO *bio = BIO_new(t->identity->method);
    if (t->ssl == NULL || bio == NULL || !name_expect(t->ssl, t->server_name)) {
        BIO_free(bio);
        SSL_free(t->ssl);
        t->ssl = NULL;
        return false;
    }
    BIO_set_data(bio, t);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_connect_state(t->ssl);
    if (datagram) SSL_set_mtu(t->ssl, PATH_BYTES);
    return true;
}

/* The attempt's address of those that the name has. */
static const struct addrinfo *address_pick(const struct addrinfo *all, unsigned attempt)
{
    unsigned count = 0;
    for (const struct addrinfo *at = all; at != NULL; at = at->ai_next)
        count++;
    const struct addrinfo *at = all;
    for (unsigned i = attempt % count; i > 0; i--)
        at = at->ai_next;
    return at;
}

static int socket_open(struct lurk_transport *t, const struct addrinfo *at)
{
    bool stream = at->ai_socktype == SOCK_STREAM;
    int one = 1;
    t->fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0) return lk_transport_fault(t, LURK_ERR_SYSTEM, "socket for", strerror(errno));
    if (stream) (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(t->fd, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS) return LURK_OK;
    return lk_transport_fault(t, LURK_ERR_SYSTEM, "connect", strerror(errno));
}

static int session_dial(struct lurk_transport *t, uint64_t now_ns)
{
    (void)now_ns;
    const struct addrinfo want = {.ai_flags = AI_NUMERICSERV,
                                  .ai_socktype = t->row->framing == LURK_DATAGRAM ? SOCK_DGRAM
                                                                                  : SOCK_STREAM};
    struct addrinfo *all;
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)t->port);
    int fault = getaddrinfo(t->host, port, &want, &all);
    if (fault != 0) return lk_transport_fault(t, LURK_ERR_SYSTEM, "look up", gai_strerror(fault));
    fault = socket_open(t, address_pick(all, t->attempt++));
    freeaddrinfo(all);
    if (fault == LURK_OK && !session_new(t))
        fault = lk_transport_fault(t, LURK_ERR_CRYPTO, "session with", "libssl made none");
    ERR_clear_error();
    return fault;
}

/* --- what libssl says ------------------------------------------------------------------------- */

static int session_fault(struct lurk_transport *t, int error, int saved_errno, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    long verify = SSL_get_verify_result(t->ssl);
    bool ended = error == SSL_ERROR_ZERO_RETURN ||
                 ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    if (error == SSL_ERROR_SYSCALL && saved_errno != 0)
        return lk_transport_fault(t, LURK_ERR_SYSTEM, what, strerror(saved_errno));
    if (ended || code == 0)
        return lk_transport_fault(t, LURK_ERR_CLOSED, what, "the server closed the connection");
    const char *why = verify != X509_V_OK ? X509_verify_cert_error_string(verify)
                                          : ERR_reason_error_string(code);
    return lk_transport_fault(t, LURK_ERR_PEER, what, why != NULL ? why : "libssl refused");
}

/* > 0: it is done · 0: it waits for the socket · else the fault. */
static int session_judge(struct lurk_transport *t, int done, const char *what)
{
    int saved = errno;
    if (done > 0) return done;
    int error = SSL_get_error(t->ssl, done);
    if (error == SSL_ERROR_WANT_WRITE) t->want_write = true;
    int fault = 0;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        fault = session_fault(t, error, saved, what);
    ERR_clear_error();
    return fault;
}

/* Of the moment before each operation: what is found after it is its own. */
static void session_begin(void)
{
    ERR_clear_error();
    errno = 0;
}

/* --- the row's functions ---------------------------------------------------------------------- */

/* A datagram's handshake is repeated by libssl's own timer, of the system's clock. */
static int timer_look(struct lurk_transport *t, uint64_t now_ns)
{
    struct timeval left;
    session_begin();
    if (DTLSv1_handle_timeout(t->ssl) < 0)
        return session_fault(t, SSL_ERROR_SSL, 0, "handshake with");
    bool running = DTLSv1_get_timeout(t->ssl, &left) == 1;
    uint64_t left_ns = running
                           ? (uint64_t)left.tv_sec * 1000000000u + (uint64_t)left.tv_usec * 1000u
                           : 0;
    t->timer_ns = running ? now_ns + left_ns : LURK_NEVER;
    return LURK_OK;
}

static int session_shake(struct lurk_transport *t, uint64_t now_ns)
{
    t->want_write = false;
    session_begin();
    int done = session_judge(t, SSL_do_handshake(t->ssl), "handshake with");
    if (done == 0 && t->row->framing == LURK_DATAGRAM) done = timer_look(t, now_ns);
    if (done > 0) t->timer_ns = LURK_NEVER;
    return done;
}

static int session_send(struct lurk_transport *t, uint64_t now_ns)
{
    t->want_write = false;
    for (;;) {
        struct lurk_bytes out = lurk_client_output(t->client, now_ns);
        if (out.len == 0) return LURK_OK;
        int piece = out.len < PIECE_BYTES ? (int)out.len : PIECE_BYTES;
        session_begin();
        int done = session_judge(t, SSL_write(t->ssl, out.data, piece), "send to");
        if (done <= 0) return done;
        lurk_client_sent(t->client, (size_t)done);
    }
}

static int session_receive(struct lurk_transport *t, uint64_t now_ns)
{
    for (;;) {
        size_t room;
        uint8_t *to = lk_client_room(t->client, &room);
        t->held = to == NULL;
        if (t->held) return LURK_OK;
        session_begin();
        int done = session_judge(t, SSL_read(t->ssl, to, (int)room), "receive from");
        if (done <= 0) return done;
        lk_client_filled(t->client, (size_t)done, now_ns);
    }
}

static void session_shut(struct lurk_transport *t, bool polite)
{
    if (t->ssl == NULL) return;
    session_begin();
    if (polite && t->state == LURK_OPEN) SSL_shutdown(t->ssl);
    SSL_free(t->ssl);
    ERR_clear_error();
    t->ssl = NULL;
}

const struct lk_transport_row lk_transport_tls = {.name = "TLS",
                                                  .framing = LURK_STREAM,
                                                  .message_bytes_max = LURK_MESSAGE_BYTES_MAX,
                                                  .secure = true,
                                                  .dial = session_dial,
                                                  .shake = session_shake,
                                                  .send = session_send,
                                                  .receive = session_receive,
                                                  .shut = session_shut};

const struct lk_transport_row lk_transport_dtls = {.name = "DTLS",
                                                   .framing = LURK_DATAGRAM,
                                                   .message_bytes_max = PATH_BYTES - HEADER_BYTES -
                                                                        RECORD_BYTES,
                                                   .secure = true,
                                                   .dial = session_dial,
                                                   .shake = session_shake,
                                                   .send = session_send,
                                                   .receive = session_receive,
                                                   .shut = session_shut};
