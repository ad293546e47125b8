#include "tools/lurk-agent/fleet.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"

#define RETIRE_NS (10 * LK_NS_PER_S)
#define FIRST_PAUSE_MS 50
#define SOUND_NS LK_NS_PER_S        /* a connection that lasted so long is made anew at once */
#define RETIRED_PRIORITY UINT32_MAX /* asked when no other is up */

/* The token of a call says whether it is a ping. */
static char ping_token, request_token;

static struct lk_fleet_line *line_at(struct lk_fleet *f, uint16_t line)
{
    return &f->server[lk_line_server(line)].line[line % LK_AGENT_LINES_PER_SERVER_MAX];
}

void lk_fleet_init(struct lk_fleet *f, const struct lk_fleet_conf *conf, struct lk_broker *broker,
                   struct lk_desk *desk, struct lk_agent_metrics *metrics,
                   struct lk_watches *watches, uint64_t seed)
{
    *f = (struct lk_fleet){.conf = *conf,
                           .broker = broker,
                           .desk = desk,
                           .metrics = metrics,
                           .watches = watches,
                           .draw = seed | 1};
}

/* Three quarters to five quarters of ms, so that edges do not come back in step. */
static uint64_t jitter_ns(struct lk_fleet *f, uint32_t ms)
{
    f->draw = f->draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint64_t)ms * (LK_NS_PER_MS / 1024) * (768 + (f->draw >> 33) % 513);
}

/* --- logs ----------------------------------------------------------------------------------- */

static void log_line(struct lk_fleet *f, uint16_t line, enum lk_log_level level, const char *what,
                     const char *why)
{
    const struct lk_endpoint *at = &f->server[lk_line_server(line)].at;
    lk_log(level, what, LK_F_STR("server", at->name), LK_F_STR("address", at->address),
           LK_F_U64("port", at->port), LK_F_STR("why", why));
}

/* --- lines down and up ---------------------------------------------------------------------- */

static void unwatch(struct lk_fleet *f, struct lk_fleet_line *l)
{
    if (l->fd < 0) return;
    lk_watch_drop(f->watches, l->watch);
    l->fd = -1;
}

/* What is still in the transport belongs to a connection that is gone; the broker has moved it. */
static void drain_results(struct lk_fleet_line *l, uint64_t now_ns)
{
    struct lurk_result result = {.size = sizeof result};
    while (lurk_transport_take(l->transport, now_ns, &result))
        continue;
}

/* When to connect again: at once after a sound connection, else after a pause that doubles. */
static uint64_t next_open_ns(struct lk_fleet *f, struct lk_fleet_line *l, uint64_t now_ns)
{
    if (l->up && now_ns - l->up_since_ns >= SOUND_NS) {
        l->pause_ms = FIRST_PAUSE_MS;
        return now_ns;
    }
    uint64_t at_ns = now_ns + jitter_ns(f, l->pause_ms);
    l->pause_ms *= 2;
    if (l->pause_ms > f->conf.reconnect_max_ms) l->pause_ms = f->conf.reconnect_max_ms;
    return at_ns;
}

/* The line has no connection any more. */
static void line_lost(struct lk_fleet *f, uint16_t line, const char *why, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    uint32_t server = lk_line_server(line);
    bool was_up = l->up;
    bool first = was_up || l->pause_ms == FIRST_PAUSE_MS; /* in a row */
    log_line(f, line, first ? LK_LOG_WARNING : LK_LOG_DEBUG,
             was_up ? "connection to a key server lost" : "key server cannot be reached", why);
    unwatch(f, l);
    lurk_transport_close(l->transport);
    drain_results(l, now_ns);
    l->open_at_ns = next_open_ns(f, l, now_ns);
    l->up = false;
    l->ping_sent_ns = 0;
    if (!was_up) lk_agent_count(f->metrics, LK_A_CONNECT_FAILED);
    lk_broker_connecting(f->broker, server, was_up && l->open_at_ns == now_ns);
    lk_broker_line_down(f->broker, line, now_ns);
    lk_fleet_report(f, now_ns);
}

