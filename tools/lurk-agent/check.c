#include "tools/lurk-agent/check.h"

#include <stdio.h>
#include <time.h>

#include "tools/lurk-agent/agent.h"
#include "tools/lurk-agent/account.h"

struct check {
    const struct lk_agent_conf *conf;
    const char *path;
    unsigned faults;
};

static void fault(struct check *c, uint32_t line, const char *what)
{
    if (line > 0)
        fprintf(stderr, "%s:%u: %s\n", c->path, line, what);
    else
        fprintf(stderr, "%s\n", what);
    c->faults++;
}

static void check_users(struct check *c)
{
    char why[256], text[LK_PATH_BYTES_MAX + sizeof why];
    uid_t uid;
    gid_t gid;
    struct lk_door door = {.count = 0};
    if (c->conf->user[0] != '\0' && !lk_account_user(c->conf->user, &uid, &gid)) {
        snprintf(text, sizeof text, "agent.user: there is no user '%s'", c->conf->user);
        fault(c, 0, text);
    }
    for (uint32_t i = 0; i < c->conf->socket_count; i++) {
        const struct lk_agent_conf_socket *row = &c->conf->sockets[i];
        if (row->owner[0] != '\0' && !lk_account_user(row->owner, &uid, &gid))
            fault(c, row->line, "sockets.owner: there is no such user");
        if (row->group[0] != '\0' && !lk_account_group(row->group, &gid))
            fault(c, row->line, "sockets.group: there is no such group");
    }
    if (lk_door_allow(&door, c->conf, why, sizeof why) != LK_OK) {
        snprintf(text, sizeof text, "%s: %s", c->path, why);
        fault(c, 0, text);
    }
    if (c->conf->allow_count == 0)
        printf("%-10s nobody but root may ask: the list allow is empty\n", "allow");
}

static void until(time_t at, char text[32])
{
    struct tm utc;
    if (gmtime_r(&at, &utc) == NULL || strftime(text, 32, "%Y-%m-%d %H:%M UTC", &utc) == 0)
        text[0] = '\0';
}

static void check_crl(struct check *c)
{
    char end[32];
    time_t at = (time_t)lk_agent_crl_end_s(c->conf);
    if (at == 0) return;
    until(at, end);
    printf("%-10s %s: whom of the key servers their authority has revoked, until %s\n", "channel",
           c->conf->crl, end);
    if (at < time(NULL))
        fault(c, 0, "channel.crl: has expired: every key server is refused; fetch a fresh one");
}

static void check_identity(struct check *c)
{
    char text[1024] = "", end[32];
    struct lurk_identity *identity = NULL;
    lk_err err = lk_agent_identity(c->conf, &identity, text, sizeof text);
    lurk_identity_free(identity);
    if (err != LK_OK) {
        fault(c, 0, text[0] != '\0' ? text : lk_err_text(err));
        return;
    }
    time_t at = (time_t)lk_agent_certificate_end_s(c->conf);
    until(at, end);
    printf("%-10s %s: the agent's own certificate, until %s\n", "channel", c->conf->certificate,
           end);
    if (at < time(NULL)) fault(c, 0, "channel.certificate: is past its end");
    printf("%-10s %s: signs the key servers' certificates\n", "channel", c->conf->ca);
    check_crl(c);
}

int lk_agent_check(const char *conf_path)
{
    static char error[8192];
    struct lk_agent_conf *conf = NULL;
    setvbuf(stdout, NULL, _IOLBF, 0); /* beside faults on standard error, in order */
    if (lk_agent_conf_read(conf_path, &conf, error, sizeof error) != LK_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    struct check c = {.conf = conf, .path = conf_path};
    check_users(&c);
    check_identity(&c);
    for (uint32_t i = 0; i < conf->socket_count; i++)
        printf("%-10s %s: local servers ask here\n", "socket", conf->sockets[i].path);
    for (uint32_t i = 0; i < conf->server_count; i++)
        printf("%-10s %s: %s port %u, named %s in its certificate\n", "server",
               conf->servers[i].name, conf->servers[i].host, conf->servers[i].port,
               conf->servers[i].server_name);
    for (uint32_t i = 0; i < conf->srv_count; i++)
        printf("%-10s %s: %s, named %s in their certificates\n", "service", conf->srvs[i].name,
               conf->srvs[i].service, conf->srvs[i].server_name);
    lk_agent_conf_free(conf);
    printf("%s: %u fault%s\n", conf_path, c.faults, c.faults == 1 ? "" : "s");
    return c.faults == 0 ? 0 : 1;
}
