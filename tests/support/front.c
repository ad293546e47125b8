#include "tests/support/front.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/wire/header.h"
#include "crypto/hash.h"
#include "io/bell.h"
#include "tests/support/dtls_client.h"

#define BATCH 1024
/* Ends a test that hangs; how fast the machine is decides nothing before. */
#define PATIENCE_S 30

static void must(bool held, const char *what)
{
    if (held) return;
    fprintf(stderr, "front: %s\n", what);
    abort();
}

/* --- the view ------------------------------------------------------------------------------- */

static const char *const keys_default =
    "- {name: r, tenant: a, file: /k/r, uses: [tls12-rsa]}\n"
    "- {name: p, tenant: a, file: /k/p, uses: [tls12-sign]}\n";
static const char *const edges_default = "- {name: one, tenant: a, match: 'uri:lurk://edge/1'}\n"
                                         "- {name: plain, tenant: a, match: 'uri:lurk://plain'}\n";
static const char *const rules_default =
    "- {name: every, tenant: a, edges: all, keys: all, hashes: [sha256], exchanges: all}\n";

static void add_key(struct lk_keystore *store, const struct lk_conf *conf, uint32_t i,
                    const char *id)
{
    uint8_t spki[32];
    memset(spki, (int)(0x60 + i), sizeof spki);
    struct lk_key_public key = {.handle = UINT64_C(1) << 32 | i,
                                .index = i,
                                .uses = conf->keys[i].uses,
                                .flags = conf->keys[i].flags,
                                .kind = i == 0 ? LK_KEY_RSA : LK_KEY_P256,
                                .bits = i == 0 ? 2048 : 256,
                                .bytes = i == 0 ? 256 : 72,
                                .spki = lk_bytes_of(spki, sizeof spki)};
    key.keyid.id_count = 1;
    memcpy(key.keyid.id[0], id, LK_KEY_ID_BYTES);
    lk_sha256(spki, sizeof spki, key.keyid.full);
    const struct lk_key_public *other = NULL;
    must(lk_keystore_add(store, &key, &other) == LK_OK, "key not added");
}

struct lk_view *lk_test_view(const struct lk_test_view_conf *c)
{
    char text[4096], error[2048];
    snprintf(
        text, sizeof text,
        "channel: {certificate: /c/cert.pem, key: /c/key.pem, ca: /c/ca.pem}\n"
        "listen: [{address: 127.0.0.1, port: 7000, transport: tls}]\n"
        "limits:\n  conns_per_loop: 64\n  slots_small_per_loop: 2048\n  slots_large_per_loop: 4\n%s"
        "tenants: %s\n"
        "keys:\n%sedges:\n%srules:\n%s",
        c->limits != NULL ? c->limits : "", c->tenants != NULL ? c->tenants : "[{name: a}]",
        c->keys != NULL ? c->keys : keys_default,
        c->edges != NULL ? c->edges : edges_default,
        c->rules != NULL ? c->rules : rules_default);
    struct lk_conf *conf = NULL;
    if (lk_conf_parse("test", lk_bytes_of(text, strlen(text)), &conf, error, sizeof error) != LK_OK)
        must(false, error);
    struct lk_keystore *keys = NULL;
    must(lk_keystore_new(2, &keys) == LK_OK, "no keystore");
    add_key(keys, conf, 0, LK_TEST_RSA_ID);
    add_key(keys, conf, 1, LK_TEST_EC_ID);
    struct lk_view_files files = {.certificate = lk_test_pki_file("server.crt"),
                                  .key = lk_test_pki_file("server.key"),
                                  .ca = lk_test_pki_file("ca.crt")};
    if (c->crl != NULL) files.crl = lk_test_pki_file(c->crl);
    struct lk_view *view = NULL;
    if (lk_view_new(c->generation, conf, keys, &files, &view, error, sizeof error) != LK_OK)
        must(false, error);
    return view;
}

/* --- the worker ----------------------------------------------------------------------------- */

static uint64_t work_one(const struct lk_test_front *front, const struct lk_segment *segment,
                         uint64_t ref)
{
    uint32_t room = 0, loop = 0;
    struct lk_slot *slot = lk_slot_at(&segment->slots, (uint32_t)ref, &room, &loop);
    must(slot != NULL && slot->generation == (uint32_t)(ref >> 32) && slot->state == LK_SLOT_SENT,
         "the loop sent a slot that is not sent");
    if (front->work == LK_WORK_ABSURD) return lk_slot_ref(slot->generation, 0x7fffffff);
    memmove(slot->body, slot->body + 7, LK_MASTER_BYTES);
    slot->verdict = LK_VERDICT_ANSWER;
    slot->status = LK_STATUS_SUCCESS;
    slot->result_bytes = LK_MASTER_BYTES;
    slot->state = LK_SLOT_DONE;
    return ref;
}

static void work_all(struct lk_test_front *front, const struct lk_segment *segment,
                     struct lk_ring *out, uint64_t *refs, int count)
{
    bool reverse = front->work == LK_WORK_REVERSE;
    for (int i = 0; i < count; i++) {
        uint64_t ref = work_one(front, segment, refs[reverse ? count - 1 - i : i]);
        must(lk_ring_push(out, ref) == LK_OK, "ring to the loop is full");
        front->worked++;
    }
    if (count > 0) lk_bell_ring_loop(&segment->loop_bell[0], front->bell);
}

