/* lurkctl: asks a running lurkd, and tells it to reload or drain. Tables for people, --json for
 * programs. `lurkctl edge` is for edge hosts and asks nobody. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "tools/lurkctl/ask.h"
#include "tools/lurkctl/edge.h"
#include "tools/lurkctl/show.h"

#define SOCKET_PATH "/run/lurk/control.sock"

enum { EXIT_GOOD = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const struct command {
    const char *name;
    const char *help;
    const char *shown; /* the part of the reply for people; NULL: all of it */
} commands[] = {
    {"status", "what runs: processes, generation, epoch, uptime", NULL},
    {"stats", "counters since the start", NULL},
    {"keys", "keys in use, by name and id", "keys"},
    {"edges", "edges that are known, by pattern", "edges"},
    {"plan", "threads and the CPUs they run on", "threads"},
    {"reload", "read the configuration again; the old one stays when the new one is bad", NULL},
    {"drain", "answer what is accepted, then end", NULL},
    {"ping", "does it answer, and how fast", NULL},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void usage(FILE *to)
{
    fprintf(to, "Usage: lurkctl [-s SOCKET] [--json] [COMMAND]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
    fprintf(to, "\nOn an edge host, without a server:\n\n");
    lk_edge_usage(to);
    fprintf(to,
            "\n  -s, --socket PATH  the server's control_socket (%s)\n"
            "  -j, --json         the whole reply as one line of JSON\n"
            "Without a command: status. Ends with 0, 1 when lurkd refuses or does not answer, 2 "
            "for a bad\n"
            "command line.\n",
            SOCKET_PATH);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

/* ping is a status of which only the time matters. */
static bool is_ping(const struct command *command)
{
    return strcmp(command->name, "ping") == 0;
}

static void show(const struct command *command, const json_t *reply)
{
    const json_t *part = command->shown != NULL ? json_object_get(reply, command->shown) : NULL;
    if (part != NULL) {
        lk_show(stdout, part);
        return;
    }
    json_t *rest = json_copy((json_t *)(uintptr_t)reply);
    json_object_del(rest, "ok");
    if (json_object_size(rest) == 0) json_object_set_new(rest, command->name, json_string("done"));
    lk_show(stdout, rest);
    json_decref(rest);
}

static int run(const struct command *command, const char *socket_path, bool json)
{
    char error[512];
    uint64_t asked_ns = lk_clock_now_ns();
    json_t *reply = lk_ask(socket_path, is_ping(command) ? "status" : command->name, error,
                           sizeof error);
    uint64_t took_us = (lk_clock_now_ns() - asked_ns) / LK_NS_PER_US;
    if (reply == NULL) {
        fprintf(stderr, "lurkctl: %s\n", error);
        return EXIT_REFUSED;
    }
    bool good = json_is_true(json_object_get(reply, "ok"));
    if (json) {
        json_dumpf(reply, stdout, JSON_COMPACT);
        printf("\n");
    } else if (!good) {
        const char *why = json_string_value(json_object_get(reply, "error"));
        fprintf(stderr, "lurkctl: %s: %s\n", command->name, why != NULL ? why : "refused");
    } else if (is_ping(command)) {
        printf("lurkd answered in %llu us\n", (unsigned long long)took_us);
    } else {
        show(command, reply);
    }
    json_decref(reply);
    return good ? EXIT_GOOD : EXIT_REFUSED;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"socket", required_argument, NULL, 's'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {0}};
    const char *socket_path = SOCKET_PATH;
    bool json = false;
    if (argc > 1 && strcmp(argv[1], "edge") == 0) return lk_edge_main(argc - 1, argv + 1);
    for (int option; (option = getopt_long(argc, argv, "s:jh", longs, NULL)) != -1;) {
        switch (option) {
        case 's': socket_path = optarg; break;
        case 'j': json = true; break;
        case 'h': usage(stdout); return EXIT_GOOD;
        case 'V': printf("lurkctl %s\n", LK_COMMIT); return EXIT_GOOD;
        default: usage(stderr); return EXIT_USAGE;
        }
    }
    const struct command *command = find(optind < argc ? argv[optind] : "status");
    if (command == NULL || optind + 1 < argc) {
        fprintf(stderr, "lurkctl: %s\n",
                command == NULL ? "unknown command" : "one command at a time");
        usage(stderr);
        return EXIT_USAGE;
    }
    return run(command, socket_path, json);
}
