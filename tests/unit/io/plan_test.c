#include "io/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static char error[256];

/* cores of a machine with `smt` CPUs each; siblings are numbered behind all first CPUs, as Linux
 * does. */
static struct lk_topology machine(uint32_t cores, uint32_t smt, uint32_t nodes)
{
    struct lk_topology t = {.count = cores * smt};
    for (uint32_t i = 0; i < t.count; i++)
        t.cpu[i] = (struct lk_topology_cpu){.cpu = (uint16_t)i, .core = (uint16_t)(i % cores),
                                            .node = (uint16_t)((i % cores) * nodes / cores)};
    return t;
}

static struct lk_plan make(const struct lk_conf *conf, const struct lk_topology *t)
{
    struct lk_plan plan;
    assert_int_equal(lk_plan_make(conf, t, &plan, error, sizeof error), LK_OK);
    for (uint32_t i = 0; i < plan.loops + plan.workers; i++) {
        assert_int_equal(plan.thread[i].role, i < plan.loops ? LK_PLAN_LOOP : LK_PLAN_WORKER);
        assert_int_equal(plan.thread[i].index, i < plan.loops ? i : i - plan.loops);
    }
    return plan;
}

static void plan_one_cpu_is_shared_and_sleeps(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(1, 1, 1);
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops, 1);
    assert_int_equal(plan.workers, 1);
    assert_int_equal(plan.thread[0].cpu, 0);
    assert_int_equal(plan.thread[1].cpu, 0);
    assert_false(plan.thread[0].spins);
    assert_false(plan.thread[1].spins);
}

static void plan_two_cpus_are_a_loop_and_a_worker_that_spin(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(2, 1, 1);
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops, 1);
    assert_int_equal(plan.workers, 1);
    assert_int_equal(plan.thread[0].cpu, 0);
    assert_int_equal(plan.thread[1].cpu, 1);
    assert_true(plan.thread[0].spins);
    assert_true(plan.thread[1].spins);
    conf.spin = 1;
    plan = make(&conf, &t);
    assert_false(plan.thread[0].spins);
}

static void plan_siblings_of_one_core_sleep(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(1, 2, 1);
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.thread[0].cpu, 0);
    assert_int_equal(plan.thread[1].cpu, 1);
    assert_false(plan.thread[0].spins);
    assert_false(plan.thread[1].spins);
}

static void plan_eight_smt_cores_leave_siblings_alone(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(8, 2, 1);
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops, 2);
    assert_int_equal(plan.workers, 6);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(plan.thread[i].cpu, i);
        assert_true(plan.thread[i].spins);
    }
}

static void plan_reserve_keeps_the_lowest_cores_free(void **state)
{
    (void)state;
    struct lk_conf conf = {.reserve_cpus = 2};
    struct lk_topology t = machine(8, 2, 1);
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops + plan.workers, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_true(plan.thread[i].core >= 2);
    conf.reserve_cpus = 8;
    assert_int_equal(lk_plan_make(&conf, &t, &plan, error, sizeof error), LK_ERR_RANGE);
    assert_string_equal(error, "cpu.reserve: 8 of 8 free cores; allowed: 0 to 7");
    conf.reserve_cpus = 7; /* one core left: loop and worker on its two siblings */
    plan = make(&conf, &t);
    assert_int_equal(plan.loops + plan.workers, 2);
    assert_int_equal(plan.thread[0].core, 7);
    assert_int_equal(plan.thread[1].core, 7);
    assert_int_not_equal(plan.thread[0].cpu, plan.thread[1].cpu);
}

static void plan_each_node_has_loops_and_workers(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(16, 2, 2);
    struct lk_plan plan = make(&conf, &t);
    uint32_t count[2][2] = {{0}};
    for (uint32_t i = 0; i < plan.loops + plan.workers; i++) {
        assert_int_equal(plan.thread[i].node, plan.thread[i].cpu / 8);
        count[plan.thread[i].node][plan.thread[i].role]++;
    }
    for (int node = 0; node < 2; node++) {
        assert_int_equal(count[node][LK_PLAN_LOOP], 2);
        assert_int_equal(count[node][LK_PLAN_WORKER], 6);
    }
}

/* CPUs 3 and 5 of a larger machine, as a CPU set leaves them. */
static void plan_keeps_to_the_cpus_of_the_mask(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = {.count = 2, .cpu = {{3, 3, 0}, {5, 5, 1}}};
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops, 1);
    assert_int_equal(plan.workers, 1);
    assert_int_equal(plan.thread[0].cpu, 3);
    assert_int_equal(plan.thread[1].cpu, 5);
    conf = (struct lk_conf){.worker_count = 1, .worker_cpu = {4}};
    assert_int_equal(lk_plan_make(&conf, &t, &plan, error, sizeof error), LK_ERR_RANGE);
    assert_string_equal(error, "cpu.workers: names a CPU this process may not use; allowed: 3 5");
}

