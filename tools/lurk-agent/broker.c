#include "tools/lurk-agent/broker.h"

#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "tools/liblurk/packet.h"

/* A rise counts by half at once, a fall by an eighth: what is slow now is believed sooner than what
 * was quick now. */
#define RISE 0.5
#define FALL 0.125
/* What the loser of a comparison keeps: a server four times as slow as the others is asked once in
 * ln 4 x 1,024 = 1,400 comparisons. */
#define FORGET (1.0 - 1.0 / 1024)
#define LATENCY_UNKNOWN_NS 1e6 /* where no server has answered yet */
#define LATENCY_MIN_NS 2e4

/* --- lists ---------------------------------------------------------------------------------- */

static void list_push(struct lk_broker *b, struct lk_errands *list, uint32_t e)
{
    b->errand[e].next = LK_ERRAND_NONE;
    b->errand[e].prev = list->tail;
    if (list->count++ == 0)
        list->head = e;
    else
        b->errand[list->tail].next = e;
    list->tail = e;
}

static void list_drop(struct lk_broker *b, struct lk_errands *list, uint32_t e)
{
    struct lk_errand *at = &b->errand[e];
    LK_ASSERT(list->count > 0);
    if (list->head == e)
        list->head = at->next;
    else
        b->errand[at->prev].next = at->next;
    if (list->tail == e)
        list->tail = at->prev;
    else
        b->errand[at->next].prev = at->prev;
    list->count--;
}

static const struct lk_errands no_errands = {.head = LK_ERRAND_NONE, .tail = LK_ERRAND_NONE};

bool lk_broker_init(struct lk_broker *b, const struct lk_broker_conf *conf, uint32_t room,
                    uint64_t seed, struct lk_agent_metrics *metrics)
{
    *b = (struct lk_broker){.conf = *conf,
                            .errand = calloc(room, sizeof *b->errand),
                            .room = room,
                            .waiting = no_errands,
                            .decided = no_errands,
                            .draw = seed | 1,
                            .metrics = metrics};
    bool due = lk_due_init(&b->due, room);
    bool ids = lk_wireids_init(&b->ids, room);
    if (b->errand == NULL || !due || !ids) return false;
    for (uint32_t e = 0; e < room; e++) /* the free ones, by next */
        b->errand[e].next = e + 1 < room ? e + 1 : LK_ERRAND_NONE;
    return true;
}

void lk_broker_fini(struct lk_broker *b)
{
    free(b->errand);
    lk_due_fini(&b->due);
    lk_wireids_fini(&b->ids);
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint32_t draw(struct lk_broker *b, uint32_t below)
{
    b->draw ^= b->draw >> 12;
    b->draw ^= b->draw << 25;
    b->draw ^= b->draw >> 27;
    return (uint32_t)(((b->draw * UINT64_C(2685821657736338717)) >> 32) * below >> 32);
}

/* --- lines and servers ---------------------------------------------------------------------- */

static struct lk_broker_line *line_at(struct lk_broker *b, uint16_t line)
{
    return &b->server[lk_line_server(line)].line[line % LK_AGENT_LINES_PER_SERVER_MAX];
}

static void count_line(struct lk_broker *b, const struct lk_errand *at, int change)
{
    line_at(b, at->line)->in_flight += (uint32_t)change;
    b->server[lk_line_server(at->line)].in_flight += (uint32_t)change;
    if ((at->needs & LK_NEEDS_ROOM) != 0) line_at(b, at->line)->bulky += (uint32_t)change;
    if (change < 0) b->stirred = true;
}

void lk_broker_server_set(struct lk_broker *b, uint32_t server, uint32_t priority, uint32_t weight)
{
    struct lk_broker_server *s = &b->server[server];
    if (!s->used) {
        *s = (struct lk_broker_server){.used = true};
        for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++)
            s->line[i].sent = no_errands;
    }
    s->priority = priority;
    s->weight = weight > 0 ? weight : 1;
    b->stirred = true;
}

void lk_broker_datagrams(struct lk_broker *b, uint32_t server)
{
    b->server[server].datagrams = true;
}

