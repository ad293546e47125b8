#include "io/conn.h"

#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "crypto/hash.h"
#include "io/session.h"
#include "io/transport.h"

#define LOG_PER_S 10
#define FULL_LOGGED_PER_S 1

/* --- the table ------------------------------------------------------------------------------ */

lk_err lk_peers_init(struct lk_peers *peers, const struct lk_view *view,
                     struct lk_counters *counters, uint32_t conn_max)
{
    *peers = (struct lk_peers){.view = view, .counters = counters, .conn_max = conn_max};
    peers->conn = calloc(conn_max, sizeof *peers->conn);
    peers->due_ns = calloc(conn_max, sizeof *peers->due_ns);
    peers->free = calloc(conn_max, sizeof *peers->free);
    peers->touched = calloc(conn_max, sizeof *peers->touched);
    peers->gone = calloc(conn_max, sizeof *peers->gone);
    lk_share_init(&peers->share, conn_max);
    lk_err err = LK_ERR_CRYPTO;
    if (RAND_bytes((unsigned char *)&peers->network_key, sizeof peers->network_key) != 1)
        goto failed;
    err = LK_ERR_MEMORY;
    if (peers->conn == NULL || peers->due_ns == NULL || peers->free == NULL ||
        peers->touched == NULL || peers->gone == NULL)
        goto failed;
    if ((err = lk_out_pool_init(&peers->outs, LK_OUTS_PER_LOOP)) != LK_OK) goto failed;
    if ((err = lk_part_pool_init(&peers->parts)) != LK_OK) goto failed;
    for (uint32_t i = 0; i < conn_max; i++) {
        peers->conn[i] = (struct lk_conn){.peers = peers, .index = i, .fd = -1};
        peers->due_ns[i] = LK_TIME_NEVER;
        peers->free[i] = conn_max - 1 - i;
    }
    return LK_OK;
failed:
    lk_peers_fini(peers);
    return err;
}

void lk_peers_fini(struct lk_peers *peers)
{
    lk_part_pool_fini(&peers->parts);
    lk_out_pool_fini(&peers->outs);
    free(peers->gone);
    free(peers->touched);
    free(peers->free);
    free(peers->due_ns);
    free(peers->conn);
    *peers = (struct lk_peers){0};
}

static void turn_away(struct lk_peers *peers, const struct lk_transport *transport,
                      const struct lk_address *from)
{
    uint32_t left_out = 0;
    lk_count(peers->counters, LK_C_CONNS_REFUSED, 1);
    if (!lk_log_may(&peers->log_full, FULL_LOGGED_PER_S, peers->now_ns, &left_out)) return;
    char address[LK_ADDRESS_TEXT_BYTES];
    lk_address_text(from, address);
    lk_log(LK_LOG_WARNING, "a newcomer is turned away: no room for more peers",
           LK_F_STR("transport", transport->name), LK_F_STR("address", address),
           LK_F_U64("peers", peers->conn_max), LK_F_STR("option", "limits.conns_per_loop"),
           LK_F_U64("left_out", left_out));
}

/* The counter of the address of a stream: IPv4 whole, IPv6 by /64. */
static uint16_t network_of(const struct lk_peers *peers, const struct lk_address *address)
{
    const struct sockaddr_in6 *in6 = &address->peer.in6;
    const void *ip = &in6->sin6_addr;
    size_t len = 8;
    if (address->peer.sa.sa_family == AF_INET) {
        ip = &address->peer.in.sin_addr;
        len = sizeof address->peer.in.sin_addr;
    } else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        len = sizeof in6->sin6_addr;
    }
    return (uint16_t)(lk_siphash(&peers->network_key, ip, len) % LK_STREAM_NETWORKS);
}

/* Who has proved nothing, all together, holds no more places than are free; one network half of
 * that. */
static bool may_shake(const struct lk_peers *peers, uint16_t network)
{
    uint32_t free = peers->conn_max - peers->conn_count;
    return peers->shaking <= free && 2 * peers->shaking_of[network] <= free;
}

