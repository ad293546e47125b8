/* schema: the rows of lurk-agent.conf. */
#include <stddef.h>

#include "tools/lurk-agent/conf.h"

/* --- words ---------------------------------------------------------------------------------- */

#define WORDS(function, ...)                                                                      \
    static const char *function(unsigned i)                                                       \
    {                                                                                             \
        static const char *const words[] = {__VA_ARGS__};                                         \
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;                              \
    }
WORDS(level_word, "error", "warning", "notice", "info", "debug")
WORDS(target_word, "auto", "stderr", "journald")
WORDS(transport_word, "tls", "dtls")

/* --- options -------------------------------------------------------------------------------- */

#define PLACE(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define CONF(field) PLACE(struct lk_agent_conf, field)
#define TEXT_MAX(type, field) .max = sizeof(((type *)0)->field) - 1
#define CONF_MAX(field) TEXT_MAX(struct lk_agent_conf, field)

/* One option in two or three lines reads better than one field a line. */
/* clang-format off */
static const struct lk_conf_option options[] = {
    {.path = "agent.user", .type = LK_VALUE_NAME, CONF_MAX(user), .empty_good = true,
     .fallback = "", CONF(user), .example = "lurk-agent",
     .help = "user that the agent becomes when started as root; empty keeps the uid"},
    {.path = "agent.control_socket", .type = LK_VALUE_PATH, CONF_MAX(control_socket),
     .fallback = "/run/lurk-agent/control.sock", CONF(control_socket),
     .help = "where a successor takes over; one agent a path"},
    {.path = "agent.log_level", .type = LK_VALUE_WORD, .word = level_word, .fallback = "info",
     CONF(log_level), .reloadable = true, .help = "least severe events that are logged"},
    {.path = "agent.log_target", .type = LK_VALUE_WORD, .word = target_word, .fallback = "auto",
     CONF(log_target), .help = "where events go; auto is journald when started by systemd"},
    {.path = "agent.admin_address", .type = LK_VALUE_LOOPBACK, .fallback = "127.0.0.1",
     CONF(admin_address), .help = "address of the metrics and health page"},
    {.path = "agent.admin_port", .type = LK_VALUE_COUNT, .min = 0, .max = 65535, .fallback = "0",
     CONF(admin_port), .example = "9465", .help = "port of the metrics and health page; 0 is none"},

    {.path = "channel.certificate", .type = LK_VALUE_PATH, .reloadable = true,
     CONF_MAX(certificate), CONF(certificate), .example = "/etc/lurk/edge.pem",
     .help = "PEM certificates the agent shows to key servers, its own first"},
    {.path = "channel.key", .type = LK_VALUE_PATH, .reloadable = true, CONF_MAX(key), CONF(key),
     .example = "/etc/lurk/edge.key", .help = "private key of that certificate; the only one here"},
    {.path = "channel.ca", .type = LK_VALUE_PATH, .reloadable = true, CONF_MAX(ca), CONF(ca),
     .example = "/etc/lurk/servers-ca.pem",
     .help = "PEM certificates of the authorities that key servers are checked against"},
    {.path = "channel.crl", .type = LK_VALUE_PATH, .reloadable = true, .empty_good = true,
     CONF_MAX(crl), .fallback = "", CONF(crl), .example = "/etc/lurk/servers-crl.pem",
     .help = "PEM revocation lists, one of each authority above a key server; empty is none"},

    {.path = "limits.clients", .type = LK_VALUE_COUNT, .min = 1, .max = LK_AGENT_CLIENTS_MAX,
     .fallback = "16384", CONF(clients), .help = "local sockets connected at a time"},
    {.path = "limits.in_flight_per_client", .type = LK_VALUE_COUNT, .min = 1,
     .max = LK_AGENT_IN_FLIGHT_PER_CLIENT_MAX, .fallback = "256", CONF(in_flight_per_client),
     .reloadable = true, .help = "requests a client may have unanswered; more get outcome 3"},
    {.path = "limits.in_flight", .type = LK_VALUE_COUNT, .min = 16, .max = LK_AGENT_IN_FLIGHT_MAX,
     .fallback = "8192", CONF(in_flight),
     .help = "requests of all clients under way, 2 KiB of locked memory each"},
    {.path = "limits.in_flight_large", .type = LK_VALUE_COUNT, .min = 1,
     .max = LK_AGENT_IN_FLIGHT_LARGE_MAX, .fallback = "64", CONF(in_flight_large),
     .help = "of these, how many have a request or answer of more than 2 KiB, 64 KiB each"},
    {.path = "limits.output_per_client", .type = LK_VALUE_BYTES, .min = 65536,
     .max = LK_AGENT_OUTPUT_BYTES_MAX, .fallback = "256 KiB", CONF(output_bytes_per_client),
     .reloadable = true, .help = "answers a client may leave unread before it is cut off"},
    {.path = "limits.unread", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 10, .max = 10000,
     .fallback = "2 s", CONF(unread_ms), .reloadable = true,
     .help = "time an answer may wait unread before its client is cut off"},
    {.path = "limits.drain", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 0, .max = 60000,
     .fallback = "5 s", CONF(drain_ms), .reloadable = true,
     .help = "time that requests in flight have once the agent is told to end"},

    {.path = "requests.try", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 10, .max = 10000,
     .fallback = "800 ms", CONF(try_ms), .reloadable = true,
     .help = "time a key server has for an answer before another one is asked"},
    {.path = "requests.total", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 10, .max = 20000,
     .fallback = "1800 ms", CONF(total_ms), .reloadable = true,
     .help = "time a request has in all; the client's own bound may be shorter"},
    {.path = "requests.back_off", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 1,
     .max = 10000, .fallback = "50 ms", CONF(back_off_min_ms), .reloadable = true,
     .help = "pause for a key server that answers temporary_failure; doubles, with jitter"},
    {.path = "requests.back_off_max", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 1,
     .max = 60000, .fallback = "2 s", CONF(back_off_max_ms), .reloadable = true,
     .help = "longest such pause"},

    {.path = "fleet.connections", .type = LK_VALUE_COUNT, .min = 1,
     .max = LK_AGENT_LINES_PER_SERVER_MAX, .fallback = "1", CONF(connections), .reloadable = true,
     .help = "connections to each key server"},
    {.path = "fleet.in_flight_per_connection", .type = LK_VALUE_COUNT, .min = 1,
     .max = LK_IN_FLIGHT_PER_PEER_MAX, .fallback = "1000", CONF(in_flight_per_connection),
     .reloadable = true,
     .help = "requests unanswered on one connection; the key server has a bound of its own, 1024"},
    {.path = "fleet.connect", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 50, .max = 60000,
     .fallback = "2 s", CONF(connect_ms), .reloadable = true,
     .help = "time a connection has until its TLS or DTLS handshake is done"},
    {.path = "fleet.reconnect_max", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 50,
     .max = 60000, .fallback = "2 s", CONF(reconnect_max_ms), .reloadable = true,
     .help = "longest pause between two attempts; the first is 50 ms and each doubles"},
    {.path = "fleet.ping", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 50, .max = 600000,
     .fallback = "1 s", CONF(ping_ms), .reloadable = true,
     .help = "time between two pings on a connection"},
    {.path = "fleet.ping_timeout", .type = LK_VALUE_TIME, .unit = LK_UNIT_MS, .min = 10,
     .max = 60000, .fallback = "1 s", CONF(ping_timeout_ms), .reloadable = true,
     .help = "time after which a connection without an answer to its ping is closed"},
    {.path = "fleet.dns_max", .type = LK_VALUE_TIME, .unit = LK_UNIT_S, .min = 1, .max = 86400,
     .fallback = "5 min", CONF(dns_max_s), .reloadable = true,
     .help = "longest time a DNS answer is used; its TTL may be shorter"},
};

