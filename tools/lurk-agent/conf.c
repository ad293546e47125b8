#include "tools/lurk-agent/conf.h"

#include <stdlib.h>
#include <string.h>

#include "core/conf/read.h"
#include "io/file.h"

static void check_times(const struct lk_agent_conf *conf, struct lk_faults *faults)
{
    if (conf->try_ms > conf->total_ms)
        lk_fault(faults, 1,
                 "requests.try: %u ms is longer than requests.total; allowed: at most %u ms",
                 conf->try_ms, conf->total_ms);
    if (conf->back_off_min_ms > conf->back_off_max_ms)
        lk_fault(faults, 1,
                 "requests.back_off: %u ms is longer than requests.back_off_max; allowed: "
                 "at most %u ms",
                 conf->back_off_min_ms, conf->back_off_max_ms);
}

static void check_sockets(const struct lk_agent_conf *conf, struct lk_faults *faults)
{
    for (uint32_t i = 0; i < conf->socket_count; i++) {
        const struct lk_agent_conf_socket *row = &conf->sockets[i];
        if (row->path[0] == '@' && (row->owner[0] != '\0' || row->group[0] != '\0'))
            lk_fault(faults, row->line,
                     "sockets.owner: '%s' is no file and has no owner; allowed: "
                     "owner and group with a path",
                     row->path);
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(conf->sockets[j].path, row->path) == 0)
                lk_fault(faults, row->line,
                         "sockets.path: '%s' is that of line %u; allowed: each once", row->path,
                         conf->sockets[j].line);
        if (strcmp(row->path, conf->control_socket) == 0)
            lk_fault(faults, row->line,
                     "sockets.path: '%s' is agent.control_socket too; allowed: "
                     "two different ones",
                     row->path);
    }
}

static void check_allows(const struct lk_agent_conf *conf, struct lk_faults *faults)
{
    for (uint32_t i = 0; i < conf->allow_count; i++) {
        const struct lk_agent_conf_allow *row = &conf->allows[i];
        if ((row->user[0] == '\0') == (row->group[0] == '\0'))
            lk_fault(faults, row->line,
                     "allow: a row names a user and a group, or neither; allowed: one of the two");
    }
}

static void check_servers(const struct lk_agent_conf *conf, struct lk_faults *faults)
{
    if (conf->server_count == 0 && conf->srv_count == 0)
        lk_fault(faults, 1, "servers: there is none, and no srv either; allowed: one at least");
    for (uint32_t i = 0; i < conf->server_count; i++)
        for (uint32_t j = 0; j < i; j++) {
            const struct lk_agent_conf_server *a = &conf->servers[i], *b = &conf->servers[j];
            if (a->port == b->port && a->transport == b->transport && strcmp(a->host, b->host) == 0)
                lk_fault(faults, a->line,
                         "servers.host: host, port and transport are those of line %u; allowed: "
                         "each once",
                         b->line);
        }
}

static void check(const void *conf, struct lk_faults *faults)
{
    check_times(conf, faults);
    check_sockets(conf, faults);
    check_allows(conf, faults);
    check_servers(conf, faults);
}

lk_err lk_agent_conf_parse(const char *file, struct lk_bytes text, struct lk_agent_conf **out,
                           char *error, size_t error_bytes)
{
    struct lk_agent_conf *conf = calloc(1, sizeof *conf);
    LK_REQUIRE(conf != NULL, LK_ERR_MEMORY);
    lk_err err = lk_conf_read(&lk_schema_agent, file, text, check, conf, error, error_bytes);
    if (err != LK_OK) {
        lk_agent_conf_free(conf);
        return err;
    }
    *out = conf;
    return LK_OK;
}

lk_err lk_agent_conf_read(const char *path, struct lk_agent_conf **out, char *error,
                          size_t error_bytes)
{
    uint8_t *text = NULL;
    size_t len = 0;
    if (error_bytes > 0) error[0] = '\0';
    lk_err err = lk_file_read(path, LK_FILE_BYTES_MAX, &text, &len, error, error_bytes);
    if (err == LK_OK)
        err = lk_agent_conf_parse(path, lk_bytes_of(text, len), out, error, error_bytes);
    free(text);
    if (err != LK_OK && error_bytes > 0 && error[0] == '\0')
        snprintf(error, error_bytes, "%s: %s", path, lk_err_text(err));
    return err;
}

void lk_agent_conf_free(struct lk_agent_conf *conf)
{
    if (conf == NULL) return;
    free(conf->sockets);
    free(conf->allows);
    free(conf->servers);
    free(conf->srvs);
    free(conf);
}

void lk_agent_conf_print(const struct lk_agent_conf *conf, FILE *to)
{
    lk_schema_print(&lk_schema_agent, conf, to);
}

bool lk_agent_conf_reloadable(const struct lk_agent_conf *running, const struct lk_agent_conf *next,
                              char *text, size_t text_bytes)
{
    return lk_schema_reloadable(&lk_schema_agent, running, next, text, text_bytes);
}