static void line_came_up(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    l->up = true;
    l->up_since_ns = now_ns;
    l->ping_at_ns = now_ns + jitter_ns(f, (uint32_t)(f->conf.ping_ns / LK_NS_PER_MS));
    lk_agent_count(f->metrics, LK_A_CONNECTED);
    log_line(f, line, LK_LOG_INFO, "connected to a key server", "");
    lk_broker_line_up(f->broker, line);
    lk_fleet_report(f, now_ns); /* who may ask from now on may ask how we are, too */
}

/* --- answers -------------------------------------------------------------------------------- */

static void take_answer(struct lk_fleet *f, uint16_t line, const struct lurk_result *result,
                        uint64_t now_ns)
{
    uint32_t errand;
    bool busy = result->outcome == LURK_ERR_BUSY;
    if (!busy && result->outcome != LURK_OK && result->outcome != LURK_ERR_REFUSED)
        return; /* no answer: the broker has the deadlines, and hears of a line that is down */
    enum lk_answered how = lk_broker_answer(
        f->broker, line, result->id, busy ? LK_VERDICT_BUSY : LK_VERDICT_FINAL, now_ns, &errand);
    if (how == LK_ANSWERED_STRANGE) lk_agent_count(f->metrics, LK_A_STRANGE);
    if (how != LK_ANSWERED_DONE) return;
    atomic_fetch_add(&f->metrics->server[lk_line_server(line)].answered, 1);
    lk_desk_answer(f->desk, errand,
                   lk_bytes_of(result->answer->message.data, result->answer->message.len), now_ns);
}

/* Any answer will do: the server is there, and speaks to us. */
static void take_ping(struct lk_fleet *f, uint16_t line, const struct lurk_result *result,
                      uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    if (result->answer == NULL) return;
    l->ping_sent_ns = 0;
    if (!l->up) line_came_up(f, line, now_ns);
}

static void take_results(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    struct lurk_result result = {.size = sizeof result};
    while (lurk_transport_take(l->transport, now_ns, &result)) {
        if (result.token == &ping_token)
            take_ping(f, line, &result, now_ns);
        else
            take_answer(f, line, &result, now_ns);
    }
}

/* --- events --------------------------------------------------------------------------------- */

static void on_line(void *owner, uint32_t line, uint32_t events, uint64_t now_ns);
static void ping(struct lk_fleet *f, uint16_t line, uint64_t now_ns);

static void watch(struct lk_fleet *f, uint16_t line)
{
    struct lk_fleet_line *l = line_at(f, line);
    int fd = lurk_transport_fd(l->transport);
    short wanted = lurk_transport_events(l->transport);
    uint32_t events = (wanted & POLLIN ? EPOLLIN : 0u) | (wanted & POLLOUT ? EPOLLOUT : 0u);
    if (fd != l->fd) unwatch(f, l);
    if (fd < 0) return;
    if (l->fd < 0) {
        l->watch = lk_watch_add(f->watches, fd, events, on_line, f, line);
        l->fd = l->watch != LK_WATCH_NONE ? fd : -1;
    } else if (events != l->events) {
        lk_watch_change(f->watches, l->watch, events);
    }
    l->events = events;
}

/* After whatever was done with the transport: results, changes of its state, its descriptor. */
static void settle(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    enum lurk_transport_state state = lurk_transport_state(l->transport);
    if (!l->up && state == LURK_OPEN && l->ping_sent_ns == 0) ping(f, line, now_ns);
    if (state == LURK_OPEN) take_results(f, line, now_ns);
    state = lurk_transport_state(l->transport); /* an answer may have ended it */
    if (state == LURK_DOWN) {
        if (l->up) lk_agent_count(f->metrics, LK_A_LOST_ERROR);
        line_lost(f, line, lurk_transport_text(l->transport), now_ns);
        return;
    }
    watch(f, line);
}

static void on_line(void *owner, uint32_t line, uint32_t events, uint64_t now_ns)
{
    struct lk_fleet *f = owner;
    (void)events;
    (void)lurk_transport_ready(line_at(f, (uint16_t)line)->transport, now_ns);
    settle(f, (uint16_t)line, now_ns);
}

static void open_line(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    l->open_at_ns = 0;
    if (lurk_transport_open(l->transport, now_ns) == LURK_OK)
        (void)lurk_transport_ready(l->transport, now_ns); /* the first flight */
    settle(f, line, now_ns);
}

/* --- sending -------------------------------------------------------------------------------- */

