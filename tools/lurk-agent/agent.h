/* agent: one lurk-agent, from its start to its end: local clients at the desk, key servers in the
 * fleet, the broker between them, and one thread that turns them all. A turn reads the clock once
 * and hands it down.
 *
 *   watch      what is ready: packets of clients, answers of key servers, DNS, signals, a successor
 *   broker     deadlines, second tries: decisions
 *   fleet      what was decided goes out, everything of the turn in as few records as it fits
 *
 * Beside it only the admin page has a thread, which reads counters. */
#ifndef LK_TOOLS_LURK_AGENT_AGENT_H
#define LK_TOOLS_LURK_AGENT_AGENT_H

#include "io/http/admin.h"
#include "tools/lurk-agent/client.h"
#include "tools/lurk-agent/conf.h"
#include "tools/lurk-agent/directory.h"
#include "tools/lurk-agent/fleet.h"
#include "tools/lurk-agent/succession.h"

struct lk_agent {
    const char *conf_path;
    struct lk_agent_conf *conf;
    struct lurk_identity *identity;
    struct lk_agent_metrics *metrics;
    struct lk_watches watches;
    struct lk_broker broker;
    struct lk_desk desk;
    struct lk_clients clients;
    struct lk_fleet fleet;
    struct lk_directory directory;
    struct lk_door door;
    struct lk_succession succession;
    struct lk_admin *admin;
    int admin_fd, control_fd; /* as they were made or adopted; -1 */
    int before_fd;            /* the agent whose place we take; -1 */
    int signal_fd;
    bool opened, serves, leaves, handed_over, ends;
    uint64_t ready_by_ns, leave_by_ns, report_at_ns;
    uint64_t generation;
};

/* Serves until it is told to end. Returns the exit code. */
int lk_agent_main(const char *conf_path, bool take_over);

/* --- between the files of the agent ----------------------------------------------------------- */

/* The identity that conf names; files of secrets are judged first. error: which file, what is
 * wrong. */
LK_MUST_USE lk_err lk_agent_identity(const struct lk_agent_conf *conf, struct lurk_identity **out,
                                     char *error, size_t error_bytes);
/* Unix times, 0: none. notAfter of the agent's own certificate; the earliest nextUpdate of its
 * CRLs, past which it takes no key server for good. */
int64_t lk_agent_certificate_end_s(const struct lk_agent_conf *conf);
int64_t lk_agent_crl_end_s(const struct lk_agent_conf *conf);
/* Both as metrics. */
void lk_agent_ends_show(struct lk_agent_metrics *metrics, const struct lk_agent_conf *conf);

/* Bounds and times of a configuration, as the parts want them. */
struct lk_broker_conf lk_agent_broker_conf(const struct lk_agent_conf *conf);
struct lk_desk_conf lk_agent_desk_conf(const struct lk_agent_conf *conf);
struct lk_fleet_conf lk_agent_fleet_conf(const struct lk_agent_conf *conf);

/* Reads the configuration again; what is wrong is logged, and all stays as it was. */
void lk_agent_reload(struct lk_agent *agent, uint64_t now_ns);

#endif
