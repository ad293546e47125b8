/* fleet: connections to key servers, each a transport of liblurk: connecting, shaking hands,
 * pinging, connecting again; what the broker decides goes out here, answers come in.
 *
 * A server is an endpoint in use: address, port, transport, expected name, identity. One that is no
 * longer wanted retires: it serves on while no wanted one has a connection, until what it has in
 * flight is done, for ten seconds at most.
 * Everything that is submitted in a turn is sent by lk_fleet_flush, in as few records as it fits.
 * Owner the agent's thread. */
#ifndef LK_TOOLS_LURK_AGENT_FLEET_H
#define LK_TOOLS_LURK_AGENT_FLEET_H

#include "tools/liblurk/lurk.h"
#include "tools/lurk-agent/broker.h"
#include "tools/lurk-agent/conf.h"
#include "tools/lurk-agent/desk.h"
#include "tools/lurk-agent/watch.h"

struct lk_endpoint {
    char name[LK_HOST_BYTES_MAX + 80]; /* for metrics and logs */
    char address[46];                  /* numeric */
    char server_name[LK_HOST_BYTES_MAX + 1];
    uint16_t port, transport; /* enum lk_agent_transport */
    uint32_t priority, weight;
};

struct lk_fleet_conf {
    uint32_t connections, connect_ms, reconnect_max_ms;
    uint64_t ping_ns, ping_timeout_ns;
};

struct lk_fleet_line {
    struct lurk_transport *transport; /* NULL: not used */
    bool up; /* open, and a ping was answered: who does not accept us may say so after the handshake
              */
    bool dirty;
    int fd; /* that is watched; -1 none */
    uint32_t watch, events;
    uint64_t open_at_ns; /* down: when it is opened again */
    uint32_t pause_ms;
    uint64_t up_since_ns;
    uint64_t ping_at_ns, ping_sent_ns; /* 0: no ping is under way */
    uint64_t heard;                    /* answers of this line when it was sent */
};

struct lk_fleet_server {
    bool used, retires;
    uint64_t retire_by_ns;
    struct lk_endpoint at;
    struct lurk_identity *identity;
    struct lk_fleet_line line[LK_AGENT_LINES_PER_SERVER_MAX];
};

struct lk_fleet {
    struct lk_fleet_conf conf;
    struct lurk_identity *identity;
    struct lk_broker *broker;
    struct lk_desk *desk;
    struct lk_agent_metrics *metrics;
    struct lk_watches *watches;
    struct lk_fleet_server server[LK_AGENT_SERVERS_MAX];
    uint16_t dirty[LK_AGENT_LINES_MAX];
    uint32_t dirty_count;
    uint64_t draw; /* jitter of reconnects */
};

void lk_fleet_init(struct lk_fleet *f, const struct lk_fleet_conf *conf, struct lk_broker *broker,
                   struct lk_desk *desk, struct lk_agent_metrics *metrics,
                   struct lk_watches *watches, uint64_t seed);
void lk_fleet_fini(struct lk_fleet *f);

/* Who we are from now on: every server is connected to anew; borrowed, and kept by transports. */
void lk_fleet_identity(struct lk_fleet *f, struct lurk_identity *identity);
/* The endpoints that are wanted: new ones are connected to, those that are not there retire.
 * Returns how many found no room. */
uint32_t lk_fleet_want(struct lk_fleet *f, const struct lk_endpoint *endpoint, uint32_t count,
                       uint64_t now_ns);

/* A decision of the broker. Where the line cannot take it the broker hears that it is down. */
void lk_fleet_send(struct lk_fleet *f, uint16_t line, uint32_t errand, uint64_t now_ns);
void lk_fleet_flush(struct lk_fleet *f, uint64_t now_ns);

/* Pings, reconnects, retirements. */
void lk_fleet_turn(struct lk_fleet *f, uint64_t now_ns);
uint64_t lk_fleet_due_ns(const struct lk_fleet *f);
/* Gauges of the metrics. Those of connections are also set as these come and go. */
void lk_fleet_report(struct lk_fleet *f, uint64_t now_ns);

#endif