static int submit(struct lk_fleet *f, uint16_t line, struct lk_bytes message, uint64_t until_ns,
                  void *token, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    const struct lurk_submit call = {.size = sizeof call,
                                     .message = {message.data, message.len},
                                     .deadline_ns = until_ns,
                                     .token = token,
                                     .keep_id = token != &ping_token};
    uint64_t id;
    int err = lurk_transport_submit(l->transport, &call, now_ns, &id);
    if (err == LURK_OK && !l->dirty) {
        l->dirty = true;
        f->dirty[f->dirty_count++] = line;
    }
    return err;
}

void lk_fleet_send(struct lk_fleet *f, uint16_t line, uint32_t errand, uint64_t now_ns)
{
    const struct lk_errand *at = &f->broker->errand[errand];
    struct lurk_transport *transport = line_at(f, line)->transport;
    if (at->line_before == line) /* its first try is still in there */
        (void)lurk_transport_cancel(transport, at->wire_id);
    int err = submit(f, line, lk_desk_request(f->desk, errand), at->until_ns, &request_token,
                     now_ns);
    atomic_fetch_add(&f->metrics->server[lk_line_server(line)].sent, 1);
    if (err == LURK_OK) return;
    if (lurk_transport_state(transport) == LURK_OPEN) { /* this one request it cannot take */
        lk_broker_fail(f->broker, errand,
                       err == LURK_ERR_FULL ? LK_PACKET_FULL : LK_PACKET_MALFORMED);
        return;
    }
    lk_agent_count(f->metrics, LK_A_LOST_ERROR);
    line_lost(f, line, lurk_error_text(err), now_ns);
}

void lk_fleet_flush(struct lk_fleet *f, uint64_t now_ns)
{
    for (uint32_t i = 0; i < f->dirty_count; i++) {
        struct lk_fleet_line *l = line_at(f, f->dirty[i]);
        l->dirty = false;
        if (l->transport == NULL || l->open_at_ns != 0) continue;
        (void)lurk_transport_flush(l->transport, now_ns);
        settle(f, f->dirty[i], now_ns);
    }
    f->dirty_count = 0;
}

static uint64_t heard(const struct lk_fleet_line *l)
{
    struct lurk_counts counts = {.size = sizeof counts};
    lurk_client_counts(lurk_transport_client(l->transport), &counts);
    return counts.answered + counts.strays;
}

/* Its time is judged here, where what lies unread counts: as a call it has no end. */
static void ping(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    uint8_t message[LURK_HEADER_BYTES];
    size_t len;
    LK_ASSERT(lurk_ping_write(LURK_LURK, message, sizeof message, &len) == LURK_OK);
    l->ping_at_ns = now_ns + f->conf.ping_ns;
    l->ping_sent_ns = now_ns;
    l->heard = heard(l);
    (void)submit(f, line, lk_bytes_of(message, len), LURK_NEVER, &ping_token,
                 now_ns); /* what could not be sent is not answered */
}

/* --- endpoints ------------------------------------------------------------------------------ */

static bool same_place(const struct lk_endpoint *a, const struct lk_endpoint *b)
{
    return a->port == b->port && a->transport == b->transport &&
           strcmp(a->address, b->address) == 0 && strcmp(a->server_name, b->server_name) == 0;
}

static void close_line(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    if (l->transport == NULL) return;
    l->up = false;
    lk_broker_line_down(f->broker, line, now_ns);
    unwatch(f, l);
    lurk_transport_free(l->transport);
    *l = (struct lk_fleet_line){.fd = -1};
}

static void close_server(struct lk_fleet *f, uint32_t server, uint64_t now_ns)
{
    struct lk_fleet_server *s = &f->server[server];
    for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++)
        close_line(f, lk_line_of(server, i), now_ns);
    lk_agent_metrics_name(f->metrics, server, "");
    lk_broker_server_drop(f->broker, server);
    s->used = false;
    lk_fleet_report(f, now_ns);
}

void lk_fleet_fini(struct lk_fleet *f)
{
    for (uint32_t s = 0; s < LK_AGENT_SERVERS_MAX; s++)
        if (f->server[s].used) close_server(f, s, 0);
}

