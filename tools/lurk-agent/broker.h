/* broker: which key server gets a request, when the same bytes are sent again, and when a request
 * is given up. No I/O, no clock, no bytes: events and the time go in, decisions come out.
 *
 * A server has lines (connections), up or not. An errand is one request under way: it waits for a
 * server, is to be sent, is sent, or is done; a decision about it is taken out by lk_broker_next.
 *
 * The pick: of the healthy servers of the lowest priority two are drawn, and the one with the lower
 * cost gets the request: latency x (in flight + 1) / weight. The latency is an average that follows
 * a rise at once and a fall slowly, and never less than the age of what waits longest; the one
 * that loses a comparison forgets a little, so that a server that was slow is asked again after
 * some hundred requests that went elsewhere.
 * A second try: a request whose line died, whose try timed out or that was answered
 * temporary_failure goes once more, with the same id, to another server where there is one.
 * A server that says temporary_failure has a pause that doubles; its other requests stay.
 *
 * Owner one thread. Allocates at init only. */
#ifndef LK_TOOLS_LURK_AGENT_BROKER_H
#define LK_TOOLS_LURK_AGENT_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lurk-agent/due.h"
#include "tools/lurk-agent/limits.h"
#include "tools/lurk-agent/metrics.h"
#include "tools/lurk-agent/wireid.h"

#define LK_ERRAND_NONE UINT32_MAX
#define LK_LINE_NONE UINT16_MAX

/* A line by one number: server x LK_AGENT_LINES_PER_SERVER_MAX + line of the server. */
static inline uint16_t lk_line_of(uint32_t server, uint32_t line)
{
    return (uint16_t)(server * LK_AGENT_LINES_PER_SERVER_MAX + line);
}
static inline uint32_t lk_line_server(uint16_t line)
{
    return line / LK_AGENT_LINES_PER_SERVER_MAX;
}

struct lk_broker_conf {
    uint64_t try_ns, total_ns;
    uint64_t back_off_min_ns, back_off_max_ns;
    uint32_t in_flight_per_line;
};

/* A list of errands, by index; each errand is in one at most. */
struct lk_errands {
    uint32_t head, tail, count;
};

struct lk_broker_line {
    bool up;
    uint32_t in_flight;     /* sent, and decided to be */
    uint32_t bulky;         /* of these */
    struct lk_errands sent; /* the oldest first */
};

struct lk_broker_server {
    bool used, connecting;
    bool datagrams; /* carries short messages only */
    uint32_t priority, weight;
    uint32_t lines_up, in_flight;
    double latency_ns; /* 0: nothing seen yet */
    uint64_t hold_until_ns, hold_ns;
    struct lk_broker_line line[LK_AGENT_LINES_PER_SERVER_MAX];
};

/* What a request needs of its line. */
enum lk_needs {
    LK_NEEDS_STREAM = 1, /* it, or its answer, is too long for a datagram */
    LK_NEEDS_ROOM = 2    /* its answer may be as long as an answer may be: few at a time */
};

enum lk_errand_state {
    LK_ERRAND_FREE,
    LK_ERRAND_WAITS,
    LK_ERRAND_TO_SEND,
    LK_ERRAND_SENT,
    LK_ERRAND_FAILED,
    LK_ERRAND_DONE
};

struct lk_errand {
    uint64_t wire_id;
    uint64_t until_ns; /* of the request in all */
    uint64_t sent_ns, try_until_ns;
    uint32_t next, prev;        /* in the list of its state */
    uint16_t line, line_before; /* LK_LINE_NONE */
    uint8_t state;              /* enum lk_errand_state */
    uint8_t tries;
    uint8_t outcome;
    uint8_t needs; /* enum lk_needs */
};

