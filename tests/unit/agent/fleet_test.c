/* A simulated fleet behind the broker: key servers with workers, queues and service times that are
 * drawn, clients that ask at random, and things that happen to servers. Time is simulated, so a
 * minute takes a moment and nothing depends on the machine. Percentiles and failures are judged. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "tests/support/draw.h"
#include "tools/liblurk/packet.h"
#include "tools/lurk-agent/broker.h"

#define MS LK_NS_PER_MS
#define US LK_NS_PER_US
#define S LK_NS_PER_S
#define SERVERS_MAX 8
#define WORKERS 4
#define ONE_WAY_NS (100 * US) /* on the network */
#define ERRANDS 4096
#define ASKED_MAX 400000

enum what { ARRIVE, REACH, WORKED, BACK, DIE, REBORN, SLOW, STALL, REFUSE };

struct event {
    uint64_t at_ns;
    enum what what;
    uint32_t server, life; /* of which life of the server */
    uint64_t id;
    double value;
};

struct sim_server {
    bool alive, stalled, refuses;
    double slow; /* times the service time */
    uint32_t life, busy, queue_head, queue_len;
    uint64_t queue[65536];
    uint64_t asked; /* requests that reached it */
};

static struct {
    struct event *heap;
    uint32_t count, room;
    struct sim_server server[SERVERS_MAX];
    struct lk_broker broker;
    struct lk_agent_metrics metrics;
    uint64_t now_ns, next_id, asked, failed, last_failed_ns;
    uint64_t *taken_ns; /* by id */
    double *took_us;
    uint32_t took;
    double rate, service_ns;
    uint64_t from_ns, until_ns; /* what is measured; arrivals end at until */
} sim;

/* --- events --------------------------------------------------------------------------------- */

static void event(uint64_t at_ns, enum what what, uint32_t server, uint64_t id, double value)
{
    if (sim.count == sim.room) {
        sim.room = sim.room * 2 + 1024;
        sim.heap = realloc(sim.heap, sim.room * sizeof *sim.heap);
        assert_non_null(sim.heap);
    }
    uint32_t at = sim.count++;
    struct event e = {at_ns, what, server, sim.server[server].life, id, value};
    for (; at > 0 && sim.heap[(at - 1) / 2].at_ns > at_ns; at = (at - 1) / 2)
        sim.heap[at] = sim.heap[(at - 1) / 2];
    sim.heap[at] = e;
}

static struct event event_next(void)
{
    struct event first = sim.heap[0], last = sim.heap[--sim.count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < sim.count; child = 2 * at + 1) {
        if (child + 1 < sim.count && sim.heap[child + 1].at_ns < sim.heap[child].at_ns) child++;
        if (sim.heap[child].at_ns >= last.at_ns) break;
        sim.heap[at] = sim.heap[child];
        at = child;
    }
    sim.heap[at] = last;
    return first;
}

static double exponential(double mean)
{
    return -mean * log(1.0 - (double)(lk_draw() >> 11) / 9007199254740992.0);
}

/* --- servers -------------------------------------------------------------------------------- */

/* Half of a service is fixed, half is exponential. */
static void work(uint32_t s, uint64_t id)
{
    struct sim_server *server = &sim.server[s];
    double took = (sim.service_ns / 2 + exponential(sim.service_ns / 2)) * server->slow;
    server->busy++;
    event(sim.now_ns + (uint64_t)took, WORKED, s, id, 0);
}

static void on_reach(uint32_t s, uint64_t id)
{
    struct sim_server *server = &sim.server[s];
    server->asked++;
    if (server->refuses) {
        event(sim.now_ns + ONE_WAY_NS, BACK, s, id, 1);
    } else if (server->busy < WORKERS) {
        work(s, id);
    } else {
        assert_true(server->queue_len < 65536);
        server->queue[(server->queue_head + server->queue_len++) % 65536] = id;
    }
}

static void on_worked(uint32_t s, uint64_t id)
{
    struct sim_server *server = &sim.server[s];
    server->busy--;
    if (server->stalled) return; /* the answer never comes */
    event(sim.now_ns + ONE_WAY_NS, BACK, s, id, 0);
    if (server->queue_len == 0) return;
    uint64_t next = server->queue[server->queue_head % 65536];
    server->queue_head++;
    server->queue_len--;
    work(s, next);
}

/* --- the agent ------------------------------------------------------------------------------ */

static void done(uint32_t errand, bool good)
{
    uint64_t id = sim.broker.errand[errand].wire_id, taken = sim.taken_ns[id];
    if (taken >= sim.from_ns && taken < sim.until_ns) {
        sim.asked++;
        if (good) {
            sim.took_us[sim.took++] = (double)(sim.now_ns - taken) / 1e3;
        } else {
            sim.failed++;
            sim.last_failed_ns = taken;
        }
    }
    lk_broker_release(&sim.broker, errand);
}

