/* dtls: DTLS 1.2 over the datagrams that the loop receives and sends. A datagram goes to its
 * association by address, or to the door (lk_hello); a record is one LURK message; an answer is one
 * record. Repeats are answered from lk_responses.
 *
 * Timers of flights are OpenSSL's; the loop's sweep asks them. OpenSSL reads the wall clock for
 * them: a jump delays or hastens one retransmission, the handshake's own deadline is monotonic. */
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/time.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "crypto/ct.h"
#include "io/burst.h"
#include "io/hello.h"
#include "io/intake.h"
#include "io/paths.h"
#include "io/responses.h"
#include "io/session.h"
#include "io/transport.h"

#define NETWORKS 4096 /* counters of handshakes by network; a keyed hash picks */
#define EXPIRE_MOST 64
#define TIMER_COARSE_NS (20 * LK_NS_PER_MS)

struct lk_dtls_peer {
    struct lk_burst burst;
    uint8_t random[LK_HELLO_RANDOM_BYTES]; /* of its ClientHello */
    uint32_t network;                      /* its counter */
    uint32_t records, early_records;       /* heard before the handshake was done */
    bool shaking;                          /* counted in the budget */
};

struct lk_dtls {
    struct lk_datagram datagram; /* first: put_datagram finds the rest from it */
    struct lk_burst *burst;      /* where it writes to */
    struct lk_hello hello;
    struct lk_paths paths;
    struct lk_responses *responses;
    struct lk_dtls_peer *peer; /* [conn_max] */
    uint32_t shaking;
    uint16_t network[NETWORKS];
    uint8_t plain[SSL3_RT_MAX_PLAIN_LENGTH];
};

/* --- start and stop --------------------------------------------------------------------------- */

static bool put_datagram(struct lk_datagram *datagram, struct lk_bytes bytes)
{
    struct lk_dtls *d = (struct lk_dtls *)datagram;
    return lk_burst_add(d->burst, bytes);
}

static void dtls_stop(struct lk_peers *peers)
{
    struct lk_dtls *d = peers->dtls;
    if (d == NULL) return;
    lk_hello_close(&d->hello);
    lk_responses_close(d->responses);
    lk_paths_fini(&d->paths);
    lk_datagram_close(&d->datagram);
    free(d->peer);
    lk_wipe(d, sizeof *d);
    free(d);
    peers->dtls = NULL;
}

static lk_err open_parts(struct lk_dtls *d, const struct lk_peers *peers)
{
    struct lk_siphash_key keys[2];
    LK_REQUIRE(RAND_bytes((unsigned char *)keys, sizeof keys) == 1, LK_ERR_CRYPTO);
    d->peer = calloc(peers->conn_max, sizeof *d->peer);
    LK_REQUIRE(d->peer != NULL, LK_ERR_MEMORY);
    LK_TRY(lk_datagram_open(&d->datagram, put_datagram));
    LK_TRY(lk_paths_init(&d->paths, peers->conn_max, &keys[0]));
    LK_TRY(lk_hello_open(&d->hello, &d->datagram, peers->now_ns));
    lk_datagram_path(&d->datagram, peers->view->conf->dtls_mtu);
    struct lk_responses_conf conf = {
        .entries = LK_RESPONSES_KEPT_PER_LOOP,
        .body_bytes = d->datagram.path_bytes,
        .kept_ns = LK_RESPONSES_KEPT_MS * LK_NS_PER_MS,
        .key = keys[1],
    };
    lk_err err = lk_responses_open(&conf, &d->responses);
    if (err == LK_OK) return LK_OK;
    lk_log(LK_LOG_ERROR,
           "the memory for kept answers cannot be locked: raise RLIMIT_MEMLOCK "
           "(LimitMEMLOCK of the unit)",
           LK_F_U64("bytes_each_loop", lk_responses_bytes(&conf)),
           LK_F_STR("error", lk_err_name(err)));
    return LK_ERR_MEMORY;
}

static lk_err dtls_start(struct lk_peers *peers)
{
    struct lk_dtls *d = calloc(1, sizeof *d);
    LK_REQUIRE(d != NULL, LK_ERR_MEMORY);
    peers->dtls = d;
    lk_err err = open_parts(d, peers);
    if (err != LK_OK) dtls_stop(peers);
    return err;
}

