#include "tools/lurk-bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lurk-bench/transport.h"

enum kind { TEXT, FLAG, COUNT, NUMBER, TIME, CHOICE, OWN };

struct choice {
    const char *name;
    uint32_t value;
};

struct row {
    const char *name;
    char letter;
    enum kind kind;
    size_t offset;
    double least, most;
    const struct choice *choices;
    bool (*own)(const char *text, struct lk_bench_options *options);
    const char *value;   /* its name in the usage text */
    const char *allowed; /* for OWN: what the message says */
    const char *help;
};

/* --- values of their own form ----------------------------------------------------------------- */

/* Cuts the next piece up to a comma; false at the end of the text. */
static bool piece_next(const char **text, char *piece, size_t bytes)
{
    if (!**text) return false;
    size_t len = strcspn(*text, ",");
    snprintf(piece, bytes, "%.*s", (int)len, *text);
    *text += len + ((*text)[len] == ',');
    return true;
}

static bool number_parse(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return errno == 0 && end != text && !*end;
}

static bool parse_mix(const char *text, struct lk_bench_options *options)
{
    char piece[128];
    memset(options->weight, 0, sizeof(options->weight));
    while (piece_next(&text, piece, sizeof(piece))) {
        double weight = 1;
        char *equals = strchr(piece, '=');
        if (equals) {
            *equals = '\0';
            if (!number_parse(equals + 1, &weight)) return false;
        }
        int row = lk_bench_exchange_find(piece);
        if (row < 0 || weight < 1 || weight > 1000000) return false;
        options->weight[row] = (uint32_t)weight;
    }
    return true;
}

static bool parse_cpus(const char *text, struct lk_bench_options *options)
{
    char piece[32];
    options->cpu_count = 0;
    while (piece_next(&text, piece, sizeof(piece))) {
        unsigned first, last;
        int used = 0;
        if (sscanf(piece, "%u-%u%n", &first, &last, &used) != 2 || piece[used]) {
            if (sscanf(piece, "%u%n", &first, &used) != 1 || piece[used]) return false;
            last = first;
        }
        for (unsigned cpu = first; cpu <= last; cpu++) {
            if (cpu >= 1024 || options->cpu_count == LK_BENCH_CPUS_MAX) return false;
            options->cpus[options->cpu_count++] = cpu;
        }
    }
    return options->cpu_count > 0;
}

static bool parse_pids(const char *text, struct lk_bench_options *options)
{
    char piece[32];
    double pid;
    options->pid_count = 0;
    while (piece_next(&text, piece, sizeof(piece))) {
        if (!number_parse(piece, &pid) || pid < 1 || options->pid_count == LK_BENCH_PIDS_MAX)
            return false;
        options->pids[options->pid_count++] = (int64_t)pid;
    }
    return options->pid_count > 0;
}

static bool parse_verify(const char *text, struct lk_bench_options *options)
{
    char number[32];
    double percent;
    size_t len = strlen(text);
    if (!strcmp(text, "all"))
        percent = 100;
    else if (!strcmp(text, "none"))
        percent = 0;
    else {
        if (len < 2 || len > sizeof(number) || text[len - 1] != '%') return false;
        snprintf(number, sizeof(number), "%.*s", (int)(len - 1), text);
        if (!number_parse(number, &percent)) return false;
    }
    if (!(percent >= 0 && percent <= 100)) return false;
    options->verify_ppm = (uint32_t)(percent * 10000);
    return true;
}

static bool parse_spread(const char *text, struct lk_bench_options *options)
{
    options->zipf = 0;
    if (!strcmp(text, "uniform")) return true;
    options->zipf = 1;
    if (!strcmp(text, "zipf")) return true;
    return !strncmp(text, "zipf:", 5) && number_parse(text + 5, &options->zipf) &&
           options->zipf > 0 && options->zipf <= 5;
}

static bool parse_hostile(const char *text, struct lk_bench_options *options)
{
    return !strncmp(text, "malformed=", 10) && number_parse(text + 10, &options->hostile_rate) &&
           options->hostile_rate >= 1 && options->hostile_rate <= 1000000;
}

static bool parse_scheme(const char *text, struct lk_bench_options *options)
{
    char *end;
    unsigned long v = strtoul(text, &end, 16);
    options->scheme = (uint16_t)v;
    return end != text && !*end && v <= 0xffff;
}

static bool parse_group(const char *text, struct lk_bench_options *options)
{
    static const uint16_t groups[] = {LK_GROUP_SECP256R1, LK_GROUP_SECP384R1, LK_GROUP_SECP521R1,
                                      LK_GROUP_X25519, LK_GROUP_X448};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strcmp(lk_group_find(groups[i])->name, text) != 0) continue;
        options->group = groups[i];
        return true;
    }
    return false;
}