static void shaken(struct lk_conn *conn)
{
    if (!conn->shaking) return;
    conn->shaking = false;
    conn->peers->shaking--;
    conn->peers->shaking_of[conn->network]--;
}

struct lk_conn *lk_conn_take(struct lk_peers *peers, const struct lk_transport *transport,
                             const struct lk_address *address)
{
    if (peers->draining) return NULL;
    bool stream = !transport->datagrams; /* those have a budget of their own, behind a cookie */
    uint16_t network = stream ? network_of(peers, address) : 0;
    if (peers->conn_count == peers->conn_max || (stream && !may_shake(peers, network))) {
        turn_away(peers, transport, address);
        return NULL;
    }
    uint32_t index = peers->free[peers->conn_max - 1 - peers->conn_count];
    peers->conn_count++;
    struct lk_conn *conn = &peers->conn[index];
    *conn = (struct lk_conn){
        .peers = peers,
        .transport = transport,
        .index = index,
        .generation = conn->generation + 1,
        .state = LK_CONN_HANDSHAKE,
        .view_generation = peers->view->generation,
        .address = *address,
        .fd = -1,
        .shaking = stream,
        .network = network,
        .owner = LK_SHARE_NOBODY,
        .answer_bytes_max = LK_MESSAGE_BYTES_MAX,
        .opened_ns = peers->now_ns,
        .heard_ns = peers->now_ns,
    };
    lk_share_take(&peers->share, LK_SHARE_NOBODY);
    if (stream) {
        peers->shaking++;
        peers->shaking_of[network]++;
    }
    lk_conn_due(conn, peers->now_ns + peers->view->conf->handshake_ms * LK_NS_PER_MS);
    lk_count(peers->counters, LK_C_CONNS_OPENED, 1);
    return conn;
}

struct lk_conn *lk_conn_find(struct lk_peers *peers, uint32_t index, uint32_t generation)
{
    if (index >= peers->conn_max) return NULL;
    struct lk_conn *conn = &peers->conn[index];
    bool there = conn->state != LK_CONN_FREE && conn->state != LK_CONN_GONE;
    return there && conn->generation == generation ? conn : NULL;
}

void lk_conn_touch(struct lk_conn *conn)
{
    if (conn->touched) return;
    conn->touched = true;
    conn->peers->touched[conn->peers->touched_count++] = conn->index;
}

void lk_conn_due(struct lk_conn *conn, uint64_t at_ns)
{
    conn->peers->due_ns[conn->index] = at_ns;
}

/* --- who it is ------------------------------------------------------------------------------ */

static void note(struct lk_conn *conn, enum lk_log_level level, const char *message,
                 const char *why)
{
    struct lk_peers *peers = conn->peers;
    uint32_t left_out = 0;
    if (!lk_log_may(&peers->log_handshake, LOG_PER_S, peers->now_ns, &left_out)) return;
    char address[LK_ADDRESS_TEXT_BYTES];
    lk_address_text(&conn->address, address);
    /* The edge of an older view may be gone. */
    bool known = conn->edge != NULL && conn->view_generation == peers->view->generation;
    lk_log(level, message, LK_F_STR("transport", conn->transport->name),
           LK_F_STR("address", address),
           LK_F_STR("identity", conn->identity != NULL ? conn->identity : ""),
           LK_F_STR("edge", known ? conn->edge->name : ""), LK_F_STR("why", why),
           LK_F_U64("left_out", left_out));
}

void lk_conn_note(struct lk_conn *conn, const char *message, const char *why)
{
    note(conn, LK_LOG_NOTICE, message, why);
}

