/* echo: the least a server can do for a ping: one thread, epoll, OpenSSL on the sockets, every
 * request turned into its answer by one byte. It is the yardstick of lurkd's transports: what lurkd
 * costs above it is lurkd's. Answers that are ready together leave together on streams.
 *
 * Usage: echo tls|dtls|tcp|udp PORT CA CERT KEY     on 127.0.0.1; prints "ready" */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define HEADER_BYTES 16

struct peer {
    int fd;
    SSL *ssl;
    uint8_t head[BUFFER_BYTES / 16]; /* of a message whose rest has not come */
    size_t head_bytes;
};

static int epoll_fd;
static SSL_CTX *ctx;
static bool datagram, secure;
static struct sockaddr_in own;

static void die(const char *what)
{
    fprintf(stderr, "echo: %s: %s\n", what, errno ? strerror(errno) : "refused");
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* --- cookies: enough for one process on loopback ---------------------------------------------- */

static int cookie_make(SSL *ssl, unsigned char *cookie, unsigned *len)
{
    (void)ssl;
    memset(cookie, 0x5a, *len = 16);
    return 1;
}

static int cookie_check(SSL *ssl, const unsigned char *cookie, unsigned len)
{
    (void)ssl;
    return len == 16 && cookie[0] == 0x5a;
}

static void context_make(char **file)
{
    ctx = SSL_CTX_new(datagram ? DTLS_server_method() : TLS_server_method());
    if (!ctx || SSL_CTX_load_verify_file(ctx, file[0]) != 1 ||
        SSL_CTX_use_certificate_chain_file(ctx, file[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, file[2], SSL_FILETYPE_PEM) != 1)
        die("certificates");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_read_ahead(ctx, 1); /* one system call a record, not two */
    SSL_CTX_set_cookie_generate_cb(ctx, cookie_make);
    SSL_CTX_set_cookie_verify_cb(ctx, cookie_check);
}

/* --- peers ------------------------------------------------------------------------------------ */

static void peer_add(int fd, SSL *ssl)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    if (!peer) die("memory");
    *peer = (struct peer){.fd = fd, .ssl = ssl};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static void peer_close(struct peer *peer)
{
    SSL_free(peer->ssl);
    close(peer->fd);
    free(peer);
}

static ssize_t peer_read(struct peer *peer, void *to, size_t bytes)
{
    if (!peer->ssl) return recv(peer->fd, to, bytes, MSG_DONTWAIT);
    ERR_clear_error();
    int n = SSL_read(peer->ssl, to, (int)bytes);
    if (n > 0) return n;
    errno = SSL_get_error(peer->ssl, n) == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
    return -1;
}

/* Blocks a moment where the socket is full: rare at the bounded number of requests outstanding. */
static bool peer_write(struct peer *peer, const uint8_t *from, size_t bytes)
{
    if (peer->ssl) return SSL_write(peer->ssl, from, (int)bytes) > 0;
    return send(peer->fd, from, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

/* Answers every whole message in data; returns how many bytes they were. */
static size_t answer(uint8_t *data, size_t bytes)
{
    size_t done = 0;
    while (bytes - done >= HEADER_BYTES) {
        size_t length = (size_t)data[done + 12] << 24 | (size_t)data[done + 13] << 16 |
                        (size_t)data[done + 14] << 8 | data[done + 15];
        if (length < HEADER_BYTES || length > bytes - done) break;
        data[done + 3] = 1;
        done += length;
    }
    return done;
}

static bool stream_serve(struct peer *peer)
{
    static uint8_t data[BUFFER_BYTES + sizeof(peer->head)];
    memcpy(data, peer->head, peer->head_bytes);
    size_t have = peer->head_bytes;
    do {
        ssize_t n = peer_read(peer, data + have, BUFFER_BYTES - have);
        if (n <= 0) return n < 0 && errno == EAGAIN;
        have += (size_t)n;
    } while (peer->ssl && SSL_has_pending(peer->ssl) && have < BUFFER_BYTES / 2);
    size_t done = answer(data, have);
    peer->head_bytes = have - done;
    if (peer->head_bytes > sizeof(peer->head)) return false;
    memcpy(peer->head, data + done, peer->head_bytes);
    return done == 0 || peer_write(peer, data, done);
}

static bool datagram_serve(struct peer *peer)
{
    static uint8_t data[BUFFER_BYTES];
    for (;;) {
        ssize_t n = peer_read(peer, data, sizeof(data));
        if (n < 0) return errno == EAGAIN;
        if (answer(data, (size_t)n) > 0 && !peer_write(peer, data, (size_t)n)) return false;
    }
}

/* --- listeners -------------------------------------------------------------------------------- */

static int socket_make(void)
{
    int one = 1, wide = 4 << 20;
    int fd = socket(AF_INET, (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (datagram) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    if (datagram) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wide, sizeof(wide));
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0) die("bind");
    return fd;
}

static void stream_accept(int listener)
{
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        SSL *ssl = secure ? SSL_new(ctx) : NULL;
        if (ssl) {
            SSL_set_fd(ssl, fd);
            SSL_set_accept_state(ssl);
        }
        peer_add(fd, ssl);
    }
}

/* A socket for each association: connected, so that the kernel sorts the datagrams. */
static void datagram_accept(int listener)
{
    union {
        struct sockaddr_in in;
        BIO_ADDR *unused;
    } from;
    BIO_ADDR *address = BIO_ADDR_new();
    SSL *ssl = SSL_new(ctx);
    BIO *bio = BIO_new_dgram(listener, BIO_NOCLOSE);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_options(ssl, SSL_OP_COOKIE_EXCHANGE);
    if (DTLSv1_listen(ssl, address) <= 0) {
        SSL_free(ssl);
        BIO_ADDR_free(address);
        return;
    }
    from.in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = BIO_ADDR_rawport(address)};
    BIO_ADDR_rawaddress(address, &from.in.sin_addr, NULL);
    int fd = socket_make();
    if (connect(fd, (struct sockaddr *)&from.in, sizeof(from.in)) != 0) die("connect");
    BIO_set_fd(SSL_get_rbio(ssl), fd, BIO_NOCLOSE);
    BIO_ctrl(SSL_get_rbio(ssl), BIO_CTRL_DGRAM_SET_CONNECTED, 0, address);
    BIO_ADDR_free(address);
    SSL_accept(ssl);
    peer_add(fd, ssl);
}

/* Plain UDP: one socket, whoever asks. */
static void datagram_answer(int listener)
{
    static uint8_t data[BUFFER_BYTES];
    struct sockaddr_in from;
    socklen_t bytes = sizeof(from);
    ssize_t n;
    while ((n = recvfrom(listener, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&from,
                         &bytes)) > 0)
        if (answer(data, (size_t)n) > 0)
            sendto(listener, data, (size_t)n, 0, (struct sockaddr *)&from, bytes);
}

int main(int argc, char **argv)
{
    if (argc != 6 || (strcmp(argv[1], "tls") && strcmp(argv[1], "dtls") && strcmp(argv[1], "tcp") &&
                      strcmp(argv[1], "udp"))) {
        fprintf(stderr, "usage: echo tls|dtls|tcp|udp PORT CA CERT KEY\n");
        return 2;
    }
    datagram = !strcmp(argv[1], "dtls") || !strcmp(argv[1], "udp");
    secure = strstr(argv[1], "tls") != NULL;
    own = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)atoi(argv[2])),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (secure) context_make(argv + 3);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listener = socket_make();
    if (!datagram && listen(listener, 4096) != 0) die("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");
    void (*listened)(int) = !datagram ? stream_accept : secure ? datagram_accept : datagram_answer;
    bool (*serve)(struct peer *) = datagram ? datagram_serve : stream_serve;
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        struct epoll_event ready[256];
        int n = epoll_wait(epoll_fd, ready, 256, -1);
        for (int i = 0; i < n; i++) {
            struct peer *peer = ready[i].data.ptr;
            if (!peer)
                listened(listener);
            else if (!serve(peer))
                peer_close(peer);
        }
    }
}