/* HOST:PORT, or [IPv6]:PORT. */
static bool parse_target(const char *text, struct lk_bench_options *options)
{
    const char *colon = strrchr(text, ':');
    size_t host = colon ? (size_t)(colon - text) : 0;
    double port;
    if (host >= 2 && text[0] == '[' && text[host - 1] == ']') {
        text++;
        host -= 2;
    }
    if (host == 0 || host >= sizeof(options->host)) return false;
    if (!number_parse(colon + 1, &port) || port < 1 || port > 65535) return false;
    snprintf(options->host, sizeof(options->host), "%.*s", (int)host, text);
    snprintf(options->port, sizeof(options->port), "%u", (unsigned)port);
    return true;
}

/* A number with or without a unit: "5", "5s", "500 ms", "2 min". Seconds. */
static bool time_parse(const char *text, double *out)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"min", 60}};
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    if (errno != 0 || end == text) return false;
    end += strspn(end, " ");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) != 0) continue;
        *out = v * units[i].seconds;
        return true;
    }
    return false;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct choice transports[] = {{"tls", LK_BENCH_TLS},
                                           {"dtls", LK_BENCH_DTLS},
                                           {"tcp", LK_BENCH_TCP},
                                           {"udp", LK_BENCH_UDP},
                                           {NULL, 0}};
static const struct choice versions[] = {{"auto", 0}, {"1.2", 12}, {"1.3", 13}, {NULL, 0}};
static const struct choice proofs[] = {
    {"none", 0}, {"sha256_128", 1}, {"sha256_256", 2}, {NULL, 0}};
static const struct choice hashes[] = {
    {"sha256", LK_SHA256}, {"sha384", LK_SHA384}, {"sha512", LK_SHA512}, {NULL, 0}};

#define AT(field) offsetof(struct lk_bench_options, field)
#define EXCHANGES                                                                                  \
    "ping, capabilities, rsa_master, rsa_extended_master, both also ..._with_poh, ecdhe"