static void decisions(void)
{
    struct lk_decision d;
    lk_broker_turn(&sim.broker, sim.now_ns);
    while (lk_broker_next(&sim.broker, sim.now_ns, &d)) {
        uint64_t id = sim.broker.errand[d.errand].wire_id;
        if (d.kind == LK_DECISION_FAIL)
            done(d.errand, false);
        else
            event(sim.now_ns + ONE_WAY_NS, REACH, lk_line_server(d.line), id, 0);
    }
}

static void on_arrive(void)
{
    assert_true(sim.next_id < ASKED_MAX);
    uint64_t id = sim.next_id++;
    sim.taken_ns[id] = sim.now_ns;
    assert_int_not_equal(lk_broker_take(&sim.broker, id, 0, 0, sim.now_ns), LK_ERRAND_NONE);
    uint64_t next = sim.now_ns + (uint64_t)exponential(1e9 / sim.rate);
    if (next < sim.until_ns) event(next, ARRIVE, 0, 0, 0);
}

static void on_back(const struct event *e)
{
    uint32_t errand;
    enum lk_verdict verdict = e->value > 0 ? LK_VERDICT_BUSY : LK_VERDICT_FINAL;
    enum lk_answered how = lk_broker_answer(&sim.broker, lk_line_of(e->server, 0), e->id, verdict,
                                            sim.now_ns, &errand);
    if (how == LK_ANSWERED_DONE) done(errand, verdict == LK_VERDICT_FINAL);
}

/* While it has requests, so that there is something to lose. */
static void die(uint32_t s)
{
    struct sim_server *server = &sim.server[s];
    if (sim.broker.server[s].in_flight == 0) {
        event(sim.now_ns + MS, DIE, s, 0, 0);
        return;
    }
    server->alive = false;
    server->life++;
    server->busy = server->queue_len = 0;
    lk_broker_connecting(&sim.broker, s, true);
    lk_broker_line_down(&sim.broker, lk_line_of(s, 0), sim.now_ns);
    lk_broker_connecting(&sim.broker, s, false);
}

static void on_event(const struct event *e)
{
    struct sim_server *server = &sim.server[e->server];
    bool of_another_life = e->life != server->life && e->what != REBORN && e->what != ARRIVE;
    if (of_another_life && e->what <= BACK) return;
    switch (e->what) {
    case ARRIVE: on_arrive(); break;
    case REACH: on_reach(e->server, e->id); break;
    case WORKED: on_worked(e->server, e->id); break;
    case BACK: on_back(e); break;
    case DIE: die(e->server); break;
    case REBORN:
        *server = (struct sim_server){.alive = true, .slow = 1, .life = server->life + 1};
        lk_broker_line_up(&sim.broker, lk_line_of(e->server, 0));
        break;
    case SLOW: server->slow = e->value; break;
    case STALL: server->stalled = true; break;
    case REFUSE: server->refuses = e->value > 0; break;
    }
}

/* --- runs ----------------------------------------------------------------------------------- */

static void begin(uint32_t servers, double rate, double service_ms)
{
    static const struct lk_broker_conf conf = {.try_ns = 800 * MS,
                                               .total_ns = 1800 * MS,
                                               .back_off_min_ns = 50 * MS,
                                               .back_off_max_ns = 2000 * MS,
                                               .in_flight_per_line = 1000};
    memset(&sim, 0, sizeof sim);
    sim.taken_ns = calloc(ASKED_MAX, sizeof *sim.taken_ns);
    sim.took_us = calloc(ASKED_MAX, sizeof *sim.took_us);
    assert_true(lk_broker_init(&sim.broker, &conf, ERRANDS, lk_draw(), &sim.metrics));
    sim.rate = rate;
    sim.service_ns = service_ms * 1e6;
    sim.now_ns = sim.next_id = 1;
    for (uint32_t i = 0; i < servers; i++) {
        sim.server[i] = (struct sim_server){.alive = true, .slow = 1};
        lk_broker_server_set(&sim.broker, i, 0, 1);
        lk_broker_line_up(&sim.broker, lk_line_of(i, 0));
    }
    event(1, ARRIVE, 0, 0, 0);
}