static const struct lk_conf_section sections[] = {
    {"agent", "The process and what it shows to its operator."},
    {"channel", "The agent's own TLS identity, and the key servers it trusts."},
    {"limits", "Bounds; each may be lowered, none raised above what is allowed."},
    {"requests", "How long a request may take, and what becomes of it."},
    {"fleet", "Connections to key servers."},
};

/* --- lists ---------------------------------------------------------------------------------- */

#define SOCKET(field) PLACE(struct lk_agent_conf_socket, field)
#define SOCKET_MAX(field) TEXT_MAX(struct lk_agent_conf_socket, field)
static const struct lk_conf_option socket_options[] = {
    {.path = "path", .type = LK_VALUE_SOCKET, SOCKET_MAX(path), SOCKET(path),
     .example = "/run/lurk-agent/agent.sock",
     .help = "the socket; names with @ end at the network namespace, so containers need a path"},
    {.path = "mode", .type = LK_VALUE_MODE, .max = 0777, .fallback = "0666", SOCKET(mode),
     .help = "permissions of the path; the list allow decides whom the agent serves"},
    {.path = "owner", .type = LK_VALUE_NAME, SOCKET_MAX(owner), .empty_good = true,
     .fallback = "", SOCKET(owner), .help = "user who owns the path; empty is the agent's own"},
    {.path = "group", .type = LK_VALUE_NAME, SOCKET_MAX(group), .empty_good = true,
     .fallback = "", SOCKET(group), .help = "group of the path; empty is the agent's own"},
};

#define ALLOW(field) PLACE(struct lk_agent_conf_allow, field)
#define ALLOW_MAX(field) TEXT_MAX(struct lk_agent_conf_allow, field)
static const struct lk_conf_option allow_options[] = {
    {.path = "user", .type = LK_VALUE_NAME, ALLOW_MAX(user), .empty_good = true, .fallback = "",
     ALLOW(user), .reloadable = true, .example = "www-data",
     .help = "name or number of a user; a row has a user or a group"},
    {.path = "group", .type = LK_VALUE_NAME, ALLOW_MAX(group), .empty_good = true, .fallback = "",
     ALLOW(group), .reloadable = true,
     .help = "name or number of a group, the peer's first or any other of its groups"},
};