struct lk_broker {
    struct lk_broker_conf conf;
    struct lk_broker_server server[LK_AGENT_SERVERS_MAX];
    struct lk_errand *errand;
    uint32_t room, in_flight, free;
    struct lk_errands waiting, decided;
    struct lk_due due;
    struct lk_wireids ids;
    uint64_t draw;         /* state of the generator: picks and jitter, nothing secret */
    bool stirred;          /* those that wait may find a server now */
    uint64_t paused_at_ns; /* when pauses were looked at last */
    struct lk_agent_metrics *metrics;
};

enum lk_decision_kind { LK_DECISION_SEND, LK_DECISION_FAIL };
struct lk_decision {
    enum lk_decision_kind kind;
    uint32_t errand;
    uint16_t line;   /* SEND */
    uint8_t outcome; /* FAIL: enum lk_packet_outcome */
};

bool lk_broker_init(struct lk_broker *b, const struct lk_broker_conf *conf, uint32_t room,
                    uint64_t seed, struct lk_agent_metrics *metrics);
void lk_broker_fini(struct lk_broker *b);

/* --- servers ---------------------------------------------------------------------------------- */

/* Enters a server, or changes the priority and weight of one. */
void lk_broker_server_set(struct lk_broker *b, uint32_t server, uint32_t priority, uint32_t weight);
/* Its lines carry datagrams: what needs a stream goes elsewhere, as long as there is one. */
void lk_broker_datagrams(struct lk_broker *b, uint32_t server);
/* It is no longer one; its lines are down already. */
void lk_broker_server_drop(struct lk_broker *b, uint32_t server);
/* Whether a first attempt to connect is under way: what waits may wait for it. */
void lk_broker_connecting(struct lk_broker *b, uint32_t server, bool connecting);
void lk_broker_line_up(struct lk_broker *b, uint16_t line);
/* What was sent there is sent elsewhere, or fails. */
void lk_broker_line_down(struct lk_broker *b, uint16_t line, uint64_t now_ns);
/* Servers with a line up. */
uint32_t lk_broker_healthy(const struct lk_broker *b);

/* --- requests --------------------------------------------------------------------------------- */

/* A new errand with this id, bound_ns (0: our own bound) from now; LK_ERRAND_NONE: no room, or the
 * id is in use. A decision about it is there after the next turn, unless it waits: for the end of a
 * pause, or for answers to others where every connection has as many as it may. */
uint32_t lk_broker_take(struct lk_broker *b, uint64_t wire_id, uint64_t bound_ns, uint8_t needs,
                        uint64_t now_ns);

enum lk_verdict {
    LK_VERDICT_FINAL, /* success, or a fault that another server would find as well */
    LK_VERDICT_BUSY   /* temporary_failure */
};
enum lk_answered {
    LK_ANSWERED_STRANGE, /* no such request on this line: drop it */
    LK_ANSWERED_AGAIN,   /* it is sent once more: drop this answer */
    LK_ANSWERED_DONE     /* *errand is done; hand the answer on, then release */
};
enum lk_answered lk_broker_answer(struct lk_broker *b, uint16_t line, uint64_t wire_id,
                                  enum lk_verdict verdict, uint64_t now_ns, uint32_t *errand);
/* In any state: nobody waits for it any more. */
void lk_broker_release(struct lk_broker *b, uint32_t errand);

/* Ends an errand that was not sent yet with this outcome; false: it was sent. */
bool lk_broker_give_up(struct lk_broker *b, uint32_t errand, uint8_t outcome);
/* Ends an errand that is under way with this outcome, as a decision. */
void lk_broker_fail(struct lk_broker *b, uint32_t errand, uint8_t outcome);

/* --- decisions -------------------------------------------------------------------------------- */

/* Lets time pass: deadlines, pauses that end. */
void lk_broker_turn(struct lk_broker *b, uint64_t now_ns);
/* The next decision; false: none. After FAIL the errand is done and to be released. */
bool lk_broker_next(struct lk_broker *b, uint64_t now_ns, struct lk_decision *out);
/* When lk_broker_turn is due next; UINT64_MAX: not before something happens. */
uint64_t lk_broker_due_ns(const struct lk_broker *b, uint64_t now_ns);

#endif