void lk_broker_server_drop(struct lk_broker *b, uint32_t server)
{
    LK_ASSERT(b->server[server].lines_up == 0 && b->server[server].in_flight == 0);
    b->server[server].used = false;
    b->server[server].connecting = false;
    b->stirred = true;
}

void lk_broker_connecting(struct lk_broker *b, uint32_t server, bool connecting)
{
    b->server[server].connecting = connecting;
    b->stirred = true;
}

/* What others need, for one that has answered nothing yet. */
static double latency_of_others(const struct lk_broker *b)
{
    double sum = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < LK_AGENT_SERVERS_MAX; i++)
        if (b->server[i].lines_up > 0 && b->server[i].latency_ns > 0) {
            sum += b->server[i].latency_ns;
            count++;
        }
    return count > 0 ? sum / count : LATENCY_UNKNOWN_NS;
}

void lk_broker_line_up(struct lk_broker *b, uint16_t line)
{
    struct lk_broker_server *s = &b->server[lk_line_server(line)];
    LK_ASSERT(s->used && !line_at(b, line)->up);
    if (s->lines_up == 0) {
        s->latency_ns = latency_of_others(b);
        s->hold_ns = s->hold_until_ns = 0;
    }
    line_at(b, line)->up = true;
    s->lines_up++;
    s->connecting = false;
    b->stirred = true;
}

uint32_t lk_broker_healthy(const struct lk_broker *b)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LK_AGENT_SERVERS_MAX; i++)
        count += b->server[i].lines_up > 0;
    return count;
}

/* The line of a server with the fewest requests, and room; LK_LINE_NONE. */
static uint16_t line_pick(const struct lk_broker *b, uint32_t server, uint8_t needs)
{
    const struct lk_broker_server *s = &b->server[server];
    uint16_t best = LK_LINE_NONE;
    uint32_t fewest = b->conf.in_flight_per_line;
    for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++)
        if (s->line[i].up && s->line[i].in_flight < fewest &&
            !((needs & LK_NEEDS_ROOM) != 0 && s->line[i].bulky >= LK_AGENT_BULKY_PER_LINE)) {
            fewest = s->line[i].in_flight;
            best = lk_line_of(server, i);
        }
    return best;
}

/* --- the pick ------------------------------------------------------------------------------- */

static uint64_t oldest_age_ns(const struct lk_broker *b, const struct lk_broker_server *s,
                              uint64_t now_ns)
{
    uint64_t oldest = now_ns;
    for (uint32_t i = 0; i < LK_AGENT_LINES_PER_SERVER_MAX; i++)
        if (s->line[i].sent.count > 0 && b->errand[s->line[i].sent.head].sent_ns < oldest)
            oldest = b->errand[s->line[i].sent.head].sent_ns;
    return now_ns - oldest;
}

static double cost(const struct lk_broker *b, uint32_t server, uint64_t now_ns)
{
    const struct lk_broker_server *s = &b->server[server];
    double age = (double)oldest_age_ns(b, s, now_ns);
    double latency = s->latency_ns > age ? s->latency_ns : age;
    if (latency < LATENCY_MIN_NS) latency = LATENCY_MIN_NS;
    return latency * (s->in_flight + 1.0) / s->weight;
}

enum lacks { LACKS_NOTHING, LACKS_SERVER, LACKS_ROOM, LACKS_PAUSE_END };

static bool any_stream(const struct lk_broker *b)
{
    for (uint32_t i = 0; i < LK_AGENT_SERVERS_MAX; i++)
        if (b->server[i].lines_up > 0 && !b->server[i].datagrams) return true;
    return false;
}