#define SERVER(field) PLACE(struct lk_agent_conf_server, field)
#define SERVER_MAX(field) TEXT_MAX(struct lk_agent_conf_server, field)
static const struct lk_conf_option server_options[] = {
    {.path = "name", .type = LK_VALUE_NAME, SERVER_MAX(name), SERVER(name), .reloadable = true,
     .example = "lurkd-1", .help = "name for metrics and logs, unique among servers"},
    {.path = "host", .type = LK_VALUE_HOST, SERVER_MAX(host), SERVER(host), .reloadable = true,
     .example = "lurkd-1.example.net",
     .help = "numeric address, or a name that is looked up again when its TTL is over"},
    {.path = "port", .type = LK_VALUE_COUNT, .min = 1, .max = 65535, SERVER(port),
     .reloadable = true, .example = "7880", .help = "TCP or UDP port"},
    {.path = "transport", .type = LK_VALUE_WORD, .word = transport_word, .fallback = "tls",
     SERVER(transport), .reloadable = true, .help = "how messages are carried"},
    {.path = "server_name", .type = LK_VALUE_HOST, SERVER_MAX(server_name), SERVER(server_name),
     .reloadable = true, .example = "lurkd.example.net",
     .help = "name (or address) that the server's certificate must have"},
    {.path = "priority", .type = LK_VALUE_COUNT, .min = 0, .max = 65535, .fallback = "0",
     SERVER(priority), .reloadable = true,
     .help = "servers of a higher number are asked only when none of a lower one is healthy"},
    {.path = "weight", .type = LK_VALUE_COUNT, .min = 1, .max = 65535, .fallback = "1",
     SERVER(weight), .reloadable = true,
     .help = "share of the requests, beside the others of that priority"},
};

#define SRV(field) PLACE(struct lk_agent_conf_srv, field)
#define SRV_MAX(field) TEXT_MAX(struct lk_agent_conf_srv, field)
static const struct lk_conf_option srv_options[] = {
    {.path = "name", .type = LK_VALUE_NAME, SRV_MAX(name), SRV(name), .reloadable = true,
     .example = "fleet", .help = "name for metrics and logs, unique among srv"},
    {.path = "service", .type = LK_VALUE_HOST, SRV_MAX(service), SRV(service), .reloadable = true,
     .example = "_lurk._tcp.example.net",
     .help = "name of SRV records; each is a key server with its port, priority and weight"},
    {.path = "transport", .type = LK_VALUE_WORD, .word = transport_word, .fallback = "tls",
     SRV(transport), .reloadable = true, .help = "how messages are carried"},
    {.path = "server_name", .type = LK_VALUE_HOST, SRV_MAX(server_name), SRV(server_name),
     .reloadable = true, .example = "lurkd.example.net",
     .help = "name that each server's certificate must have, whatever DNS says"},
};

#define LIST(row, rows, rows_count, table)                                                        \
    .row_bytes = sizeof(struct row), .line_offset = offsetof(struct row, line),                   \
    .rows_offset = offsetof(struct lk_agent_conf, rows),                                          \
    .count_offset = offsetof(struct lk_agent_conf, rows_count), .option = table,                  \
    .option_count = sizeof table / sizeof table[0]

static const struct lk_conf_list lists[] = {
    {.name = "sockets", .min = 1, .max = LK_AGENT_SOCKETS_MAX,
     .help = "Where local servers ask (SOCK_SEQPACKET).",
     LIST(lk_agent_conf_socket, sockets, socket_count, socket_options)},
    {.name = "allow", .max = LK_AGENT_ALLOWS_MAX, .reloadable = true,
     .help = "Who may ask, by what the kernel says of a peer; root always, all others are refused.",
     LIST(lk_agent_conf_allow, allows, allow_count, allow_options)},
    {.name = "servers", .max = LK_AGENT_SERVERS_MAX, .reloadable = true, .help = "Key servers.",
     LIST(lk_agent_conf_server, servers, server_count, server_options)},
    {.name = "srv", .max = LK_AGENT_SERVERS_MAX, .reloadable = true,
     .help = "Key servers by DNS; those in the list servers come beside them.",
     LIST(lk_agent_conf_srv, srvs, srv_count, srv_options)},
};
/* clang-format on */

static const uint8_t shown[] = {0, 1, 2, 3};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
const struct lk_schema lk_schema_agent = {
    .manual = "lurk-agent.conf(5)",
    .option = options,
    .option_count = COUNT_OF(options),
    .section = sections,
    .section_count = COUNT_OF(sections),
    .list = lists,
    .list_count = COUNT_OF(lists),
    .shown = shown,
};
