/* lurkd: the key server. Reads its options and becomes the supervisor; as a child that the
 * supervisor executed, argv[0] names its role. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/conf/conf.h"
#include "io/child.h"
#include "io/file.h"
#include "io/supervise.h"
#include "tools/lurkd/check.h"
#include "tools/lurkd/version.h"

enum option_id { OPTION_CHECK = 256, OPTION_PRINT, OPTION_VERSION, OPTION_ONE_PROCESS };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"print-config", no_argument, NULL, OPTION_PRINT},
    {"one-process", no_argument, NULL, OPTION_ONE_PROCESS},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: lurkd -c FILE                 serve\n"
    "       lurkd --check -c FILE         check everything that FILE names, serve nothing\n"
    "       lurkd --print-config -c FILE  the effective configuration, defaults included\n"
    "       lurkd --version               versions, build, CPU features, kernels chosen\n"
    "\n"
    "  -c, --config FILE   the configuration (YAML)\n"
    "      --one-process   front and vault as threads, without sandboxes: for debuggers only\n"
    "  -h, --help          this text\n"
    "\n"
    "Signals: TERM or INT drains and ends (twice: at once), HUP reloads.\n";

/* What the command line asks for. */
struct wish {
    const char *conf_path;
    bool one_process, check, print;
};

static int print_conf(const char *path)
{
    char error[8192] = "";
    uint8_t *text = NULL;
    size_t len = 0;
    struct lk_conf *conf = NULL;
    lk_err err = lk_file_read(path, LK_CONF_BYTES_MAX, &text, &len, error, sizeof error);
    if (err == LK_OK) {
        const struct lk_bytes view = {.data = text, .len = len};
        err = lk_conf_parse(path, view, &conf, error, sizeof error);
        free(text);
    }
    if (err != LK_OK) {
        fprintf(stderr, "lurkd: %s\n", error[0] != 0 ? error : lk_err_text(err));
        return 1;
    }
    lk_conf_print(conf, stdout);
    lk_conf_free(conf);
    return 0;
}

static int fulfil(const struct wish *wish)
{
    if (wish->conf_path == NULL) {
        fprintf(stderr, "lurkd: no configuration: lurkd -c FILE (lurkd --help)\n");
        return 2;
    }
    if (wish->print) return print_conf(wish->conf_path);
    if (wish->check) return lk_lurkd_check(wish->conf_path);
    const struct lk_supervise_options o = {.conf_path = wish->conf_path,
                                           .one_process = wish->one_process};
    return lk_supervise(&o);
}

int main(int argc, char **argv)
{
    int role = argc > 0 ? lk_child_role(argv[0]) : 0;
    if (role != 0) return lk_child_main((enum lk_role)role);
    struct wish wish = {.conf_path = NULL};
    int c;
    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (c) {
        case 'c': wish.conf_path = optarg; break;
        case OPTION_CHECK: wish.check = true; break;
        case OPTION_PRINT: wish.print = true; break;
        case OPTION_ONE_PROCESS: wish.one_process = true; break;
        case OPTION_VERSION: return lk_lurkd_version(stdout);
        case 'h': fputs(help, stdout); return 0;
        default: fputs(help, stderr); return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "lurkd: what is \"%s\"?\n%s", argv[optind], help);
        return 2;
    }
    return fulfil(&wish);
}