/* Candidates into set[]; *why says what was missing where there is none. */
static uint32_t candidates(const struct lk_broker *b, uint32_t except, uint8_t needs,
                           uint64_t now_ns, uint8_t set[LK_AGENT_SERVERS_MAX], enum lacks *why)
{
    uint32_t count = 0, priority = UINT32_MAX;
    bool streams = (needs & LK_NEEDS_STREAM) != 0 && any_stream(b);
    *why = LACKS_SERVER;
    for (uint32_t i = 0; i < LK_AGENT_SERVERS_MAX; i++) {
        const struct lk_broker_server *s = &b->server[i];
        if (s->lines_up == 0 || i == except || s->priority > priority) continue;
        if (streams && s->datagrams) continue;
        if (s->hold_until_ns > now_ns) {
            if (*why == LACKS_SERVER) *why = LACKS_PAUSE_END;
            continue;
        }
        if (line_pick(b, i, needs) == LK_LINE_NONE) {
            *why = LACKS_ROOM;
            continue;
        }
        if (s->priority < priority) count = 0;
        priority = s->priority;
        set[count++] = (uint8_t)i;
    }
    if (count > 0) *why = LACKS_NOTHING;
    return count;
}

static uint32_t cheaper(struct lk_broker *b, uint32_t x, uint32_t y, uint64_t now_ns)
{
    bool second = cost(b, y, now_ns) < cost(b, x, now_ns);
    uint32_t loser = second ? x : y;
    b->server[loser].latency_ns *= FORGET;
    return second ? y : x;
}

static uint16_t pick(struct lk_broker *b, uint32_t except, uint8_t needs, uint64_t now_ns,
                     enum lacks *why)
{
    uint8_t set[LK_AGENT_SERVERS_MAX];
    uint32_t count = candidates(b, except, needs, now_ns, set, why);
    if (count == 0) return LK_LINE_NONE;
    uint32_t server = set[0];
    if (count > 1) {
        uint32_t first = draw(b, count), second = draw(b, count - 1);
        second += second >= first;
        server = cheaper(b, set[first], set[second], now_ns);
    }
    return line_pick(b, server, needs);
}

/* --- errands -------------------------------------------------------------------------------- */

static uint32_t free_take(struct lk_broker *b)
{
    uint32_t e = b->free;
    if (e == LK_ERRAND_NONE) return e;
    b->free = b->errand[e].next;
    b->in_flight++;
    return e;
}

/* Out of the list of its state. */
static void detach(struct lk_broker *b, uint32_t e)
{
    struct lk_errand *at = &b->errand[e];
    switch (at->state) {
    case LK_ERRAND_WAITS: list_drop(b, &b->waiting, e); break;
    case LK_ERRAND_TO_SEND:
        list_drop(b, &b->decided, e);
        count_line(b, at, -1);
        break;
    case LK_ERRAND_SENT:
        list_drop(b, &line_at(b, at->line)->sent, e);
        count_line(b, at, -1);
        break;
    case LK_ERRAND_FAILED: list_drop(b, &b->decided, e); break;
    default: break;
    }
    at->state = LK_ERRAND_DONE;
}

void lk_broker_fail(struct lk_broker *b, uint32_t e, uint8_t outcome)
{
    detach(b, e);
    b->errand[e].outcome = outcome;
    b->errand[e].state = LK_ERRAND_FAILED;
    lk_due_drop(&b->due, e);
    list_push(b, &b->decided, e);
}

static void wait_for_server(struct lk_broker *b, uint32_t e)
{
    b->errand[e].state = LK_ERRAND_WAITS;
    lk_due_set(&b->due, e, b->errand[e].until_ns);
    list_push(b, &b->waiting, e);
}

/* The earliest end of a pause; UINT64_MAX without one. */
static uint64_t pause_end_ns(const struct lk_broker *b, uint64_t now_ns)
{
    uint64_t first = UINT64_MAX;
    for (uint32_t i = 0; i < LK_AGENT_SERVERS_MAX; i++)
        if (b->server[i].lines_up > 0 && b->server[i].hold_until_ns > now_ns &&
            b->server[i].hold_until_ns < first)
            first = b->server[i].hold_until_ns;
    return first;
}

static bool any_connecting(const struct lk_broker *b)
{
    for (uint32_t i = 0; i < LK_AGENT_SERVERS_MAX; i++)
        if (b->server[i].used && b->server[i].connecting) return true;
    return false;
}