/* Lines by number up to `connections`; one that is too many goes. */
static void set_lines(struct lk_fleet *f, uint32_t server, uint64_t now_ns)
{
    struct lk_fleet_server *s = &f->server[server];
    for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++) {
        struct lk_fleet_line *l = &s->line[i];
        if (i >= f->conf.connections) close_line(f, lk_line_of(server, i), now_ns);
        if (i >= f->conf.connections || l->transport != NULL) continue;
        const struct lurk_transport_options options = {
            .size = sizeof options,
            .kind = s->at.transport == LK_AGENT_DTLS ? LURK_DTLS : LURK_TLS,
            .host = s->at.address,
            .port = s->at.port,
            .server_name = s->at.server_name,
            .identity = s->identity,
            .connect_ms = f->conf.connect_ms,
            .calls_max = 2 * LK_IN_FLIGHT_PER_PEER_MAX, /* those given up count until they expire */
            .queue_bytes_max = LK_AGENT_LINE_QUEUE_BYTES,
        };
        char text[256] = "";
        *l = (struct lk_fleet_line){.fd = -1, .pause_ms = FIRST_PAUSE_MS, .open_at_ns = now_ns};
        l->transport = lurk_transport_new(&options, text, sizeof text);
        if (l->transport == NULL)
            log_line(f, lk_line_of(server, i), LK_LOG_ERROR, "a connection cannot be set up", text);
    }
}

static uint32_t free_server(const struct lk_fleet *f)
{
    uint32_t s = 0;
    while (s < LK_AGENT_SERVERS_MAX && f->server[s].used)
        s++;
    return s;
}

static uint32_t find_server(const struct lk_fleet *f, const struct lk_endpoint *at)
{
    uint32_t s = 0;
    while (s < LK_AGENT_SERVERS_MAX &&
           !(f->server[s].used && f->server[s].identity == f->identity &&
             same_place(&f->server[s].at, at)))
        s++;
    return s;
}

/* False: no room. */
static bool want_one(struct lk_fleet *f, const struct lk_endpoint *at, uint64_t now_ns)
{
    uint32_t s = find_server(f, at);
    if (s == LK_AGENT_SERVERS_MAX) {
        s = free_server(f);
        if (s == LK_AGENT_SERVERS_MAX) return false;
        f->server[s] = (struct lk_fleet_server){.used = true, .identity = f->identity, .at = *at};
        for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++)
            f->server[s].line[i].fd = -1;
        lk_agent_metrics_name(f->metrics, s, at->name);
    }
    f->server[s].at = *at;
    f->server[s].retires = false;
    lk_broker_server_set(f->broker, s, at->priority, at->weight);
    if (at->transport == LK_AGENT_DTLS) lk_broker_datagrams(f->broker, s);
    set_lines(f, s, now_ns);
    return true;
}

static void retire(struct lk_fleet *f, uint32_t server, uint64_t now_ns)
{
    struct lk_fleet_server *s = &f->server[server];
    if (!s->used || s->retires) return;
    s->retires = true;
    s->retire_by_ns = now_ns + RETIRE_NS;
    lk_broker_server_set(f->broker, server, RETIRED_PRIORITY, 1);
}

void lk_fleet_identity(struct lk_fleet *f, struct lurk_identity *identity)
{
    f->identity = identity;
}

uint32_t lk_fleet_want(struct lk_fleet *f, const struct lk_endpoint *endpoint, uint32_t count,
                       uint64_t now_ns)
{
    uint32_t left_out = 0;
    for (uint32_t s = 0; s < LK_AGENT_SERVERS_MAX; s++) {
        bool wanted = false;
        for (uint32_t i = 0; i < count && !wanted; i++)
            wanted = f->server[s].identity == f->identity &&
                     same_place(&f->server[s].at, &endpoint[i]);
        if (!wanted) retire(f, s, now_ns);
    }
    for (uint32_t i = 0; i < count; i++)
        left_out += !want_one(f, &endpoint[i], now_ns);
    return left_out;
}

/* --- time ----------------------------------------------------------------------------------- */

static bool wanted_one_is_up(const struct lk_fleet *f)
{
    for (uint32_t s = 0; s < LK_AGENT_SERVERS_MAX; s++)
        if (f->server[s].used && !f->server[s].retires && f->broker->server[s].lines_up > 0)
            return true;
    return false;
}