static void plan_quota_bounds_threads_and_stops_spinning(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(64, 1, 1);
    t.quota = 4;
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops, 1);
    assert_int_equal(plan.workers, 3);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(plan.thread[i].cpu, i);
        assert_false(plan.thread[i].spins);
    }
    t.quota = 1;
    plan = make(&conf, &t);
    assert_int_equal(plan.loops + plan.workers, 2);
    assert_int_equal(plan.thread[0].cpu, 0);
    assert_int_equal(plan.thread[1].cpu, 0);
}

static void plan_lists_are_taken_as_they_are(void **state)
{
    (void)state;
    struct lk_conf conf = {
        .loop_count = 2, .loop_cpu = {0, 0}, .worker_count = 2, .worker_cpu = {0, 2}};
    struct lk_topology t = machine(4, 1, 1);
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops, 2);
    assert_int_equal(plan.workers, 2);
    assert_int_equal(plan.thread[3].cpu, 2);
    assert_false(plan.thread[0].spins);
    assert_false(plan.thread[2].spins);
    assert_true(plan.thread[3].spins);
    conf = (struct lk_conf){.loop_count = 1, .loop_cpu = {3}};
    plan = make(&conf, &t);
    assert_int_equal(plan.workers, 3);
    assert_int_equal(plan.thread[1].cpu, 0);
    conf = (struct lk_conf){.worker_count = 3, .worker_cpu = {0, 1, 2}, .reserve_cpus = 0};
    plan = make(&conf, &t);
    assert_int_equal(plan.loops, 1);
    assert_int_equal(plan.thread[0].cpu, 3);
}

static void plan_stays_within_its_bounds(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(512, 2, 8);
    struct lk_plan plan = make(&conf, &t);
    assert_int_equal(plan.loops, LK_LOOPS_MAX);
    assert_int_equal(plan.workers, LK_WORKERS_MAX);
}

static void plan_prints_a_table_and_json(void **state)
{
    (void)state;
    struct lk_conf conf = {.spin = 0};
    struct lk_topology t = machine(2, 1, 1);
    struct lk_plan plan = make(&conf, &t);
    char text[1024] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    lk_plan_print(&plan, to);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(text, "ROLE     INDEX   CPU  CORE  NODE  IDLE\n"
                              "loop         0     0     0     0  spins\n"
                              "worker       0     1     1     0  spins\n");
    to = fmemopen(text, sizeof text, "w");
    lk_plan_print_json(&plan, to);
    assert_int_equal(fclose(to), 0);
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_array_size(json), 2);
    json_t *worker = json_array_get(json, 1);
    assert_string_equal(json_string_value(json_object_get(worker, "role")), "worker");
    assert_int_equal(json_integer_value(json_object_get(worker, "cpu")), 1);
    assert_true(json_is_true(json_object_get(worker, "spins")));
    json_decref(json);
}

static void topology_reads_a_quota(void **state)
{
    (void)state;
    assert_int_equal(lk_topology_quota("max 100000\n"), 0);
    assert_int_equal(lk_topology_quota("150000 100000\n"), 2);
    assert_int_equal(lk_topology_quota("200000 100000\n"), 2);
    assert_int_equal(lk_topology_quota("1000 100000\n"), 1);
    assert_int_equal(lk_topology_quota("1000 0\n"), 0);
    assert_int_equal(lk_topology_quota(""), 0);
}

/* Of the machine this runs on only what holds everywhere. */
static void topology_lists_the_cpus_we_may_use(void **state)
{
    (void)state;
    static struct lk_topology t;
    struct lk_conf conf = {.spin = 0};
    assert_int_equal(lk_topology_read(&t), LK_OK);
    assert_true(t.count >= 1);
    for (uint32_t i = 1; i < t.count; i++)
        assert_true(t.cpu[i - 1].cpu < t.cpu[i].cpu);
    struct lk_plan plan = make(&conf, &t);
    assert_true(plan.loops >= 1 && plan.workers >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_one_cpu_is_shared_and_sleeps),
        cmocka_unit_test(plan_two_cpus_are_a_loop_and_a_worker_that_spin),
        cmocka_unit_test(plan_siblings_of_one_core_sleep),
        cmocka_unit_test(plan_eight_smt_cores_leave_siblings_alone),
        cmocka_unit_test(plan_reserve_keeps_the_lowest_cores_free),
        cmocka_unit_test(plan_each_node_has_loops_and_workers),
        cmocka_unit_test(plan_keeps_to_the_cpus_of_the_mask),
        cmocka_unit_test(plan_quota_bounds_threads_and_stops_spinning),
        cmocka_unit_test(plan_lists_are_taken_as_they_are),
        cmocka_unit_test(plan_stays_within_its_bounds),
        cmocka_unit_test(plan_prints_a_table_and_json),
        cmocka_unit_test(topology_reads_a_quota),
        cmocka_unit_test(topology_lists_the_cpus_we_may_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