static void run(uint64_t from_ns, uint64_t until_ns)
{
    sim.from_ns = from_ns;
    sim.until_ns = until_ns;
    for (;;) {
        uint64_t due = lk_broker_due_ns(&sim.broker, sim.now_ns);
        if (sim.count == 0 && due == UINT64_MAX) break;
        if (sim.count > 0 && sim.heap[0].at_ns <= due) {
            struct event e = event_next();
            sim.now_ns = e.at_ns;
            on_event(&e);
        } else {
            sim.now_ns = due;
        }
        decisions();
    }
    assert_int_equal(sim.broker.in_flight, 0);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile_us(double q)
{
    qsort(sim.took_us, sim.took, sizeof *sim.took_us, compare);
    return sim.took > 0 ? sim.took_us[(uint32_t)(q * (sim.took - 1))] : 0;
}

static void end(void)
{
    lk_broker_fini(&sim.broker);
    free(sim.taken_ns);
    free(sim.took_us);
    free(sim.heap);
}

/* --- what holds ----------------------------------------------------------------------------- */

/* Of 4 workers and 1 ms each a server does 4,000 a second. */
static double p99_of(uint32_t servers, double rate, double slow, double *share)
{
    begin(servers, rate, 1);
    if (slow > 1) event(2 * S, SLOW, 0, 0, slow);
    run(3 * S, 15 * S);
    double p99 = quantile_us(0.99), all = 0;
    for (uint32_t i = 0; i < servers; i++)
        all += (double)sim.server[i].asked;
    *share = (double)sim.server[0].asked / all;
    assert_int_equal(sim.failed, 0);
    end();
    return p99;
}

static void fleet_does_without_a_server_that_slows_down(void **state)
{
    (void)state;
    static const struct {
        uint32_t servers;
        double rate;
    } rows[] = {{2, 200}, {2, 1500}, {2, 3000}, {3, 5000}, {8, 12000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double share, even;
        double good = p99_of(rows[i].servers, rows[i].rate, 1, &even);
        double bad = p99_of(rows[i].servers, rows[i].rate, 4, &share);
        printf(
            "%u servers, %5.0f/s: p99 %5.0f us, one at a quarter of its speed %5.0f us (x %.2f), "
            "share %.3f\n",
            rows[i].servers, rows[i].rate, good, bad, bad / good, share);
        assert_true(bad <= 3 * good);
        assert_true(even > 0.75 / rows[i].servers && even < 1.25 / rows[i].servers);
    }
}

static void fleet_loses_nothing_to_a_server_that_dies(void **state)
{
    (void)state;
    begin(3, 6000, 1);
    event(5 * S, DIE, 1, 0, 0);
    event(7 * S, REBORN, 1, 0, 0);
    run(S, 12 * S);
    printf("a server dies: %llu asked, %llu failed\n", (unsigned long long)sim.asked,
           (unsigned long long)sim.failed);
    assert_int_equal(sim.failed, 0);
    assert_true(lk_agent_get(&sim.metrics, LK_A_AGAIN_LINE) > 0);
    assert_true(sim.server[1].asked > 4000); /* and it has its share again, in its second life */
    end();
}

/* A server that takes requests and never answers, until its pings end it two seconds later. */
static void fleet_shuns_a_server_that_stalls(void **state)
{
    (void)state;
    begin(3, 3000, 1);
    event(5 * S, STALL, 2, 0, 0);
    event(7 * S, DIE, 2, 0, 0);
    run(S, 15 * S);
    double p999 = quantile_us(0.999);
    printf("a server stalls: %llu asked, %llu failed, p99.9 %.0f us, %llu tries timed out\n",
           (unsigned long long)sim.asked, (unsigned long long)sim.failed, p999,
           (unsigned long long)lk_agent_get(&sim.metrics, LK_A_AGAIN_TIMEOUT));
    assert_int_equal(sim.failed, 0);
    assert_true(quantile_us(0.99) < 20000);
    assert_true(lk_agent_get(&sim.metrics, LK_A_AGAIN_TIMEOUT) < 40);
    end();
}

static void fleet_spares_a_server_that_refuses(void **state)
{
    (void)state;
    begin(3, 3000, 1);
    event(5 * S, REFUSE, 0, 0, 1);
    event(12 * S, REFUSE, 0, 0, 0);
    run(S, 20 * S);
    printf("a server refuses: %llu asked, %llu failed, %llu pauses, %llu second tries\n",
           (unsigned long long)sim.asked, (unsigned long long)sim.failed,
           (unsigned long long)lk_agent_get(&sim.metrics, LK_A_BACK_OFFS),
           (unsigned long long)lk_agent_get(&sim.metrics, LK_A_AGAIN_BUSY));
    assert_int_equal(sim.failed, 0);
    /* 50, 100, ... 2,000 ms: nine pauses in seven seconds, a handful of requests each. */
    assert_in_range(lk_agent_get(&sim.metrics, LK_A_BACK_OFFS), 6, 12);
    assert_true(lk_agent_get(&sim.metrics, LK_A_AGAIN_BUSY) < 200);
    end();
}

static void fleet_of_none_fails_at_once(void **state)
{
    (void)state;
    begin(1, 1000, 1);
    event(5 * S, DIE, 0, 0, 0);
    run(6 * S, 10 * S);
    assert_int_equal(sim.failed, sim.asked);
    assert_int_equal(sim.broker.due.count, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fleet_does_without_a_server_that_slows_down),
        cmocka_unit_test(fleet_loses_nothing_to_a_server_that_dies),
        cmocka_unit_test(fleet_shuns_a_server_that_stalls),
        cmocka_unit_test(fleet_spares_a_server_that_refuses),
        cmocka_unit_test(fleet_of_none_fails_at_once),
    };
    lk_draw_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
