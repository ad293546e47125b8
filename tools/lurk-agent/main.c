/* lurk-agent: between the TLS servers of an edge host and a fleet of key servers. */
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "tools/lurk-agent/agent.h"
#include "tools/lurk-agent/check.h"

enum option_id { OPTION_CHECK = 256, OPTION_PRINT, OPTION_TAKE_OVER, OPTION_VERSION };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"print-config", no_argument, NULL, OPTION_PRINT},
    {"take-over", no_argument, NULL, OPTION_TAKE_OVER},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: lurk-agent -c FILE                 serve\n"
    "       lurk-agent --take-over -c FILE     serve in the place of the running agent\n"
    "       lurk-agent --check -c FILE         check everything that FILE names, serve nothing\n"
    "       lurk-agent --print-config -c FILE  the effective configuration, defaults included\n"
    "       lurk-agent --version\n"
    "\n"
    "  -c, --config FILE   the configuration (YAML)\n"
    "  -h, --help          this text\n"
    "\n"
    "Signals: TERM or INT drains and ends (twice: at once), HUP reloads.\n";

static int print_conf(const char *path)
{
    static char error[8192];
    struct lk_agent_conf *conf = NULL;
    if (lk_agent_conf_read(path, &conf, error, sizeof error) != LK_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    lk_agent_conf_print(conf, stdout);
    lk_agent_conf_free(conf);
    return 0;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    int wish = 0;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c': path = optarg; break;
        case 'h': fputs(help, stdout); return 0;
        case OPTION_CHECK:
        case OPTION_PRINT:
        case OPTION_TAKE_OVER: wish = option; break;
        case OPTION_VERSION:
            printf("lurk-agent %s (%s), %s\n", LK_COMMIT, LK_CONFIG,
                   OpenSSL_version(OPENSSL_VERSION));
            return 0;
        default: fputs(help, stderr); return 2;
        }
    }
    if (path == NULL || optind < argc) {
        fprintf(stderr, "lurk-agent: %s\n", path == NULL ? "-c FILE is missing" : "what is that?");
        fputs(help, stderr);
        return 2;
    }
    if (wish == OPTION_CHECK) return lk_agent_check(path);
    if (wish == OPTION_PRINT) return print_conf(path);
    return lk_agent_main(path, wish == OPTION_TAKE_OVER);
}