/* As the vault's novelty table knows the peer: struct lk_slot, peer_hash. */
static uint64_t peer_hash(uint32_t tenant, const char *identity)
{
    uint8_t number[4] = {(uint8_t)(tenant >> 24), (uint8_t)(tenant >> 16), (uint8_t)(tenant >> 8),
                         (uint8_t)tenant};
    struct lk_piece pieces[] = {{number, sizeof number}, {identity, strlen(identity)}};
    uint8_t digest[LK_SHA256_BYTES];
    lk_hash_pieces(LK_SHA256, pieces, 2, digest);
    uint64_t hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

static void own(struct lk_conn *conn, uint16_t owner)
{
    lk_share_give(&conn->peers->share, conn->owner);
    lk_share_take(&conn->peers->share, owner);
    conn->owner = owner;
}

/* Its own place counts among the free ones, or nobody would get the last. */
static bool has_share(const struct lk_conn *conn)
{
    struct lk_share *share = &conn->peers->share;
    lk_share_give(share, conn->owner);
    bool open = lk_share_judge(share, conn->owner, 0, false) == LK_SHARE_OPEN;
    lk_share_take(share, conn->owner);
    return open;
}

static bool find_edge(struct lk_conn *conn)
{
    const struct lk_view *view = conn->peers->view;
    conn->view_generation = view->generation;
    conn->edge = lk_policy_edge(view->policy, conn->identity);
    if (conn->edge == NULL) return false;
    own(conn, view->conf->tenant_count > 1 ? (uint16_t)conn->edge->tenant : LK_SHARE_NOBODY);
    conn->peer_hash = peer_hash(conn->edge->tenant, conn->identity);
    return true;
}

bool lk_conn_proved(struct lk_conn *conn, const char *identity)
{
    struct lk_peers *peers = conn->peers;
    uint64_t began_under = conn->view_generation;
    conn->good_until_s = conn->ssl != NULL ? lk_session_good_until(conn->ssl) : INT64_MAX;
    conn->identity = strdup(identity);
    if (conn->identity == NULL || !find_edge(conn)) {
        lk_count(peers->counters, LK_C_HANDSHAKES_UNKNOWN_EDGE, 1);
        note(conn, LK_LOG_NOTICE, "handshake refused",
             "no edge of the configuration has this identity");
        return false;
    }
    if (!has_share(conn)) {
        lk_count(peers->counters, LK_C_HANDSHAKES_OTHER, 1);
        note(conn, LK_LOG_NOTICE, "handshake refused", "its tenant holds too many connections");
        return false;
    }
    shaken(conn);
    conn->state = LK_CONN_OPEN;
    conn->heard_ns = peers->now_ns;
    lk_count(peers->counters, LK_C_HANDSHAKES_GOOD, 1);
    note(conn, LK_LOG_INFO, "edge connected", "");
    conn->view_generation = began_under; /* its certificate was checked under that one */
    return lk_conn_edge(conn) != NULL;
}

const struct lk_edge *lk_conn_edge(struct lk_conn *conn)
{
    const struct lk_view *view = conn->peers->view;
    if (conn->view_generation == view->generation && conn->peers->now_unix_s <= conn->good_until_s)
        return conn->edge;
    const char *why = NULL;
    if (!find_edge(conn))
        why = "no edge of the new configuration has this identity";
    else if (conn->ssl != NULL &&
             !lk_session_still_good(conn->ssl, conn->transport->datagrams ? view->dtls : view->tls,
                                    conn->peers->now_unix_s))
        why = "the certificate does not pass any more";
    if (why == NULL) return conn->edge;
    conn->edge = NULL;
    note(conn, LK_LOG_NOTICE, "edge closed", why);
    lk_conn_close(conn);
    return NULL;
}

/* --- the end -------------------------------------------------------------------------------- */

#define CLOSING_MS 2000 /* a peer that does not read its last answers is not waited for longer */

void lk_conn_close(struct lk_conn *conn)
{
    if (conn->state != LK_CONN_OPEN && conn->state != LK_CONN_HANDSHAKE) return;
    conn->state = LK_CONN_CLOSING;
    lk_conn_due(conn, conn->peers->now_ns + CLOSING_MS * LK_NS_PER_MS);
    lk_conn_touch(conn);
}

static void release_chain(struct lk_peers *peers, struct lk_out *out)
{
    while (out != NULL) {
        struct lk_out *next = out->next;
        lk_out_release_wiped(&peers->outs, out);
        out = next;
    }
}

/* The chunk that the kernel is sending stays until its completion. */
static void release_output(struct lk_conn *conn)
{
    release_chain(conn->peers, conn->plain_first);
    conn->plain_first = conn->plain_last = NULL;
    struct lk_out *kept = conn->sending ? conn->out_first : NULL;
    release_chain(conn->peers, kept != NULL ? kept->next : conn->out_first);
    if (kept != NULL) kept->next = NULL;
    conn->out_first = conn->out_last = kept;
    conn->pending_bytes = 0;
}

void lk_conn_drop(struct lk_conn *conn)
{
    if (conn->state == LK_CONN_FREE || conn->state == LK_CONN_GONE) return;
    struct lk_peers *peers = conn->peers;
    conn->transport->fini(conn);
    shaken(conn);
    release_output(conn);
    if (conn->part != NULL) lk_part_release(&peers->parts, conn->part);
    conn->part = NULL;
    free(conn->identity);
    conn->identity = NULL;
    conn->edge = NULL;
    conn->state = LK_CONN_GONE;
    lk_conn_due(conn, LK_TIME_NEVER);
    peers->gone[peers->gone_count++] = conn->index;
    lk_count(peers->counters, LK_C_CONNS_CLOSED, 1);
}

void lk_conn_release(struct lk_conn *conn)
{
    struct lk_peers *peers = conn->peers;
    LK_ASSERT(conn->state == LK_CONN_GONE && !conn->recv_armed && !conn->sending);
    release_chain(peers, conn->out_first);
    conn->out_first = conn->out_last = NULL;
    conn->state = LK_CONN_FREE;
    conn->fd = -1;
    lk_share_give(&peers->share, conn->owner);
    peers->conn_count--;
    peers->free[peers->conn_max - 1 - peers->conn_count] = conn->index;
}

/* --- output --------------------------------------------------------------------------------- */

/* A peer may hold its cap, but only two chunks while the pool is more than half used: many slow
 * readers together do not take the output of the others. */
static struct lk_out *next_chunk(struct lk_conn *conn)
{
    struct lk_out_pool *pool = &conn->peers->outs;
    if (pool->used > pool->count / 2 && conn->pending_bytes > 2 * LK_OUT_BYTES) return NULL;
    struct lk_out *out = lk_out_take(pool, conn->owner);
    if (out == NULL) return NULL;
    return out;
}

/* May this chunk take more? Not one that the kernel is reading. */
static bool has_room(const struct lk_conn *conn, const struct lk_out *out, size_t bytes_max)
{
    return out != NULL && out->len < bytes_max && !(conn->sending && out == conn->out_first);
}

/* Chunks of one kind, bytes_max each. `above`: what may be pending above the cap, a record beside
 * the plain text it is made of. By address: a struct that is put together on the stack is read
 * sooner than its stores are done. */
struct chain {
    struct lk_out **first, **last;
    size_t bytes_max, above;
};

static bool append(struct lk_conn *conn, const struct chain *chain, const uint8_t *data, size_t len)
{
    size_t cap = conn->peers->view->conf->output_bytes_per_peer + chain->above;
    if (conn->pending_bytes + len > cap) return false;
    conn->pending_bytes += (uint32_t)len;
    while (len > 0) {
        struct lk_out *out = *chain->last;
        if (!has_room(conn, out, chain->bytes_max)) {
            out = next_chunk(conn);
            if (out == NULL) return false;
            if (*chain->last != NULL)
                (*chain->last)->next = out;
            else
                *chain->first = out;
            *chain->last = out;
        }
        size_t n = chain->bytes_max - out->len;
        if (n > len) n = len;
        memcpy(out->data + out->len, data, n);
        out->len += (uint32_t)n;
        data += n;
        len -= n;
    }
    return true;
}

bool lk_conn_write(struct lk_conn *conn, const void *data, size_t len)
{
    return append(conn,
                  &(struct chain){&conn->out_first, &conn->out_last, LK_OUT_BYTES, LK_OUT_BYTES},
                  data, len);
}

bool lk_conn_pend(struct lk_conn *conn, const void *data, size_t len)
{
    return append(conn,
                  &(struct chain){&conn->plain_first, &conn->plain_last, LK_OUT_PLAIN_BYTES, 0},
                  data, len);
}

struct lk_out *lk_conn_plain(struct lk_conn *conn)
{
    return conn->plain_first;
}

static void pop_chunk(struct lk_conn *conn, struct lk_out **first, struct lk_out **last)
{
    struct lk_out *out = *first;
    *first = out->next;
    if (*first == NULL) *last = NULL;
    LK_ASSERT(conn->pending_bytes >= out->len);
    conn->pending_bytes -= out->len;
    lk_out_release_wiped(&conn->peers->outs, out);
}

void lk_conn_plain_done(struct lk_conn *conn)
{
    pop_chunk(conn, &conn->plain_first, &conn->plain_last);
}

void lk_conn_sent(struct lk_conn *conn)
{
    if (conn->state == LK_CONN_GONE) return;
    pop_chunk(conn, &conn->out_first, &conn->out_last);
}

void lk_peers_send(struct lk_peers *peers, struct lk_out *out)
{
    out->next = NULL;
    if (peers->datagrams_last != NULL)
        peers->datagrams_last->next = out;
    else
        peers->datagrams_first = out;
    peers->datagrams_last = out;
}

/* --- the end of a turn ---------------------------------------------------------------------- */

static void flush(struct lk_conn *conn)
{
    conn->touched = false;
    if (conn->state != LK_CONN_OPEN && conn->state != LK_CONN_CLOSING) return;
    conn->transport->flush(conn);
    if (conn->state != LK_CONN_CLOSING || conn->plain_first != NULL) return;
    if (!conn->said_bye) {
        conn->said_bye = true;
        conn->transport->bye(conn);
    }
    if (conn->transport->datagrams) lk_conn_drop(conn);
}

void lk_peers_flush(struct lk_peers *peers)
{
    for (uint32_t i = 0; i < peers->touched_count; i++)
        flush(&peers->conn[peers->touched[i]]);
}

void lk_peers_expire(struct lk_peers *peers)
{
    for (uint32_t i = 0; i < peers->conn_max; i++) {
        if (peers->due_ns[i] > peers->now_ns) continue;
        peers->due_ns[i] = LK_TIME_NEVER;
        peers->conn[i].transport->due(&peers->conn[i]);
    }
}

bool lk_peers_judge(struct lk_peers *peers, uint32_t *next, uint32_t count)
{
    while (*next < peers->conn_max && count > 0) {
        struct lk_conn *conn = &peers->conn[(*next)++];
        if (conn->state != LK_CONN_OPEN || conn->view_generation == peers->view->generation)
            continue;
        lk_conn_edge(conn);
        count--;
    }
    return *next < peers->conn_max;
}

/* --- deadlines of streams ------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void lk_conn_stream_due(struct lk_conn *conn)
{
    const struct lk_conf *conf = conn->peers->view->conf;
    uint64_t now = conn->peers->now_ns, patience = conf->handshake_ms * LK_NS_PER_MS;
    if (conn->state == LK_CONN_HANDSHAKE) {
        lk_count(conn->peers->counters, LK_C_HANDSHAKES_TIMEOUT, 1);
        lk_conn_note(conn, "handshake refused", "it took too long");
    }
    if (conn->state != LK_CONN_OPEN) {
        lk_conn_drop(conn);
        return;
    }
    uint64_t due = conn->heard_ns + conf->idle_s * LK_NS_PER_S;
    if (conn->part != NULL || conn->head_len > 0)
        due = earlier(due, conn->part_since_ns + patience);
    if (conn->sending) due = earlier(due, conn->sending_since_ns + patience);
    if (due > now) {
        /* Looked at often enough that a part or a send that began meanwhile is seen in time. */
        lk_conn_due(conn, earlier(due, now + patience));
    } else if (conn->sending) {
        lk_conn_drop(conn);
    } else {
        lk_conn_close(conn);
    }
}
