#include "tools/lurkctl/edge_check.h"

#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lurkctl/edge_agent.h"
#include "tools/lurkctl/edge_conf.h"
#include "tools/lurkctl/edge_shake.h"
#include "tools/lurkctl/finding.h"

#define SOCKET_PATH "/run/lurk-agent/agent.sock"
#define CONF_PATH "/etc/lurk/openssl.cnf"
#define AGENTS_MAX 8

static void usage(FILE *to)
{
    fprintf(to,
            "Usage: lurkctl edge check [-a SOCKET] [-c openssl.cnf] [KEYFILE...]\n\n"
            "Whether TLS servers of this host get their keys used: as the user who asks. With "
            "key files,\n"
            "the whole way from openssl.cnf to a handshake in memory; else lurk-agent alone.\n\n"
            "  -c, --conf FILE      the TLS server's OPENSSL_CONF (" CONF_PATH ")\n"
            "  -a, --agent SOCKET   /path or @abstract of lurk-agent; without it, what the\n"
            "                       configuration and the key files say\n");
}

/* Sockets that are asked, each once. */
struct agents {
    char name[AGENTS_MAX][LK_KEYFILE_AGENT_MAX + 1];
    unsigned count;
};

static void agents_add(struct agents *agents, const char *name)
{
    for (unsigned i = 0; i < agents->count; i++)
        if (strcmp(agents->name[i], name) == 0) return;
    if (agents->count < AGENTS_MAX)
        snprintf(agents->name[agents->count++], sizeof agents->name[0], "%s", name);
}

static const char *modules_directory(void)
{
    const char *set = getenv("OPENSSL_MODULES");
    const char *info = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);
    return set != NULL ? set : info != NULL ? info : "";
}

/* A key file on the command line; path NULL: it is none. */
struct key {
    const char *path, *agent;
    struct lk_edge_keyfile file;
};

static void keys_check(const struct key *keys, int count, bool loads)
{
    for (int i = 0; i < count; i++) {
        if (keys[i].path == NULL) continue;
        if (loads) lk_edge_handshakes_check(keys[i].path);
        lk_edge_requests_tell(keys[i].agent, keys[i].path, keys[i].file.key_id);
    }
}

/* OPENSSL_CONF counts from OpenSSL's first use on, and reading a file is none. */
static void whole_check(const char *conf_path, const char *agent, char **files, int count)
{
    struct lk_edge_conf conf;
    struct agents agents = {.count = 0};
    struct key *keys = calloc((size_t)count + 1, sizeof *keys);
    if (keys == NULL) abort();
    setenv("OPENSSL_CONF", conf_path, 1);
    bool goes_on = lk_edge_conf_check(conf_path, modules_directory(), &conf);
    bool loads = goes_on && lk_edge_providers_check(&conf);
    for (int i = 0; i < count; i++) {
        const char *own = keys[i].file.agent;
        if (lk_edge_keyfile_check(files[i], &keys[i].file)) keys[i].path = files[i];
        keys[i].agent = agent != NULL ? agent : own[0] != 0 ? own : conf.agent;
        agents_add(&agents, keys[i].agent);
    }
    if (count == 0) agents_add(&agents, agent != NULL ? agent : conf.agent);
    bool answers = true;
    for (unsigned i = 0; i < agents.count; i++)
        answers = lk_edge_agent_check(agents.name[i]) && answers;
    if (answers) keys_check(keys, count, loads);
    free(keys);
}

int lk_edge_check(int argc, char **argv)
{
    static const struct option longs[] = {{"agent", required_argument, NULL, 'a'},
                                          {"conf", required_argument, NULL, 'c'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    const char *agent = NULL, *conf = NULL;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "a:c:h", longs, NULL)) != -1;) {
        switch (option) {
        case 'a': agent = optarg; break;
        case 'c': conf = optarg; break;
        case 'h': usage(stdout); return 0;
        default: usage(stderr); return 2;
        }
    }
    if (conf == NULL && optind == argc) {
        lk_edge_agent_check(agent != NULL ? agent : SOCKET_PATH);
    } else {
        const char *set = getenv("OPENSSL_CONF");
        whole_check(conf != NULL  ? conf
                    : set != NULL ? set
                                  : CONF_PATH,
                    agent, argv + optind, argc - optind);
    }
    return lk_finding_faults() == 0 ? 0 : 1;
}