static const struct row rows[] = {
    {"connect", 0, OWN, 0, 0, 0, NULL, parse_target, "HOST:PORT",
     "HOST:PORT or [IPv6]:PORT with a port from 1 to 65535", "the server; may stand alone as well"},
    {"transport", 't', CHOICE, AT(transport), 0, 0, transports, NULL, "NAME", NULL,
     "how to reach the server (tls)"},
    {"tls", 0, CHOICE, AT(tls), 0, 0, versions, NULL, "VERSION", NULL, "TLS version (auto)"},
    {"ca", 0, TEXT, AT(ca), 0, 0, NULL, NULL, "FILE", NULL,
     "authority of the server's certificate, PEM"},
    {"cert", 0, TEXT, AT(cert), 0, 0, NULL, NULL, "FILE", NULL, "our certificate, the edge's, PEM"},
    {"key", 0, TEXT, AT(key), 0, 0, NULL, NULL, "FILE", NULL, "its private key, PEM"},
    {"server-name", 0, TEXT, AT(server_name), 0, 0, NULL, NULL, "NAME", NULL,
     "name the server proves (HOST)"},
    {"connections", 'c', COUNT, AT(connections), 0, 100000, NULL, NULL, "N", NULL,
     "connections (8)"},
    {"in-flight", 'm', COUNT, AT(in_flight), 1, LK_BENCH_IN_FLIGHT_MAX, NULL, NULL, "N", NULL,
     "requests outstanding on each (16)"},
    {"threads", 0, COUNT, AT(threads), 1, 256, NULL, NULL, "N", NULL, "client threads (1)"},
    {"cpus", 0, OWN, 0, 0, 0, NULL, parse_cpus, "LIST", "CPU numbers below 1024, such as 1,4-6",
     "pin the threads to these CPUs in turn"},
    {"spin", 0, FLAG, AT(spin), 0, 0, NULL, NULL, NULL, NULL, "poll without sleeping"},
    {"reconnect", 0, FLAG, AT(reconnect), 0, 0, NULL, NULL, NULL, NULL,
     "open a connection again when it ends"},
    {"mix", 'x', OWN, 0, 0, 0, NULL, parse_mix, "LIST",
     "NAME or NAME=WEIGHT with commas between, weight 1 to 1000000; NAME: " EXCHANGES,
     "exchanges and weights (ping), such as ecdhe=3,rsa_master=1"},
    {"keys", 'k', TEXT, AT(keys), 0, 0, NULL, NULL, "PATHS", NULL,
     "public keys or certificates, files or folders: RSA to decrypt, others to sign"},
    {"sign-keys", 0, TEXT, AT(sign_keys), 0, 0, NULL, NULL, "PATHS", NULL, "the same, all to sign"},
    {"key-spread", 0, OWN, 0, 0, 0, NULL, parse_spread, "HOW",
     "uniform, zipf or zipf:S with S up to 5", "how often each key is asked (uniform)"},
    {"group", 'g', OWN, 0, 0, 0, NULL, parse_group, "NAME",
     "secp256r1, secp384r1, secp521r1, x25519 or x448", "group of ecdhe (secp256r1)"},
    {"proof", 'p', CHOICE, AT(proof), 0, 0, proofs, NULL, "NAME", NULL,
     "proof of ownership of ecdhe (none)"},
    {"scheme", 0, OWN, 0, 0, 0, NULL, parse_scheme, "HEX", "a SignatureScheme, such as 0804",
     "signature scheme (each key's usual one)"},
    {"prf", 0, CHOICE, AT(prf), 0, 0, hashes, NULL, "NAME", NULL, "hash of rsa_master (sha256)"},
    {"pool", 0, COUNT, AT(pool), 0, 65536, NULL, NULL, "N", NULL,
     "prepared requests for each key (0: by the number of keys)"},
    {"rate", 'r', NUMBER, AT(rate), 0, 1e8, NULL, NULL, "N", NULL,
     "requests a second, sent on time: open loop (0: closed loop)"},
    {"warmup", 'w', TIME, AT(warmup_s), 0, 3600, NULL, NULL, "TIME", NULL,
     "time before measuring (1s)"},
    {"duration", 'd', TIME, AT(duration_s), 0.01, 86400, NULL, NULL, "TIME", NULL,
     "time of measuring (5s)"},
    {"deadline", 0, TIME, AT(deadline_s), 0.01, 600, NULL, NULL, "TIME", NULL,
     "give a request up after this (2s)"},
    {"verify", 'v', OWN, 0, 0, 0, NULL, parse_verify, "SHARE",
     "all, none or N% with N from 0 to 100", "answers to check by their arithmetic (1%)"},
    {"hostile", 0, OWN, 0, 0, 0, NULL, parse_hostile, "malformed=RATE",
     "malformed=RATE with RATE from 1 to 1000000",
     "malformed requests a second beside the load, on one connection"},
    {"hold", 0, COUNT, AT(hold), 0, 100000, NULL, NULL, "N", NULL,
     "idle connections to keep open beside the load"},
    {"server-pids", 0, OWN, 0, 0, 0, NULL, parse_pids, "LIST",
     "process numbers with commas between, at most 64",
     "count the CPU time of these processes and of all they started"},
    {"metrics", 0, TEXT, AT(metrics), 0, 0, NULL, NULL, "HOST:PORT", NULL,
     "count the server's CPU time by its metrics page"},
    {"json", 'j', TEXT, AT(json), 0, 0, NULL, NULL, "FILE", NULL,
     "write the result as JSON; - is standard output"},
    {"progress", 0, FLAG, AT(progress), 0, 0, NULL, NULL, NULL, NULL,
     "a line each second on standard error"},
    {"quiet", 'q', FLAG, AT(quiet), 0, 0, NULL, NULL, NULL, NULL, "no table"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void usage(FILE *to)
{
    fprintf(to, "Usage: lurk-bench [OPTION ...] HOST:PORT\n"
                "Puts load on a LURK key server and reports throughput and latency.\n\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char left[64], letter[8] = "    ";
        if (rows[i].letter) snprintf(letter, sizeof(letter), "-%c, ", rows[i].letter);
        snprintf(left, sizeof(left), "%s--%s%s%s", letter, rows[i].name, rows[i].value ? " " : "",
                 rows[i].value ? rows[i].value : "");
        fprintf(to, "  %-28s %s\n", left, rows[i].help);
    }
    fprintf(to,
            "  %-28s %s\n  %-28s %s\n\nExchanges: " EXCHANGES ".\n"
            "Ends with 0, with 1 when an answer was wrong, double, missing or refused, with 2 for "
            "a bad command line.\n",
            "-h, --help", "this text", "    --version", "the version");
}

/* --- the command line ------------------------------------------------------------------------- */

static int complain(const struct row *row, const char *text)
{
    fprintf(stderr, "lurk-bench: --%s '%s': ", row->name, text);
    switch (row->kind) {
    case COUNT:
        fprintf(stderr, "want a whole number from %.0f to %.0f\n", row->least, row->most);
        break;
    case NUMBER: fprintf(stderr, "want a number from %g to %g\n", row->least, row->most); break;
    case TIME:
        fprintf(stderr, "want a time from %gs to %gs, such as 5s or 500ms\n", row->least,
                row->most);
        break;
    case CHOICE:
        fprintf(stderr, "want one of");
        for (const struct choice *c = row->choices; c->name; c++)
            fprintf(stderr, " %s", c->name);
        fprintf(stderr, "\n");
        break;
    default: fprintf(stderr, "want %s\n", row->allowed ? row->allowed : "a value"); break;
    }
    return 2;
}

static int take_number(const struct row *row, const char *text, struct lk_bench_options *options)
{
    double v;
    bool number = row->kind == TIME ? time_parse(text, &v) : number_parse(text, &v);
    if (!number || !(v >= row->least && v <= row->most)) return complain(row, text);
    if (row->kind != COUNT)
        memcpy((char *)options + row->offset, &v, sizeof v);
    else if ((double)(uint32_t)v == v)
        *(uint32_t *)((char *)options + row->offset) = (uint32_t)v;
    else
        return complain(row, text);
    return 0;
}

static int take_choice(const struct row *row, const char *text, struct lk_bench_options *options)
{
    for (const struct choice *c = row->choices; c->name; c++) {
        if (strcmp(c->name, text) != 0) continue;
        *(uint32_t *)((char *)options + row->offset) = c->value;
        return 0;
    }
    return complain(row, text);
}

static int take(const struct row *row, const char *text, struct lk_bench_options *options)
{
    char *field = (char *)options + row->offset;
    switch (row->kind) {
    case TEXT: *(const char **)field = text; return *text ? 0 : complain(row, text);
    case FLAG: *(bool *)field = true; return 0;
    case CHOICE: return take_choice(row, text, options);
    case OWN: return row->own(text, options) ? 0 : complain(row, text);
    default: return take_number(row, text, options);
    }
}

static int missing(const char *what, const char *why)
{
    fprintf(stderr, "lurk-bench: %s is missing: %s\n", what, why);
    return 2;
}

/* What only the whole command line tells. */
static int judge(const struct lk_bench_options *o)
{
    if (!o->host[0]) return missing("--connect HOST:PORT", "it says which server to ask");
    bool secure = o->transport == LK_BENCH_TLS || o->transport == LK_BENCH_DTLS;
    if (secure && !o->ca) return missing("--ca", "the server has to prove itself");
    if (secure && (!o->cert || !o->key))
        return missing("--cert or --key", "the server asks for our certificate");
    if (o->connections == 0 && o->hold == 0)
        return missing("--hold", "with --connections 0 there is nothing to do");
    if (o->rate > 0 && o->connections == 0)
        return missing("--connections", "--rate wants at least one");
    return 0;
}

static void defaults(struct lk_bench_options *o)
{
    *o = (struct lk_bench_options){
        .connections = 8,
        .in_flight = 16,
        .threads = 1,
        .group = LK_GROUP_SECP256R1,
        .warmup_s = 1,
        .duration_s = 5,
        .deadline_s = 2,
        .verify_ppm = 10000,
        .progress = isatty(STDERR_FILENO) == 1,
    };
    o->weight[LK_BENCH_PING] = 1;
}

/* getopt's tables out of the rows; `letters` takes two bytes a row and three more. */
static void tables(struct option *longs, char *letters)
{
    *letters++ = 'h';
    for (size_t i = 0; i < ROW_COUNT; i++) {
        bool value = rows[i].kind != FLAG;
        longs[i] = (struct option){rows[i].name, value ? required_argument : no_argument, NULL,
                                   (int)(256 + i)};
        if (!rows[i].letter) continue;
        *letters++ = rows[i].letter;
        if (value) *letters++ = ':';
    }
    *letters = '\0';
    longs[ROW_COUNT] = (struct option){"help", no_argument, NULL, 'h'};
    longs[ROW_COUNT + 1] = (struct option){"version", no_argument, NULL, 1};
    longs[ROW_COUNT + 2] = (struct option){0};
}

static const struct row *row_of(int code)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (code == (int)(256 + i) || (rows[i].letter && code == rows[i].letter)) return &rows[i];
    return NULL;
}

int lk_bench_options_parse(int argc, char **argv, struct lk_bench_options *options)
{
    struct option longs[ROW_COUNT + 3];
    char letters[3 * ROW_COUNT + 4];
    int code;
    tables(longs, letters);
    defaults(options);
    optind = 0;
    while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const struct row *row = row_of(code);
        if (code == 'h') {
            usage(stdout);
            return 1;
        }
        if (code == 1) {
            printf("lurk-bench %s (%s)\n", LK_COMMIT, LK_CONFIG);
            return 1;
        }
        if (!row) {
            fprintf(stderr, "lurk-bench: --help lists the options\n");
            return 2;
        }
        int taken = take(row, optarg, options);
        if (taken != 0) return taken;
    }
    if (optind < argc - 1)
        return missing("an option's name", "one target stands behind the options");
    int taken = optind < argc ? take(&rows[0], argv[optind], options) : 0;
    return taken ? taken : judge(options);
}