static void *work(void *argument)
{
    struct lk_test_front *front = argument;
    struct lk_ring in = {0}, out = {0};
    const struct lk_segment *segment = NULL;
    uint64_t epoch = 0, refs[BATCH];
    while (!front->stop) {
        if (__atomic_load_n(&front->epoch, __ATOMIC_ACQUIRE) != epoch) {
            epoch = __atomic_load_n(&front->epoch, __ATOMIC_ACQUIRE);
            segment = &front->segment[epoch & 1];
            lk_ring_init(&in, lk_segment_ring_to_worker(segment, 0, 0), LK_RING_CELLS);
            lk_ring_init(&out, lk_segment_ring_to_loop(segment, 0, 0), LK_RING_CELLS);
        }
        int n = front->work == LK_WORK_HOLD ? 0 : lk_ring_pop(&in, refs, BATCH);
        must(n >= 0, "ring from the loop is absurd");
        work_all(front, segment, &out, refs, n);
        struct lk_bell_word *bell = &segment->worker_bell[0];
        uint32_t seen = lk_bell_word(bell);
        lk_bell_doze(bell);
        bool idle = front->work == LK_WORK_HOLD || !lk_ring_waiting(&in);
        if (idle)
            lk_bell_sleep(bell, seen, 5 * LK_NS_PER_MS);
        else
            lk_bell_awake(bell);
    }
    return NULL;
}

/* --- the loop ------------------------------------------------------------------------------- */

/* *port 0: any; set to the one it got. -1: taken. */
static int bind_loopback(int type, uint16_t *port)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
    socklen_t bytes = sizeof at;
    must(fd >= 0, "no socket");
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return -1;
    }
    must(getsockname(fd, (struct sockaddr *)&at, &bytes) == 0, "no address");
    *port = ntohs(at.sin_port);
    return fd;
}

/* One port for both: what TCP has free, UDP may not. */
static void bind_both(struct lk_test_front *front)
{
    for (int tries = 0; tries < 100; tries++) {
        front->port = 0;
        front->listener = bind_loopback(SOCK_STREAM, &front->port);
        must(front->listener >= 0, "no listening socket");
        front->datagrams = bind_loopback(SOCK_DGRAM, &front->port);
        if (front->datagrams >= 0) return;
        close(front->listener);
    }
    must(false, "no port that is free for TCP and UDP");
}

void lk_test_front_epoch(struct lk_test_front *front)
{
    const struct lk_conf *conf = front->view->conf;
    struct lk_segment_shape shape = {.loops = 1,
                                     .workers = 1,
                                     .small_per_loop = conf->slots_small_per_loop,
                                     .large_per_loop = conf->slots_large_per_loop};
    uint64_t epoch = front->epoch + 1;
    struct lk_segment *segment = &front->segment[epoch & 1];
    must(segment->base == NULL, "two epochs at most in a test");
    int fd;
    must(lk_segment_make(&shape, &fd) == LK_OK, "no segment");
    must(lk_segment_map(&shape, epoch, fd, segment) == LK_OK, "segment not mapped");
    close(fd);
    __atomic_store_n(&front->epoch, epoch, __ATOMIC_RELEASE);
    struct lk_loop_order order = {.kind = LK_ORDER_EPOCH, .segment = segment};
    lk_loop_order(front->loop, &order);
}

void lk_test_front_start(struct lk_test_front *front, const struct lk_test_view_conf *conf)
{
    *front = (struct lk_test_front){.view = lk_test_view(conf)};
    /* Longer than any configuration may: on a busy machine a worker's thread may wait for its CPU, and
     * no test that runs by the real clock is about deadlines. */
    front->view->conf->queue_deadline_ms = PATIENCE_S * 1000;
    front->counters = calloc(1, sizeof *front->counters);
    front->bell = eventfd(0, EFD_CLOEXEC);
    bind_both(front);
    must(listen(front->listener, 64) == 0, "not listening");
    struct lk_loop_conf loop = {
        .cpu = -1,
        .spin = conf->spin,
        .bell_fd = front->bell,
        .workers = 1,
        .listener = {{front->listener, LK_TRANSPORT_TLS}, {front->datagrams, LK_TRANSPORT_DTLS}},
        .listener_count = 2,
        .view = front->view,
        .counters = front->counters};
    must(lk_loop_start(&loop, &front->loop) == LK_OK, "the loop did not start");
    lk_test_front_epoch(front);
    must(pthread_create(&front->worker, NULL, work, front) == 0, "no worker");
}

void lk_test_front_order(struct lk_test_front *front, enum lk_loop_order_kind kind,
                         const struct lk_view *view)
{
    struct lk_loop_order order = {.kind = kind, .view = view};
    lk_loop_order(front->loop, &order);
}