/* --- the budget of handshakes ----------------------------------------------------------------- */

static bool has_budget(const struct lk_dtls *d, uint32_t network)
{
    return d->shaking < LK_HANDSHAKES_PER_LOOP_MAX &&
           d->network[network] < LK_HANDSHAKES_PER_NETWORK_MAX;
}

static void enter_budget(struct lk_dtls *d, struct lk_dtls_peer *peer)
{
    peer->shaking = true;
    d->shaking++;
    d->network[peer->network]++;
}

static void leave_budget(struct lk_dtls *d, struct lk_dtls_peer *peer)
{
    if (!peer->shaking) return;
    peer->shaking = false;
    d->shaking--;
    d->network[peer->network]--;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Whose datagrams the next call into OpenSSL reads and writes. */
static void aim(struct lk_conn *conn, struct lk_bytes in)
{
    struct lk_dtls *d = conn->peers->dtls;
    d->burst = &conn->dtls->burst;
    d->datagram.in = in;
    lk_session_errors_forget();
}

/* What OpenSSL wrote, an alert, is all the peer still gets. */
static void end_without_bye(struct lk_conn *conn)
{
    lk_burst_send(&conn->dtls->burst);
    conn->said_bye = true;
    lk_conn_close(conn);
}

static void write_message(struct lk_conn *conn, struct lk_bytes message)
{
    aim(conn, lk_bytes_of(NULL, 0));
    if (SSL_write(conn->ssl, message.data, (int)message.len) == (int)message.len) {
        lk_count(conn->peers->counters, LK_C_RECORDS_OUT, 1);
        lk_conn_touch(conn);
        return;
    }
    lk_session_errors_forget();
    end_without_bye(conn);
}

static void dtls_answer(struct lk_conn *conn, const struct lk_answer *answer)
{
    struct lk_dtls *d = conn->peers->dtls;
    uint8_t message[LK_DATAGRAM_BYTES_MAX];
    struct lk_writer w = lk_writer_of(message, sizeof message);
    lk_header_write(&w, &answer->header);
    lk_writer_put(&w, answer->payload.data, answer->payload.len);
    LK_ASSERT(!w.bad && w.len <= conn->answer_bytes_max);
    struct lk_bytes bytes = lk_bytes_of(message, w.len);
    if (answer->keep)
        lk_responses_keep(d->responses, answer->tag, bytes, conn->peers->now_ns);
    else
        lk_responses_drop(d->responses, answer->tag);
    write_message(conn, bytes);
    lk_wipe(message, w.len);
}

static void dtls_flush(struct lk_conn *conn)
{
    lk_burst_send(&conn->dtls->burst);
}

static void dtls_bye(struct lk_conn *conn)
{
    aim(conn, lk_bytes_of(NULL, 0));
    SSL_shutdown(conn->ssl);
    lk_session_errors_forget();
    lk_burst_send(&conn->dtls->burst);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void deliver(struct lk_conn *conn, struct lk_bytes message)
{
    struct lk_peers *peers = conn->peers;
    if (message.len < LK_HEADER_BYTES) {
        lk_intake_message(conn, message, 0); /* drops and counts it */
        return;
    }
    uint64_t association = (uint64_t)conn->generation << 32 | conn->index;
    struct lk_repeat_look look = lk_responses_look(peers->dtls->responses, association, message,
                                                   peers->now_ns);
    if (look.found == LK_REPEAT_NEW) {
        lk_intake_message(conn, message, look.ticket);
    } else if (look.found == LK_REPEAT_KEPT) {
        lk_count(peers->counters, LK_C_CACHE_HITS, 1);
        write_message(conn, look.kept);
    } else {
        lk_count(peers->counters, LK_C_DROPPED_REPEAT, 1);
    }
}

/* A record that does not decrypt is no error: OpenSSL drops it and wants the next. */
static void settle(struct lk_conn *conn, int r)
{
    int error = SSL_get_error(conn->ssl, r);
    lk_session_errors_forget();
    if (error == SSL_ERROR_WANT_READ) return;
    if (error == SSL_ERROR_ZERO_RETURN)
        lk_conn_close(conn);
    else
        end_without_bye(conn);
}

/* Each record of the datagram in hand. Only what decrypts keeps an association alive. */
static void read_all(struct lk_conn *conn)
{
    struct lk_dtls *d = conn->peers->dtls;
    int longest = 0;
    while (conn->state == LK_CONN_OPEN) {
        lk_session_errors_forget();
        int n = SSL_read(conn->ssl, d->plain, sizeof d->plain);
        if (n <= 0) {
            settle(conn, n);
            break;
        }
        if (n > longest) longest = n;
        conn->heard_ns = conn->peers->now_ns;
        deliver(conn, lk_bytes_of(d->plain, (size_t)n));
    }
    lk_wipe(d->plain, (size_t)longest);
    if (conn->dtls->burst.out != NULL) lk_conn_touch(conn);
}

/* --- the handshake ---------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t handshake_end_ns(const struct lk_conn *conn)
{
    return conn->opened_ns + conn->peers->view->conf->handshake_ms * LK_NS_PER_MS;
}

/* When OpenSSL wants to send its flight again, or the handshake is over. */
static void schedule_flight(struct lk_conn *conn)
{
    uint64_t at = handshake_end_ns(conn);
    struct timeval left;
    if (DTLSv1_get_timeout(conn->ssl, &left) == 1) {
        uint64_t left_ns = (uint64_t)left.tv_sec * LK_NS_PER_S +
                           (uint64_t)left.tv_usec * LK_NS_PER_US;
        at = earlier(at, conn->peers->now_ns + (left_ns > 0 ? left_ns : TIMER_COARSE_NS));
    }
    lk_conn_due(conn, at);
}

static void schedule_idle(struct lk_conn *conn)
{
    lk_conn_due(conn, conn->heard_ns + conn->peers->view->conf->idle_s * LK_NS_PER_S);
}

static void refuse(struct lk_conn *conn, enum lk_counter counter, const char *why)
{
    lk_count(conn->peers->counters, counter, 1);
    lk_conn_note(conn, "handshake refused", why);
    lk_burst_send(&conn->dtls->burst);
    lk_conn_drop(conn);
}

static void prove(struct lk_conn *conn)
{
    char identity[LK_IDENTITY_TEXT_BYTES];
    leave_budget(conn->peers->dtls, conn->dtls);
    conn->answer_bytes_max = (uint32_t)DTLS_get_data_mtu(conn->ssl);
    if (!lk_session_identity(conn->ssl, identity)) {
        lk_count(conn->peers->counters, LK_C_HANDSHAKES_UNKNOWN_EDGE, 1);
        lk_conn_note(conn, "handshake refused",
                     "the certificate holds no URI or DNS name to know the edge by");
        lk_conn_close(conn);
    } else if (lk_conn_proved(conn, identity)) {
        schedule_idle(conn);
    } else {
        lk_conn_close(conn);
    }
}

static void shake(struct lk_conn *conn)
{
    lk_session_errors_forget();
    int r = SSL_do_handshake(conn->ssl);
    if (r != 1 && SSL_get_error(conn->ssl, r) != SSL_ERROR_WANT_READ) {
        const char *why = NULL;
        enum lk_counter counter = lk_session_fault(conn->ssl, &why);
        refuse(conn, counter, why);
        return;
    }
    lk_burst_send(&conn->dtls->burst);
    if (r == 1)
        prove(conn);
    else
        schedule_flight(conn);
}

/* --- what OpenSSL gets to see ----------------------------------------------------------------- */

/* What protection adds to a record: of GCM a nonce and the tag, of ChaCha20 the tag alone
 * (io/session.c, CIPHERS_TLS12). */
static size_t protection_bytes(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(ssl); /* chosen with the ServerHello */
    bool nonce = cipher == NULL || SSL_CIPHER_get_cipher_nid(cipher) != NID_chacha20_poly1305;
    return nonce ? EVP_GCM_TLS_EXPLICIT_IV_LEN + EVP_GCM_TLS_TAG_LEN : EVP_CHACHAPOLY_TLS_TAG_LEN;
}

/* A peer may have asked for fragments of 512 to 4096 bytes (RFC 6066, 4). */
static size_t fragment_bytes(const SSL *ssl)
{
    const SSL_SESSION *session = SSL_get0_session(ssl);
    uint8_t code = session != NULL ? SSL_SESSION_get_max_fragment_length(session) : 0;
    bool asked = code >= TLSEXT_max_fragment_length_512 && code <= TLSEXT_max_fragment_length_4096;
    return asked ? (size_t)256 << code : SSL3_RT_MAX_PLAIN_LENGTH;
}

/* OpenSSL looks at the minor version of everything but alerts. */
static bool is_version(uint8_t type, uint16_t version)
{
    return version == DTLS1_2_VERSION ||
           (type == SSL3_RT_ALERT && version >> 8 == DTLS1_VERSION_MAJOR);
}

/* The records a datagram begins with that are formed as they must be. OpenSSL drops what does not
 * decrypt, but a protected record too short for nonce and tag is a fatal error to it: one datagram
 * in the name of a peer, of no key, would end the association. Where it refuses a header, for its
 * version or length, it takes the bytes after it for the next record, so such a one is the end of
 * what it gets to see. */
static struct lk_bytes sound_records(const SSL *ssl, struct lk_bytes datagram)
{
    size_t least = protection_bytes(ssl), most = fragment_bytes(ssl) + least, sound = 0;
    struct lk_cursor c = lk_cursor_of(datagram);
    while (lk_cursor_left(&c) > 0) {
        uint8_t type = lk_cursor_u8(&c);
        uint16_t version = lk_cursor_u16(&c), epoch = lk_cursor_u16(&c);
        (void)lk_cursor_take(&c, 6); /* sequence number */
        struct lk_bytes body = lk_cursor_vec16(&c);
        if (c.bad || !is_version(type, version) || body.len > most) break;
        if (epoch != 0 && body.len < least) break;
        sound = datagram.len - lk_cursor_left(&c);
    }
    return lk_bytes_of(datagram.data, sound);
}

/* OpenSSL stores records of the next epoch and messages that came too early: few of them are
 * honest, and each may hold 16 KiB. Past the bounds the peer is not heard until its deadline. */
static bool may_feed(struct lk_dtls_peer *peer, struct lk_bytes bytes)
{
    struct lk_cursor c = lk_cursor_of(bytes);
    while (lk_cursor_left(&c) > 0 && !c.bad) {
        (void)lk_cursor_take(&c, 3); /* type, version */
        uint16_t epoch = lk_cursor_u16(&c);
        (void)lk_cursor_take(&c, 6); /* sequence number */
        (void)lk_cursor_vec16(&c);
        peer->records++;
        if (epoch != 0) peer->early_records++;
    }
    return peer->records <= LK_HANDSHAKE_RECORDS_MAX &&
           peer->early_records <= LK_HANDSHAKE_EARLY_RECORDS_MAX;
}

static void feed(struct lk_conn *conn, struct lk_bytes datagram)
{
    struct lk_bytes bytes = sound_records(conn->ssl, datagram);
    if (bytes.len < datagram.len) lk_count(conn->peers->counters, LK_C_DROPPED_MALFORMED, 1);
    if (bytes.len == 0) return;
    if (conn->state == LK_CONN_HANDSHAKE) {
        if (!may_feed(conn->dtls, bytes)) return;
        aim(conn, bytes);
        shake(conn);
    } else {
        aim(conn, bytes);
    }
    if (conn->state == LK_CONN_OPEN) read_all(conn);
    conn->peers->dtls->datagram.in = lk_bytes_of(NULL, 0);
}

/* --- strangers -------------------------------------------------------------------------------- */

/* Its cookie holds: make the association, in place of an older one from the same address. */
static void admit(struct lk_peers *peers, SSL *ssl, const struct lk_burst *from,
                  struct lk_conn *older, const uint8_t *random)
{
    struct lk_dtls *d = peers->dtls;
    uint32_t network = (uint32_t)lk_paths_network(&d->paths, from->to) % NETWORKS;
    struct lk_conn *conn = NULL;
    if (has_budget(d, network)) conn = lk_conn_take(peers, &lk_transport_dtls, from->to);
    if (conn == NULL) {
        lk_count(peers->counters, LK_C_DROPPED_HANDSHAKE, 1);
        SSL_free(ssl);
        return;
    }
    if (older != NULL) lk_conn_drop(older);
    conn->ssl = ssl;
    conn->fd = from->fd;
    conn->dtls = &d->peer[conn->index];
    *conn->dtls = (struct lk_dtls_peer){
        .burst = {.peers = peers, .to = &conn->address, .fd = from->fd}, .network = network};
    memcpy(conn->dtls->random, random, sizeof conn->dtls->random);
    lk_paths_add(&d->paths, conn->index, conn->fd, &conn->address);
    enter_budget(d, conn->dtls);
    aim(conn, lk_bytes_of(NULL, 0));
    shake(conn);
}

static void hear_stranger(struct lk_peers *peers, struct lk_burst *from, struct lk_bytes bytes,
                          struct lk_conn *older, const uint8_t *random)
{
    struct lk_dtls *d = peers->dtls;
    if (peers->draining) return;
    SSL *ssl = NULL;
    d->burst = from;
    lk_datagram_path(&d->datagram, peers->view->conf->dtls_mtu);
    enum lk_hello_verdict verdict = lk_hello_hear(&d->hello, peers->view->dtls, from->to, bytes,
                                                  peers->now_ns, &ssl);
    lk_burst_send(from);
    if (verdict == LK_HELLO_ASKED) lk_count(peers->counters, LK_C_COOKIES_SENT, 1);
    if (verdict == LK_HELLO_PROVED) admit(peers, ssl, from, older, random);
}

/* A ClientHello with the random of the association it came for is a repeat; any other is a peer
 * that began anew, and has to show a cookie before the association it had is given up. */
static void dtls_heard(struct lk_peers *peers, int fd, const struct lk_address *from,
                       struct lk_bytes bytes)
{
    struct lk_dtls *d = peers->dtls;
    uint32_t index = lk_paths_find(&d->paths, fd, from);
    struct lk_conn *conn = index != LK_PATH_NONE ? &peers->conn[index] : NULL;
    const uint8_t *random = lk_hello_random(bytes);
    bool repeat = conn != NULL && random != NULL &&
                  memcmp(random, conn->dtls->random, sizeof conn->dtls->random) == 0;
    if (random != NULL && !repeat) {
        struct lk_burst burst = {.peers = peers, .to = from, .fd = fd};
        hear_stranger(peers, &burst, bytes, conn, random);
    } else if (conn != NULL) {
        feed(conn, bytes);
    } else {
        lk_count(peers->counters, LK_C_DROPPED_STRANGE, 1);
    }
}

/* --- time and end ----------------------------------------------------------------------------- */

static void due_handshake(struct lk_conn *conn)
{
    if (conn->peers->now_ns >= handshake_end_ns(conn)) {
        refuse(conn, LK_C_HANDSHAKES_TIMEOUT, "it took too long");
        return;
    }
    aim(conn, lk_bytes_of(NULL, 0));
    if (DTLSv1_handle_timeout(conn->ssl) < 0) {
        lk_session_errors_forget();
        refuse(conn, LK_C_HANDSHAKES_OTHER, "the peer does not answer");
        return;
    }
    lk_burst_send(&conn->dtls->burst);
    schedule_flight(conn);
}

static void dtls_due(struct lk_conn *conn)
{
    uint64_t idle_ns = conn->peers->view->conf->idle_s * LK_NS_PER_S;
    if (conn->state == LK_CONN_HANDSHAKE)
        due_handshake(conn);
    else if (conn->state != LK_CONN_OPEN)
        lk_conn_drop(conn);
    else if (conn->peers->now_ns - conn->heard_ns >= idle_ns)
        lk_conn_close(conn);
    else
        schedule_idle(conn);
}

static void dtls_sweep(struct lk_peers *peers)
{
    lk_responses_expire(peers->dtls->responses, peers->now_ns, EXPIRE_MOST);
}

static void dtls_fini(struct lk_conn *conn)
{
    struct lk_dtls *d = conn->peers->dtls;
    leave_budget(d, conn->dtls);
    lk_burst_forget(&conn->dtls->burst);
    lk_paths_remove(&d->paths, conn->index);
    SSL_free(conn->ssl);
    conn->ssl = NULL;
    LK_WIPE(*conn->dtls);
    conn->dtls = NULL;
}

const struct lk_transport lk_transport_dtls = {
    .name = "dtls",
    .id = LK_TRANSPORT_DTLS,
    .datagrams = true,
    .start = dtls_start,
    .stop = dtls_stop,
    .heard = dtls_heard,
    .answer = dtls_answer,
    .flush = dtls_flush,
    .due = dtls_due,
    .bye = dtls_bye,
    .fini = dtls_fini,
    .sweep = dtls_sweep,
};