/* The time of a ping is up. Where this process did not run for a while its answer may be there,
 * unread, or behind others in the server's buffers: who has answered anything meanwhile is there,
 * and has that time again. */
static void ping_judge(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    (void)lurk_transport_ready(l->transport, now_ns);
    settle(f, line, now_ns);
    if (l->open_at_ns != 0 || l->ping_sent_ns == 0) return;
    uint64_t answers = heard(l);
    if (answers != l->heard) {
        l->heard = answers;
        l->ping_sent_ns = now_ns;
        return;
    }
    if (l->up) lk_agent_count(f->metrics, LK_A_LOST_PING);
    line_lost(f, line, "no answer to a ping", now_ns);
}

static void line_turn(struct lk_fleet *f, uint16_t line, uint64_t now_ns)
{
    struct lk_fleet_line *l = line_at(f, line);
    if (l->transport == NULL) return;
    if (l->open_at_ns != 0) {
        if (l->open_at_ns <= now_ns) open_line(f, line, now_ns);
        return;
    }
    if (l->ping_sent_ns != 0 && now_ns - l->ping_sent_ns >= f->conf.ping_timeout_ns) {
        ping_judge(f, line, now_ns);
        return;
    }
    if (l->up && l->ping_sent_ns == 0 && l->ping_at_ns <= now_ns) ping(f, line, now_ns);
    if (lurk_transport_due_ns(l->transport) > now_ns) return;
    (void)lurk_transport_ready(l->transport, now_ns);
    settle(f, line, now_ns);
}

void lk_fleet_turn(struct lk_fleet *f, uint64_t now_ns)
{
    for (uint32_t s = 0; s < LK_AGENT_SERVERS_MAX; s++) {
        const struct lk_fleet_server *server = &f->server[s];
        if (!server->used) continue;
        bool done = f->broker->server[s].in_flight == 0 && wanted_one_is_up(f);
        if (server->retires && (done || server->retire_by_ns <= now_ns)) {
            close_server(f, s, now_ns);
            continue;
        }
        for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++)
            line_turn(f, lk_line_of(s, i), now_ns);
    }
}

static uint64_t line_due_ns(const struct lk_fleet *f, const struct lk_fleet_line *l)
{
    if (l->transport == NULL) return UINT64_MAX;
    if (l->open_at_ns != 0) return l->open_at_ns;
    uint64_t due = lurk_transport_due_ns(l->transport), ping_ns = UINT64_MAX;
    if (l->ping_sent_ns != 0)
        ping_ns = l->ping_sent_ns + f->conf.ping_timeout_ns;
    else if (l->up)
        ping_ns = l->ping_at_ns;
    return due < ping_ns ? due : ping_ns;
}

uint64_t lk_fleet_due_ns(const struct lk_fleet *f)
{
    uint64_t first = UINT64_MAX;
    for (uint32_t s = 0; s < LK_AGENT_SERVERS_MAX; s++) {
        if (!f->server[s].used) continue;
        if (f->server[s].retires && f->server[s].retire_by_ns < first)
            first = f->server[s].retire_by_ns;
        for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++) {
            uint64_t due = line_due_ns(f, &f->server[s].line[i]);
            if (due < first) first = due;
        }
    }
    return first;
}

void lk_fleet_report(struct lk_fleet *f, uint64_t now_ns)
{
    uint32_t healthy = 0, retiring = 0;
    for (uint32_t s = 0; s < LK_AGENT_SERVERS_MAX; s++) {
        struct lk_agent_server_metrics *m = &f->metrics->server[s];
        const struct lk_broker_server *b = &f->broker->server[s];
        if (!f->server[s].used) continue;
        healthy += !f->server[s].retires && b->lines_up > 0;
        retiring += f->server[s].retires && b->lines_up > 0;
        atomic_store(&m->lines_up, b->lines_up);
        atomic_store(&m->in_flight, b->in_flight);
        atomic_store(&m->latency_ns, (uint64_t)b->latency_ns);
        atomic_store(&m->paused, b->hold_until_ns > now_ns);
    }
    lk_agent_set(f->metrics, LK_A_HEALTHY, healthy);
    lk_agent_set(f->metrics, LK_A_RETIRING, retiring);
    lk_agent_set(f->metrics, LK_A_IN_FLIGHT, f->broker->in_flight);
}