void lk_test_front_stop(struct lk_test_front *front)
{
    lk_test_front_order(front, LK_ORDER_STOP, NULL);
    lk_loop_join(front->loop);
    front->stop = true;
    pthread_join(front->worker, NULL);
    for (int i = 0; i < 2; i++)
        lk_segment_unmap(&front->segment[i]);
    lk_view_free(front->view);
    free(front->counters);
    close(front->bell);
    close(front->listener);
    close(front->datagrams);
}

uint64_t lk_test_front_count(const struct lk_test_front *front, enum lk_counter counter)
{
    return atomic_load(&front->counters->value[counter]);
}

bool lk_test_front_reaches(const struct lk_test_front *front, enum lk_counter counter,
                           uint64_t value)
{
    uint64_t until = lk_clock_now_ns() + PATIENCE_S * LK_NS_PER_S;
    while (lk_test_front_count(front, counter) < value) {
        if (lk_clock_now_ns() > until) return false;
        sched_yield();
    }
    return true;
}

/* --- the edge ------------------------------------------------------------------------------- */

static void show_certificate(SSL_CTX *ctx, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.crt", lk_test_pki(), name);
    must(SSL_CTX_use_certificate_chain_file(ctx, path) == 1, path);
    snprintf(path, sizeof path, "%s/%s.key", lk_test_pki(), name);
    must(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1, path);
}

/* Loopback loses nothing: a flight sent twice by a slow machine would be counted. */
static unsigned never_again(SSL *ssl, unsigned timeout_us)
{
    (void)ssl;
    (void)timeout_us;
    return PATIENCE_S * 1000000U;
}

static void attach(struct lk_test_edge *edge, bool datagrams)
{
    if (!datagrams) {
        SSL_set_fd(edge->ssl, edge->fd);
        return;
    }
    BIO *bio = BIO_new_dgram(edge->fd, BIO_NOCLOSE);
    struct sockaddr_in peer;
    socklen_t bytes = sizeof peer;
    must(bio != NULL && getpeername(edge->fd, (struct sockaddr *)&peer, &bytes) == 0,
         "no datagrams");
    BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &peer);
    DTLS_set_timer_cb(edge->ssl, never_again);
    SSL_set_bio(edge->ssl, bio, bio);
}

bool lk_test_edge_connect(struct lk_test_edge *edge, const struct lk_test_front *front,
                          const char *name, int version)
{
    bool datagrams = version == DTLS1_2_VERSION;
    *edge = (struct lk_test_edge){
        .ctx = SSL_CTX_new(datagrams ? DTLS_client_method() : TLS_client_method())};
    edge->fd = socket(AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(front->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(edge->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(edge->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    must(connect(edge->fd, (struct sockaddr *)&to, sizeof to) == 0, "not connected");
    int on = 1; /* Nagle would hold a request behind the handshake's end for 40 ms */
    if (!datagrams) setsockopt(edge->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_CTX_set_min_proto_version(edge->ctx, version);
    SSL_CTX_set_max_proto_version(edge->ctx, version);
    char path[256];
    snprintf(path, sizeof path, "%s/ca.crt", lk_test_pki());
    must(SSL_CTX_load_verify_locations(edge->ctx, path, NULL) == 1, path);
    SSL_CTX_set_verify(edge->ctx, SSL_VERIFY_PEER, NULL);
    if (name != NULL) show_certificate(edge->ctx, name);
    edge->ssl = SSL_new(edge->ctx);
    attach(edge, datagrams);
    return SSL_connect(edge->ssl) == 1;
}

void lk_test_edge_close(struct lk_test_edge *edge)
{
    SSL_free(edge->ssl);
    SSL_CTX_free(edge->ctx);
    close(edge->fd);
}

bool lk_test_edge_put(struct lk_test_edge *edge, const void *data, size_t len)
{
    return SSL_write(edge->ssl, data, (int)len) == (int)len;
}

bool lk_test_edge_get(struct lk_test_edge *edge, void *data, size_t len)
{
    uint8_t *at = data;
    while (len > 0) {
        int n = SSL_read(edge->ssl, at, (int)len);
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool lk_test_edge_ended(struct lk_test_edge *edge)
{
    uint8_t byte;
    int n = SSL_read(edge->ssl, &byte, 1);
    if (n > 0) return false;
    int error = SSL_get_error(edge->ssl, n);
    /* A timeout of the socket would be WANT_READ. */
    return error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
}

size_t lk_test_rsa_master(uint8_t *to, uint64_t id, uint32_t time)
{
    struct lk_writer w = lk_writer_of(to, 512);
    struct lk_header header = {.designation = 1, .version = 1, .type = 2, .id = id, .length = 343};
    lk_header_write(&w, &header);
    lk_writer_u8(&w, 0);
    lk_writer_put(&w, LK_TEST_RSA_ID, LK_KEY_ID_BYTES);
    lk_writer_u8(&w, 0); /* freshness sha256 */
    lk_writer_u8(&w, 0); /* prf sha256 */
    memset(lk_writer_room(&w, 32), 0xc1, 32);
    lk_writer_u32(&w, time);
    memset(lk_writer_room(&w, 20), 0x5e, 20);
    lk_writer_u64(&w, id);
    memset(lk_writer_room(&w, 256), 0x77, 256);
    return w.len;
}
