/* lurk-bench: puts load on a LURK key server and says what it saw. */
#include <netdb.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/base/clock.h"
#include "tools/lurk-bench/load.h"
#include "tools/lurk-bench/report.h"

#define CONNECT_NS (15 * LK_NS_PER_S)

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };

/* All of a run. */
struct run {
    struct lk_bench_options options;
    struct lk_bench_keys keys, sign_keys;
    struct lk_bench_plan plan, malformed, idle;
    struct lk_bench_conn_env env;
    struct lk_bench_control control;
    struct lk_bench_load *loads;              /* the load's threads, then hostile, then hold */
    uint32_t load_count, hostile_at, hold_at; /* 0: there is none */
    struct lk_bench_stats stats;
    struct lk_bench_result result;
};

static struct run run;

static void interrupt(int signal_number)
{
    (void)signal_number;
    atomic_store(&run.control.interrupted, true);
}

static int complain(const char *what)
{
    fprintf(stderr, "lurk-bench: %s\n", what);
    return EXIT_USAGE;
}

/* --- preparation ------------------------------------------------------------------------------ */

static int address_find(const struct lk_bench_options *options, struct lk_bench_conn_env *env)
{
    struct addrinfo hints = {.ai_socktype = env->transport->datagram ? SOCK_DGRAM : SOCK_STREAM},
                    *found = NULL;
    int code = getaddrinfo(options->host, options->port, &hints, &found);
    if (code != 0) {
        fprintf(stderr, "lurk-bench: %s: %s\n", options->host, gai_strerror(code));
        return EXIT_USAGE;
    }
    memcpy(&env->address, found->ai_addr, found->ai_addrlen);
    env->address_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static int keys_read(char *error, uint32_t error_bytes)
{
    const struct lk_bench_options *o = &run.options;
    if (o->keys && lk_bench_keys_add(&run.keys, o->keys, error, error_bytes) < 0)
        return complain(error);
    if (o->sign_keys && lk_bench_keys_add(&run.sign_keys, o->sign_keys, error, error_bytes) < 0)
        return complain(error);
    return 0;
}

static int prepare(void)
{
    char error[512];
    struct lk_bench_options *o = &run.options;
    if (RAND_bytes((uint8_t *)&o->seed, sizeof(o->seed)) != 1)
        return complain("libcrypto gives no random bytes");
    run.env.options = o;
    run.env.transport = &lk_bench_transports[o->transport];
    int code = address_find(o, &run.env);
    if (code == 0) code = keys_read(error, sizeof(error));
    if (code != 0) return code;
    if (run.env.transport->secure &&
        !(run.env.identity = lk_bench_session_identity(o, error, sizeof(error))))
        return complain(error);
    if (lk_bench_plan_make(&run.plan, o, &run.keys, &run.sign_keys, error, sizeof(error)) < 0)
        return complain(error);
    struct lk_bench_options malformed = {
        .pool = 256, .seed = o->seed, .weight[LK_BENCH_MALFORMED] = 1};
    if (lk_bench_plan_make(&run.malformed, &malformed, &run.keys, &run.sign_keys, error,
                           sizeof(error)) < 0)
        return complain(error);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    return 0;
}

/* --- threads ---------------------------------------------------------------------------------- */

static struct lk_bench_load *load_add(const struct lk_bench_plan *plan, uint32_t connections,
                                      double rate)
{
    const struct lk_bench_options *o = &run.options;
    struct lk_bench_load *load = &run.loads[run.load_count];
    *load = (struct lk_bench_load){
        .control = &run.control,
        .options = o,
        .plan = plan,
        .conn_count = connections,
        .in_flight = o->in_flight,
        .rate = rate,
        .reconnect = o->reconnect,
        .phases = 1,
        .cpu = o->cpu_count ? (int)o->cpus[run.load_count % o->cpu_count] : -1,
        .draw = {.state = o->seed + run.load_count * 0x517cc1b727220a95u},
    };
    run.load_count++;
    return load;
}

static int loads_make(void)
{
    const struct lk_bench_options *o = &run.options;
    uint32_t threads = o->threads < o->connections ? o->threads : o->connections;
    run.loads = calloc(threads + 2, sizeof(*run.loads));
    if (!run.loads) return complain("no memory");
    for (uint32_t i = 0; i < threads; i++) {
        uint32_t share = o->connections / threads + (i < o->connections % threads);
        struct lk_bench_load *load = load_add(&run.plan, share, o->rate / threads);
        load->phase = i;
        load->phases = threads;
    }
    if (o->hostile_rate > 0) {
        run.hostile_at = run.load_count;
        load_add(&run.malformed, 1, o->hostile_rate)->reconnect = true;
    }
    if (o->hold > 0) {
        run.hold_at = run.load_count;
        load_add(&run.idle, o->hold, 0);
    }
    for (uint32_t i = 0; i < run.load_count; i++)
        if (lk_bench_load_init(&run.loads[i], &run.env) < 0)
            return complain("no memory for that many connections");
    return 0;
}

static int loads_start(void)
{
    for (uint32_t i = 0; i < run.load_count; i++) {
        int error = pthread_create(&run.loads[i].thread, NULL, lk_bench_load_run, &run.loads[i]);
        if (error == 0) continue;
        fprintf(stderr, "lurk-bench: a thread can not be started: %s\n", strerror(error));
        return EXIT_BAD;
    }
    return 0;
}

/* --- the run ---------------------------------------------------------------------------------- */

static bool interrupted(void)
{
    return atomic_load(&run.control.interrupted);
}

static void sleep_until(uint64_t ns)
{
    while (!interrupted()) {
        uint64_t now = lk_clock_now_ns();
        if (now >= ns) return;
        uint64_t rest = ns - now < 20 * LK_NS_PER_MS ? ns - now : 20 * LK_NS_PER_MS;
        struct timespec t = {.tv_nsec = (long)rest};
        nanosleep(&t, NULL);
    }
}

static void connections_wait(void)
{
    uint64_t until = lk_clock_now_ns() + CONNECT_NS;
    while (!interrupted() && atomic_load(&run.control.ready) < run.load_count &&
           lk_clock_now_ns() < until)
        sleep_until(lk_clock_now_ns() + LK_NS_PER_MS);
    if (atomic_load(&run.control.connected) == 0 && !run.options.reconnect)
        atomic_store(&run.control.interrupted, true); /* there is nobody to measure */
    if (run.options.hold > 0 && !interrupted()) {
        printf("holding %u\n", run.options.hold);
        fflush(stdout);
    }
}

static uint64_t answers(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < run.load_count; i++)
        if (run.loads[i].plan == &run.plan)
            sum += atomic_load_explicit(&run.loads[i].answers, memory_order_relaxed);
    return sum;
}

