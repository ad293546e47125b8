#include "bench/options.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 1000

static const struct option known[] = {
    {"rounds", required_argument, NULL, 'r'}, {"seconds", required_argument, NULL, 's'},
    {"keys", required_argument, NULL, 'k'},   {"only", required_argument, NULL, 'p'},
    {"out", required_argument, NULL, 'o'},    {"cpu", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};

_Noreturn static void usage(const char *program, const char *parts, int status)
{
    fprintf(status == 0 ? stdout : stderr,
            "usage: %s [OPTION]...\n"
            "  --rounds N    rounds of all rows, in a new order each (11; at most %d)\n"
            "  --seconds S   CPU time of a row in a round (0.12)\n"
            "  --keys N      keys in rotation (1000; at most %d)\n"
            "  --only PARTS  some of %s, with commas\n"
            "  --out FILE    where the JSON goes\n"
            "  --cpu N       the CPU to run on (where it starts)\n",
            program, LK_SHIM_ROUNDS_MAX, KEYS_MAX, parts);
    exit(status);
}

/* A number of at least `least` and at most `most`, or the end. */
static double number(const char *text, double least, double most, const char *what)
{
    char *end;
    double value = strtod(text, &end);
    if (end != text && *end == 0 && value >= least && value <= most) return value;
    fprintf(stderr, "bench: --%s %s: from %g to %g\n", what, text, least, most);
    exit(2);
}

static void take(struct lk_options *options, int option)
{
    switch (option) {
    case 'r':
        options->shim.rounds = (unsigned)number(optarg, 1, LK_SHIM_ROUNDS_MAX, "rounds");
        break;
    case 's': options->shim.seconds = number(optarg, 1e-4, 100, "seconds"); break;
    case 'k': options->keys = (unsigned)number(optarg, 8, KEYS_MAX, "keys"); break;
    case 'p': options->only = optarg; break;
    case 'o': options->out = optarg; break;
    default: options->cpu = (int)number(optarg, 0, CPU_SETSIZE - 1, "cpu"); break;
    }
}

/* Whether the word of `len` bytes at `at` is among the words of a list with commas. */
static bool listed(const char *list, const char *at, size_t len)
{
    for (; *list != 0; list += strspn(list, ",")) {
        size_t word = strcspn(list, ",");
        if (word == len && strncmp(list, at, len) == 0) return true;
        list += word;
    }
    return false;
}

/* Every word of --only is a part, or the end: nothing is left out for a word misspelt. */
static void judge_only(const char *only, const char *parts)
{
    for (; *only != 0; only += strspn(only, ",")) {
        size_t word = strcspn(only, ",");
        if (!listed(parts, only, word)) {
            fprintf(stderr, "bench: --only %.*s: no part of this bench; it has %s\n", (int)word,
                    only, parts);
            exit(2);
        }
        only += word;
    }
}

static void pin(int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) return;
    fprintf(stderr, "bench: this program may not run on CPU %d\n", cpu);
    exit(2);
}

void lk_options_read(struct lk_options *options, const char *out, const char *parts, int argc,
                     char **argv)
{
    *options = (struct lk_options){.shim = {.rounds = 11, .seconds = 0.12},
                                   .keys = KEYS_MAX,
                                   .only = "",
                                   .out = out,
                                   .cpu = sched_getcpu()};
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'h' || option == '?') usage(argv[0], parts, option == 'h' ? 0 : 2);
        take(options, option);
    }
    if (optind < argc) usage(argv[0], parts, 2);
    judge_only(options->only, parts);
    pin(options->cpu);
}

bool lk_options_want(const struct lk_options *options, const char *part)
{
    return options->only[0] == 0 || listed(options->only, part, strlen(part));
}

json_t *lk_options_json(const struct lk_options *options)
{
    return json_pack("{s:i, s:f, s:i, s:s, s:i}", "rounds", (int)options->shim.rounds, "seconds",
                     options->shim.seconds, "keys", (int)options->keys, "only", options->only,
                     "cpu", options->cpu);
}
