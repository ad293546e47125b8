#include "tools/lurkctl/edge.h"

#include <string.h>

#include "tools/lurkctl/edge_check.h"
#include "tools/lurkctl/edge_key.h"

static const struct edge_command {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"key", "CERT.pem: the key file that stands for the certificate's private key", lk_edge_key},
    {"check", "whether this user gets answers of key servers through lurk-agent", lk_edge_check},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

void lk_edge_usage(FILE *to)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  edge %-8s %s\n", commands[i].name, commands[i].help);
}

int lk_edge_main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr,
            argc > 1 ? "lurkctl: edge: unknown sub-command '%s'\n"
                     : "lurkctl: edge: a sub-command is missing\n",
            argc > 1 ? argv[1] : "");
    lk_edge_usage(stderr);
    return 2;
}