/* Sleeps through the measured time, with a line each second if wanted. */
static void progress(uint64_t measure_ns, uint64_t stop_ns)
{
    uint64_t before = answers(), second = 1;
    for (uint64_t at = measure_ns + LK_NS_PER_S; at < stop_ns && !interrupted();
         at += LK_NS_PER_S, second++) {
        sleep_until(at);
        uint64_t now = answers();
        if (run.options.progress && !interrupted())
            fprintf(stderr, "%4llu s  %llu answers/s\n", (unsigned long long)second,
                    (unsigned long long)(now - before));
        before = now;
    }
    sleep_until(stop_ns);
}

static void measure(void)
{
    const struct lk_bench_options *o = &run.options;
    struct lk_bench_usage before;
    connections_wait();
    uint64_t start = lk_clock_now_ns() + 5 * LK_NS_PER_MS;
    uint64_t measure_ns = start + (uint64_t)(o->warmup_s * 1e9),
             stop = measure_ns + (uint64_t)(o->duration_s * 1e9);
    atomic_store(&run.control.measure_ns, measure_ns);
    atomic_store(&run.control.stop_ns, stop);
    atomic_store_explicit(&run.control.start_ns, start, memory_order_release);
    sleep_until(measure_ns);
    lk_bench_usage_read(o, &before);
    progress(measure_ns, stop);
    lk_bench_usage_read(o, &run.result.server);
    lk_bench_usage_subtract(&run.result.server, &before);
    uint64_t end = lk_clock_now_ns();
    double measured_s = ((double)(end < stop ? end : stop) - (double)measure_ns) / 1e9;
    run.result.measured_s = measured_s > 0 ? measured_s
                                           : 1e-9; /* interrupted before there was anything */
}

static void conclude(void)
{
    for (uint32_t i = 0; i < run.load_count; i++) {
        struct lk_bench_load *load = &run.loads[i];
        pthread_join(load->thread, NULL);
        if (load->plan == &run.plan) {
            lk_bench_stats_merge(&run.stats, &load->stats);
            run.result.client_cpu_s += (double)load->cpu_ns / 1e9;
        }
        if (load->env.error[0]) fprintf(stderr, "lurk-bench: first failure: %s\n", load->env.error);
    }
    run.result.options = &run.options;
    run.result.plan = &run.plan;
    run.result.stats = &run.stats;
    run.result.hostile = run.options.hostile_rate > 0 ? &run.loads[run.hostile_at].stats : NULL;
    run.result.held = run.options.hold > 0 ? &run.loads[run.hold_at].stats : NULL;
}

static int report(void)
{
    if (!run.options.quiet) lk_bench_report_table(&run.result, stdout);
    if (run.options.json) {
        lk_err err = lk_bench_report_json(&run.result, run.options.json);
        if (err < 0) {
            fprintf(stderr, "lurk-bench: --json %s: %s\n", run.options.json, lk_err_text(err));
            return EXIT_BAD;
        }
    }
    return lk_bench_report_good(&run.result) ? EXIT_GOOD : EXIT_BAD;
}

static void clean_up(void)
{
    for (uint32_t i = 0; i < run.load_count; i++)
        lk_bench_load_fini(&run.loads[i]);
    free(run.loads);
    lk_bench_plan_free(&run.plan);
    lk_bench_plan_free(&run.malformed);
    lk_bench_keys_free(&run.keys);
    lk_bench_keys_free(&run.sign_keys);
    lurk_identity_free(run.env.identity);
}

int main(int argc, char **argv)
{
    int code = lk_bench_options_parse(argc, argv, &run.options);
    if (code != 0) return code == 1 ? EXIT_GOOD : EXIT_USAGE;
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if ((code = prepare()) != 0 || (code = loads_make()) != 0 || (code = loads_start()) != 0)
        return code;
    measure();
    conclude();
    code = report();
    clean_up();
    return code;
}