/* The line for an errand: another server than the one before, where there is one. */
static uint16_t line_for(struct lk_broker *b, const struct lk_errand *at, uint64_t now_ns,
                         enum lacks *why)
{
    uint32_t before = at->line_before != LK_LINE_NONE ? lk_line_server(at->line_before)
                                                      : LK_AGENT_SERVERS_MAX;
    uint16_t line = pick(b, before, at->needs, now_ns, why);
    if (line == LK_LINE_NONE && before != LK_AGENT_SERVERS_MAX)
        line = pick(b, LK_AGENT_SERVERS_MAX, at->needs, now_ns, why);
    return line;
}

/* Whether waiting may help: for an answer that makes room, for the end of a pause, or, where the
 * connection of a first try was lost, for a new one. */
static bool may_wait(const struct lk_broker *b, const struct lk_errand *at, enum lacks why,
                     uint64_t now_ns)
{
    if (why == LACKS_ROOM) return true;
    if (why == LACKS_PAUSE_END) return pause_end_ns(b, now_ns) < at->until_ns;
    return at->tries > 0 && any_connecting(b);
}

static void decide(struct lk_broker *b, uint32_t e, uint16_t line)
{
    b->errand[e].line = line;
    b->errand[e].state = LK_ERRAND_TO_SEND;
    count_line(b, &b->errand[e], 1);
    list_push(b, &b->decided, e);
}

/* Sends a detached errand, lets it wait, or fails it. */
static void place(struct lk_broker *b, uint32_t e, uint64_t now_ns)
{
    struct lk_errand *at = &b->errand[e];
    enum lacks why;
    uint16_t line = line_for(b, at, now_ns, &why);
    if (line != LK_LINE_NONE)
        decide(b, e, line);
    else if (may_wait(b, at, why, now_ns))
        wait_for_server(b, e);
    else
        lk_broker_fail(b, e, LK_PACKET_NO_SERVER);
}

uint32_t lk_broker_take(struct lk_broker *b, uint64_t wire_id, uint64_t bound_ns, uint8_t needs,
                        uint64_t now_ns)
{
    if (lk_wireids_find(&b->ids, wire_id) != LK_WIREID_NONE) return LK_ERRAND_NONE;
    uint32_t e = free_take(b);
    if (e == LK_ERRAND_NONE) return e;
    if (bound_ns == 0 || bound_ns > b->conf.total_ns) bound_ns = b->conf.total_ns;
    b->errand[e] = (struct lk_errand){.wire_id = wire_id,
                                      .until_ns = now_ns + bound_ns,
                                      .line = LK_LINE_NONE,
                                      .line_before = LK_LINE_NONE,
                                      .state = LK_ERRAND_DONE,
                                      .needs = needs};
    LK_ASSERT(lk_wireids_add(&b->ids, wire_id, e));
    lk_due_set(&b->due, e, b->errand[e].until_ns);
    if (b->waiting.count == 0) {
        place(b, e, now_ns);
    } else { /* behind those that came before; the turn looks at all of them */
        wait_for_server(b, e);
        b->stirred = true;
    }
    return e;
}

void lk_broker_release(struct lk_broker *b, uint32_t e)
{
    LK_ASSERT(e < b->room && b->errand[e].state != LK_ERRAND_FREE);
    detach(b, e);
    lk_due_drop(&b->due, e);
    lk_wireids_drop(&b->ids, b->errand[e].wire_id);
    b->errand[e] = (struct lk_errand){.state = LK_ERRAND_FREE, .next = b->free};
    b->free = e;
    b->in_flight--;
}

bool lk_broker_give_up(struct lk_broker *b, uint32_t e, uint8_t outcome)
{
    struct lk_errand *at = &b->errand[e];
    if (at->state != LK_ERRAND_WAITS && at->state != LK_ERRAND_TO_SEND) return false;
    if (at->tries > 0) return false;
    lk_broker_fail(b, e, outcome);
    return true;
}

/* --- second tries --------------------------------------------------------------------------- */

