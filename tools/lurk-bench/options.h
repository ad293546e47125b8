/* options: the command line of lurk-bench as a struct. One row a option (options.c): name, value,
 * range, help; the usage text comes from the same rows.
 * Owner main; read only once threads run. */
#ifndef LK_TOOLS_BENCH_OPTIONS_H
#define LK_TOOLS_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lurk-bench/exchange.h"

#define LK_BENCH_CPUS_MAX 256
#define LK_BENCH_PIDS_MAX 64
#define LK_BENCH_IN_FLIGHT_MAX 1024 /* ids carry the slot in ten bits */

struct lk_bench_options {
    char host[256];
    char port[16];
    uint32_t transport; /* enum lk_bench_transport_id */
    uint32_t tls;       /* 0 newest, 12, 13 */
    const char *ca, *cert, *key, *server_name;

    uint32_t connections, in_flight, threads;
    uint32_t cpus[LK_BENCH_CPUS_MAX], cpu_count;
    bool spin, reconnect;

    uint32_t weight[LK_BENCH_EXCHANGE_COUNT]; /* the mix; all zero: nothing is asked */
    const char *keys, *sign_keys;
    double zipf;            /* 0: uniform */
    uint16_t group, scheme; /* scheme 0: the usual one of each key */
    uint32_t proof, prf;    /* numbers of the wire */
    uint32_t pool; /* prepared requests for each key and exchange; 0: by the number of keys */

    double rate; /* requests a second of all threads; 0: closed loop */
    double warmup_s, duration_s, deadline_s;
    uint32_t verify_ppm; /* answers verified, of a million */
    uint64_t seed;

    double hostile_rate; /* malformed requests a second on a connection of their own */
    uint32_t hold;       /* idle connections beside the load */

    int64_t pids[LK_BENCH_PIDS_MAX];
    uint32_t pid_count;
    const char *metrics; /* HOST:PORT or NULL */
    const char *json;    /* file, "-" standard output, NULL none */
    bool progress, quiet;
};

/* Fills *options from the command line. Returns 0; 1 when help or version was asked for and
 * printed; 2 after a message on standard error that names the option, what is wrong and what is
 * allowed. */
int lk_bench_options_parse(int argc, char **argv, struct lk_bench_options *options);

#endif
