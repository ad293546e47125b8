/* conf: the agent's configuration as a struct, read by the machinery of core/conf from rows of its
 * own (schema.c). Nothing is opened here.
 * Owner   whoever parsed; lk_agent_conf_free. Read only afterwards.
 * Errors  text with file, line, option and the allowed range. */
#ifndef LK_TOOLS_LURK_AGENT_CONF_H
#define LK_TOOLS_LURK_AGENT_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "core/conf/schema.h"
#include "tools/lurk-agent/limits.h"

enum lk_agent_transport { LK_AGENT_TLS, LK_AGENT_DTLS };

/* A Unix socket that local servers connect to. */
struct lk_agent_conf_socket {
    char path[LK_SOCKET_PATH_BYTES]; /* "/path" or "@abstract" */
    uint32_t mode;
    char owner[LK_NAME_BYTES_MAX], group[LK_NAME_BYTES_MAX]; /* "" as they come */
    uint32_t line;
};

/* Who may ask, by what the kernel says of the peer: one of the two is given. */
struct lk_agent_conf_allow {
    char user[LK_NAME_BYTES_MAX], group[LK_NAME_BYTES_MAX]; /* a name or a number */
    uint32_t line;
};

struct lk_agent_conf_server {
    char name[LK_NAME_BYTES_MAX];
    char host[LK_HOST_BYTES_MAX + 1]; /* numeric, or looked up and looked up again */
    uint16_t port;
    uint16_t transport;                      /* enum lk_agent_transport */
    char server_name[LK_HOST_BYTES_MAX + 1]; /* in the server's certificate */
    uint32_t priority, weight;
    uint32_t line;
};

/* A DNS service: its records become servers. */
struct lk_agent_conf_srv {
    char name[LK_NAME_BYTES_MAX];
    char service[LK_HOST_BYTES_MAX + 1]; /* "_lurk._tcp.example.net" */
    uint16_t transport;
    char server_name[LK_HOST_BYTES_MAX + 1];
    uint32_t line;
};

struct lk_agent_conf {
    char user[LK_NAME_BYTES_MAX];
    char control_socket[LK_SOCKET_PATH_BYTES];
    uint32_t log_level, log_target;
    char admin_address[46];
    uint16_t admin_port;

    char certificate[LK_PATH_BYTES_MAX], key[LK_PATH_BYTES_MAX];
    char ca[LK_PATH_BYTES_MAX], crl[LK_PATH_BYTES_MAX]; /* crl: "" none */

    uint32_t clients;
    uint32_t in_flight_per_client, in_flight, in_flight_large;
    uint32_t output_bytes_per_client;
    uint32_t unread_ms, drain_ms;

    uint32_t try_ms, total_ms;
    uint32_t back_off_min_ms, back_off_max_ms;

    uint32_t connections, in_flight_per_connection;
    uint32_t connect_ms, ping_ms, ping_timeout_ms, reconnect_max_ms, dns_max_s;

    struct lk_agent_conf_socket *sockets;
    uint32_t socket_count;
    struct lk_agent_conf_allow *allows;
    uint32_t allow_count;
    struct lk_agent_conf_server *servers;
    uint32_t server_count;
    struct lk_agent_conf_srv *srvs;
    uint32_t srv_count;
};

extern const struct lk_schema lk_schema_agent;

/* file is for messages only. On failure error[] holds one line per fault. */
LK_MUST_USE lk_err lk_agent_conf_parse(const char *file, struct lk_bytes text,
                                       struct lk_agent_conf **out, char *error, size_t error_bytes);
/* Opens and reads the file, then parses it. */
LK_MUST_USE lk_err lk_agent_conf_read(const char *path, struct lk_agent_conf **out, char *error,
                                      size_t error_bytes);
void lk_agent_conf_free(struct lk_agent_conf *conf);
void lk_agent_conf_print(const struct lk_agent_conf *conf, FILE *to);
/* False: text[] names what needs a restart. */
bool lk_agent_conf_reloadable(const struct lk_agent_conf *running, const struct lk_agent_conf *next,
                              char *text, size_t text_bytes);

#endif