/* A try of a sent errand has come to nothing: once more, or the outcome. */
static void try_again(struct lk_broker *b, uint32_t e, uint8_t outcome, enum lk_agent_row counts,
                      uint64_t now_ns)
{
    struct lk_errand *at = &b->errand[e];
    if (at->tries >= 2 || at->until_ns <= now_ns) {
        lk_broker_fail(b, e, outcome);
        return;
    }
    detach(b, e);
    at->line_before = at->line;
    at->line = LK_LINE_NONE;
    lk_agent_count(b->metrics, counts);
    lk_due_set(&b->due, e, at->until_ns);
    place(b, e, now_ns);
}

/* What was decided and not sent yet finds another line; that was no try. */
static void redirect_decided(struct lk_broker *b, uint16_t line, uint64_t now_ns)
{
    uint32_t left = b->decided.count;
    for (uint32_t e = b->decided.head; left-- > 0;) {
        uint32_t next = b->errand[e].next;
        if (b->errand[e].state == LK_ERRAND_TO_SEND && b->errand[e].line == line) {
            detach(b, e);
            place(b, e, now_ns);
        }
        e = next;
    }
}

void lk_broker_line_down(struct lk_broker *b, uint16_t line, uint64_t now_ns)
{
    struct lk_broker_line *l = line_at(b, line);
    struct lk_broker_server *s = &b->server[lk_line_server(line)];
    if (!l->up) return;
    l->up = false;
    s->lines_up--;
    b->stirred = true;
    redirect_decided(b, line, now_ns);
    while (l->sent.count > 0)
        try_again(b, l->sent.head, LK_PACKET_NO_SERVER, LK_A_AGAIN_LINE, now_ns);
    LK_ASSERT(l->in_flight == 0);
}

/* --- answers -------------------------------------------------------------------------------- */

static void observe(struct lk_broker *b, uint16_t line, uint64_t took_ns)
{
    struct lk_broker_server *s = &b->server[lk_line_server(line)];
    double took = (double)took_ns;
    s->latency_ns += (took - s->latency_ns) * (took > s->latency_ns ? RISE : FALL);
}

/* A pause from now on, twice as long as the one before; what was sent before the pause began says
 * nothing new. */
static void hold(struct lk_broker *b, struct lk_broker_server *s, uint64_t now_ns)
{
    if (s->hold_until_ns > now_ns) return;
    uint64_t next = 2 * s->hold_ns;
    if (next < b->conf.back_off_min_ns) next = b->conf.back_off_min_ns;
    if (next > b->conf.back_off_max_ns) next = b->conf.back_off_max_ns;
    s->hold_ns = next;
    /* Three quarters to five quarters: agents that were refused together come back apart. */
    s->hold_until_ns = now_ns + next / 4 * 3 + next / 2 * draw(b, 1025) / 1024;
    lk_agent_count(b->metrics, LK_A_BACK_OFFS);
}

static bool other_takes_it(struct lk_broker *b, const struct lk_errand *at, uint16_t from,
                           uint64_t now_ns)
{
    uint8_t set[LK_AGENT_SERVERS_MAX];
    enum lacks why;
    if (at->tries >= 2 || at->until_ns <= now_ns) return false;
    if (candidates(b, lk_line_server(from), at->needs, now_ns, set, &why) > 0) return true;
    return pause_end_ns(b, now_ns) < at->until_ns;
}

enum lk_answered lk_broker_answer(struct lk_broker *b, uint16_t line, uint64_t wire_id,
                                  enum lk_verdict verdict, uint64_t now_ns, uint32_t *errand)
{
    uint32_t e = lk_wireids_find(&b->ids, wire_id);
    if (e == LK_WIREID_NONE) return LK_ANSWERED_STRANGE;
    struct lk_errand *at = &b->errand[e];
    struct lk_broker_server *s = &b->server[lk_line_server(line)];
    bool current = at->state == LK_ERRAND_SENT && at->line == line;
    bool late = at->line_before == line && at->state != LK_ERRAND_DONE &&
                at->state != LK_ERRAND_FAILED; /* of the try before, and still of use */
    if (!current && !late) return LK_ANSWERED_STRANGE;
    if (verdict == LK_VERDICT_BUSY) {
        if (current && at->sent_ns >= s->hold_until_ns) hold(b, s, now_ns);
        if (!current) return LK_ANSWERED_STRANGE;
        if (other_takes_it(b, at, line, now_ns)) {
            try_again(b, e, LK_PACKET_NO_SERVER, LK_A_AGAIN_BUSY, now_ns);
            return LK_ANSWERED_AGAIN;
        }
    } else if (current) {
        observe(b, line, now_ns - at->sent_ns);
        lk_hist_add(&b->metrics->attempt, (now_ns - at->sent_ns) / LK_NS_PER_US);
        if (at->sent_ns >= s->hold_until_ns) s->hold_ns = 0;
    }
    detach(b, e);
    lk_due_drop(&b->due, e);
    *errand = e;
    return LK_ANSWERED_DONE;
}

