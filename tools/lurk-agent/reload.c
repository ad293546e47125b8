/* reload: another configuration for a running agent, or none of it. */
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "tools/lurk-agent/agent.h"

struct lk_broker_conf lk_agent_broker_conf(const struct lk_agent_conf *conf)
{
    return (struct lk_broker_conf){.try_ns = conf->try_ms * LK_NS_PER_MS,
                                   .total_ns = conf->total_ms * LK_NS_PER_MS,
                                   .back_off_min_ns = conf->back_off_min_ms * LK_NS_PER_MS,
                                   .back_off_max_ns = conf->back_off_max_ms * LK_NS_PER_MS,
                                   .in_flight_per_line = conf->in_flight_per_connection};
}

struct lk_desk_conf lk_agent_desk_conf(const struct lk_agent_conf *conf)
{
    return (struct lk_desk_conf){.clients = conf->clients,
                                 .in_flight = conf->in_flight,
                                 .in_flight_large = conf->in_flight_large,
                                 .in_flight_per_client = conf->in_flight_per_client,
                                 .output_bytes_per_client = conf->output_bytes_per_client,
                                 .unread_ns = conf->unread_ms * LK_NS_PER_MS};
}

struct lk_fleet_conf lk_agent_fleet_conf(const struct lk_agent_conf *conf)
{
    return (struct lk_fleet_conf){.connections = conf->connections,
                                  .connect_ms = conf->connect_ms,
                                  .reconnect_max_ms = conf->reconnect_max_ms,
                                  .ping_ns = conf->ping_ms * LK_NS_PER_MS,
                                  .ping_timeout_ns = conf->ping_timeout_ms * LK_NS_PER_MS};
}

static lk_err judge(struct lk_agent *a, struct lk_agent_conf *next, struct lurk_identity **identity,
                    char *error, size_t error_bytes)
{
    char options[512];
    if (!lk_agent_conf_reloadable(a->conf, next, options, sizeof options)) {
        snprintf(error, error_bytes, "%s: need a restart: %s", a->conf_path, options);
        return LK_ERR_REFUSED;
    }
    LK_TRY(lk_agent_identity(next, identity, error, error_bytes));
    return lk_door_allow(&a->door, next, error, error_bytes);
}

/* Nothing here can fail but for memory, and then the old list of servers stays. */
static void apply(struct lk_agent *a, struct lk_agent_conf *next, struct lurk_identity *identity,
                  uint64_t now_ns)
{
    a->broker.conf = lk_agent_broker_conf(next);
    a->desk.conf = lk_agent_desk_conf(next);
    a->fleet.conf = lk_agent_fleet_conf(next);
    lk_fleet_identity(&a->fleet, identity);
    lk_err err = lk_directory_set(&a->directory, next, now_ns);
    if (err != LK_OK)
        lk_log(LK_LOG_ERROR, "names cannot be resolved", LK_F_STR("why", lk_err_text(err)));
    lk_clients_judge(&a->clients);
    lk_log_level(next->log_level);
    lurk_identity_free(a->identity);
    lk_agent_conf_free(a->conf);
    a->identity = identity;
    a->conf = next;
    lk_agent_set(a->metrics, LK_A_GENERATION, ++a->generation);
    lk_agent_ends_show(a->metrics, next);
    lk_agent_count(a->metrics, LK_A_RELOADS_GOOD);
}

void lk_agent_reload(struct lk_agent *a, uint64_t now_ns)
{
    static char error[8192]; /* large, and one at a time */
    struct lk_agent_conf *next = NULL;
    struct lurk_identity *identity = NULL;
    error[0] = '\0';
    lk_err err = lk_agent_conf_read(a->conf_path, &next, error, sizeof error);
    if (err == LK_OK) err = judge(a, next, &identity, error, sizeof error);
    if (err == LK_OK) {
        apply(a, next, identity, now_ns);
        lk_log(LK_LOG_NOTICE, "configuration reloaded", LK_F_U64("generation", a->generation));
        return;
    }
    lurk_identity_free(identity);
    lk_agent_conf_free(next);
    lk_agent_count(a->metrics, LK_A_RELOADS_REFUSED);
    lk_log(LK_LOG_ERROR, "configuration refused, the old one stays",
           LK_F_STR("why", error[0] != '\0' ? error : lk_err_text(err)));
}