/* --- time ----------------------------------------------------------------------------------- */

static void expire(struct lk_broker *b, uint32_t e, uint64_t now_ns)
{
    struct lk_errand *at = &b->errand[e];
    if (at->state == LK_ERRAND_SENT) observe(b, at->line, now_ns - at->sent_ns);
    if (at->state == LK_ERRAND_SENT && at->until_ns > now_ns)
        try_again(b, e, LK_PACKET_TIMEOUT, LK_A_AGAIN_TIMEOUT, now_ns);
    else
        lk_broker_fail(b, e, LK_PACKET_TIMEOUT);
}

/* Those that wait, in order. Where one without needs has to wait on, so have all behind it. */
static void place_waiting(struct lk_broker *b, uint64_t now_ns)
{
    for (uint32_t e = b->waiting.head, next; e != LK_ERRAND_NONE; e = next) {
        const struct lk_errand *at = &b->errand[e];
        enum lacks why;
        next = at->next;
        uint16_t line = line_for(b, at, now_ns, &why);
        if (line != LK_LINE_NONE) {
            detach(b, e);
            decide(b, e, line);
        } else if (!may_wait(b, at, why, now_ns)) {
            lk_broker_fail(b, e, LK_PACKET_NO_SERVER);
        } else if (at->needs == 0 && why == LACKS_ROOM) {
            return;
        }
    }
}

void lk_broker_turn(struct lk_broker *b, uint64_t now_ns)
{
    uint32_t e;
    while ((e = lk_due_first(&b->due)) != LK_DUE_NONE && b->due.at_ns[e] <= now_ns)
        expire(b, e, now_ns);
    if (b->waiting.count > 0 && (b->stirred || pause_end_ns(b, b->paused_at_ns) <= now_ns))
        place_waiting(b, now_ns);
    b->stirred = false;
    b->paused_at_ns = now_ns;
}

bool lk_broker_next(struct lk_broker *b, uint64_t now_ns, struct lk_decision *out)
{
    if (b->decided.count == 0) return false;
    uint32_t e = b->decided.head;
    struct lk_errand *at = &b->errand[e];
    list_drop(b, &b->decided, e);
    if (at->state == LK_ERRAND_FAILED) {
        at->state = LK_ERRAND_DONE;
        *out = (struct lk_decision){LK_DECISION_FAIL, e, LK_LINE_NONE, at->outcome};
        return true;
    }
    at->state = LK_ERRAND_SENT;
    at->tries++;
    at->sent_ns = now_ns;
    at->try_until_ns = now_ns + b->conf.try_ns;
    list_push(b, &line_at(b, at->line)->sent, e);
    lk_due_set(&b->due, e, at->try_until_ns < at->until_ns ? at->try_until_ns : at->until_ns);
    *out = (struct lk_decision){LK_DECISION_SEND, e, at->line, 0};
    return true;
}

uint64_t lk_broker_due_ns(const struct lk_broker *b, uint64_t now_ns)
{
    uint32_t e = lk_due_first(&b->due);
    uint64_t due = e != LK_DUE_NONE ? b->due.at_ns[e] : UINT64_MAX;
    if (b->decided.count > 0 || (b->waiting.count > 0 && b->stirred)) return now_ns;
    uint64_t pause = b->waiting.count > 0 ? pause_end_ns(b, now_ns) : UINT64_MAX;
    return pause < due ? pause : due;
}
