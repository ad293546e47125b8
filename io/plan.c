#include "io/plan.h"

#include <string.h>

#define WORKERS_PER_LOOP 3 /* a loop costs a worker's third even for the cheapest signatures */

/* What is left to hand out of the topology. Indices are the topology's. */
struct pool {
    const struct lk_topology *topology;
    uint8_t taken[LK_CPUS_MAX];      /* by CPU's index */
    uint8_t core_taken[LK_CPUS_MAX]; /* by core: one of its CPUs is */
    uint8_t leads[LK_CPUS_MAX];      /* by CPU's index: the first of its core */
    int node_count;
};

static void pool_init(struct pool *pool, const struct lk_topology *t)
{
    uint8_t seen[LK_CPUS_MAX] = {0};
    *pool = (struct pool){.topology = t};
    for (uint32_t i = 0; i < t->count; i++) {
        LK_ASSERT(t->cpu[i].core < LK_CPUS_MAX);
        pool->leads[i] = !seen[t->cpu[i].core];
        seen[t->cpu[i].core] = 1;
        if (t->cpu[i].node >= pool->node_count) pool->node_count = t->cpu[i].node + 1;
    }
}

static void take(struct pool *pool, uint32_t i)
{
    pool->taken[i] = 1;
    pool->core_taken[pool->topology->cpu[i].core] = 1;
}

static void take_core(struct pool *pool, uint16_t core)
{
    for (uint32_t i = 0; i < pool->topology->count; i++)
        if (pool->topology->cpu[i].core == core) take(pool, i);
}

static uint32_t free_cores(const struct pool *pool, int node)
{
    const struct lk_topology *t = pool->topology;
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->count; i++)
        if (pool->leads[i] && !pool->core_taken[t->cpu[i].core] &&
            (node < 0 || t->cpu[i].node == node))
            count++;
    return count;
}

static void add(struct lk_plan *plan, enum lk_plan_role role, const struct lk_topology_cpu *cpu)
{
    uint32_t *count = role == LK_PLAN_LOOP ? &plan->loops : &plan->workers;
    uint32_t place = role == LK_PLAN_LOOP ? plan->loops : LK_LOOPS_MAX + plan->workers;
    plan->thread[place] = (struct lk_plan_thread){
        .role = role, .index = (*count)++, .cpu = cpu->cpu, .core = cpu->core, .node = cpu->node};
}

/* The first free CPU: of an untouched core if wanted, of this node if one is given. UINT32_MAX
 * none. */
static uint32_t find_free(const struct pool *pool, int node, bool whole_core)
{
    const struct lk_topology *t = pool->topology;
    for (uint32_t i = 0; i < t->count; i++) {
        bool good = !pool->taken[i] && (node < 0 || t->cpu[i].node == node);
        if (good && (!whole_core || !pool->core_taken[t->cpu[i].core])) return i;
    }
    return UINT32_MAX;
}

/* Up to count threads on a core each, of one node or (-1) of any. */
static void take_cores(struct pool *pool, struct lk_plan *plan, enum lk_plan_role role, int node,
                       uint32_t count)
{
    uint32_t bound = role == LK_PLAN_LOOP ? LK_LOOPS_MAX : LK_WORKERS_MAX;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t have = role == LK_PLAN_LOOP ? plan->loops : plan->workers;
        uint32_t i = find_free(pool, node, true);
        if (i == UINT32_MAX || have == bound) return;
        take(pool, i);
        add(plan, role, &pool->topology->cpu[i]);
    }
}

/* At least one of a role: on a core, on an idle SMT sibling, or else beside the last of the other.
 * */
static void take_one(struct pool *pool, struct lk_plan *plan, enum lk_plan_role role)
{
    uint32_t i = find_free(pool, -1, true);
    if (i == UINT32_MAX) i = find_free(pool, -1, false);
    if (i != UINT32_MAX) {
        take(pool, i);
        add(plan, role, &pool->topology->cpu[i]);
        return;
    }
    const struct lk_plan_thread *other =
        role == LK_PLAN_LOOP ? &plan->thread[LK_LOOPS_MAX + plan->workers - 1]
                             : &plan->thread[plan->loops - 1];
    LK_ASSERT(plan->loops + plan->workers > 0);
    add(plan, role,
        &(struct lk_topology_cpu){.cpu = other->cpu, .core = other->core, .node = other->node});
}

/* --- explicit lists ------------------------------------------------------------------------- */

static lk_err take_listed(struct pool *pool, struct lk_plan *plan, enum lk_plan_role role,
                          const uint16_t *cpus, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = 0;
        while (i < pool->topology->count && pool->topology->cpu[i].cpu != cpus[n])
            i++;
        LK_REQUIRE(i < pool->topology->count, LK_ERR_RANGE);
        take(pool, i);
        add(plan, role, &pool->topology->cpu[i]);
    }
    return LK_OK;
}

static void print_allowed(const struct lk_topology *t, char *error, size_t size, const char *option)
{
    size_t len =
        (size_t)snprintf(error, size, "%s: names a CPU this process may not use; allowed:", option);
    for (uint32_t i = 0; i < t->count && len + 8 < size; i++)
        len += (size_t)snprintf(error + len, size - len, " %u", t->cpu[i].cpu);
}

/* --- auto ----------------------------------------------------------------------------------- */

/* Takes the lowest cores out of the pool. */
static lk_err reserve(struct pool *pool, uint32_t cores, bool automatic, char *error,
                      size_t error_bytes)
{
    uint32_t have = free_cores(pool, -1);
    if (!automatic || cores == 0) return LK_OK;
    if (cores >= have) {
        (void)snprintf(error, error_bytes, "cpu.reserve: %u of %u free cores; allowed: 0 to %u",
                       cores, have, have > 0 ? have - 1 : 0);
        return LK_ERR_RANGE;
    }
    for (uint32_t n = 0; n < cores; n++) {
        take_core(pool, pool->topology->cpu[find_free(pool, -1, true)].core);
    }
    return LK_OK;
}

/* Takes cores beyond the quota out of the pool, the highest first. */
static void keep_to_quota(struct pool *pool)
{
    const struct lk_topology *t = pool->topology;
    uint32_t have = free_cores(pool, -1);
    for (uint32_t i = t->count; t->quota != 0 && have > t->quota && i-- > 0;) {
        if (!pool->leads[i] || pool->core_taken[t->cpu[i].core]) continue;
        take_core(pool, t->cpu[i].core);
        have--;
    }
}

static uint32_t loops_for(uint32_t cores)
{
    if (cores < 2) return 0; /* a lone core of a node works for another node's loop */
    uint32_t loops = cores / (WORKERS_PER_LOOP + 1);
    return loops > 0 ? loops : 1;
}

static void take_loops(struct pool *pool, struct lk_plan *plan)
{
    for (int node = 0; node < pool->node_count; node++)
        take_cores(pool, plan, LK_PLAN_LOOP, node, loops_for(free_cores(pool, node)));
    if (plan->loops == 0) take_one(pool, plan, LK_PLAN_LOOP);
}

/* For workers that were listed. */
static void take_loops_beside(struct pool *pool, struct lk_plan *plan)
{
    uint32_t wanted = plan->workers / WORKERS_PER_LOOP;
    take_cores(pool, plan, LK_PLAN_LOOP, -1, wanted > 0 ? wanted : 1);
    if (plan->loops == 0) take_one(pool, plan, LK_PLAN_LOOP);
}

static void take_workers(struct pool *pool, struct lk_plan *plan)
{
    for (int node = 0; node < pool->node_count; node++)
        take_cores(pool, plan, LK_PLAN_WORKER, node, free_cores(pool, node));
    if (plan->workers == 0) take_one(pool, plan, LK_PLAN_WORKER);
}

/* --- spinning ------------------------------------------------------------------------------- */

static bool alone_on_core(const struct lk_plan *plan, uint32_t at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (i != at && plan->thread[i].core == plan->thread[at].core) return false;
    return true;
}

static void decide_spins(const struct lk_conf *conf, const struct lk_topology *t,
                         struct lk_plan *plan)
{
    uint32_t count = plan->loops + plan->workers;
    for (uint32_t i = 0; i < count; i++) {
        bool automatic = t->quota == 0 && alone_on_core(plan, i, count);
        plan->thread[i].spins = conf->spin == 2 || (conf->spin == 0 && automatic);
    }
}

lk_err lk_plan_make(const struct lk_conf *conf, const struct lk_topology *topology,
                    struct lk_plan *plan, char *error, size_t error_bytes)
{
    struct pool pool;
    bool automatic = conf->loop_count == 0 || conf->worker_count == 0;
    memset(plan, 0, sizeof *plan);
    LK_ASSERT(topology->count > 0);
    pool_init(&pool, topology);
    if (take_listed(&pool, plan, LK_PLAN_LOOP, conf->loop_cpu, conf->loop_count) != LK_OK) {
        print_allowed(topology, error, error_bytes, "cpu.loops");
        return LK_ERR_RANGE;
    }
    if (take_listed(&pool, plan, LK_PLAN_WORKER, conf->worker_cpu, conf->worker_count) != LK_OK) {
        print_allowed(topology, error, error_bytes, "cpu.workers");
        return LK_ERR_RANGE;
    }
    LK_TRY(reserve(&pool, conf->reserve_cpus, automatic, error, error_bytes));
    keep_to_quota(&pool);
    if (conf->loop_count == 0 && conf->worker_count != 0)
        take_loops_beside(&pool, plan);
    else if (conf->loop_count == 0)
        take_loops(&pool, plan);
    if (conf->worker_count == 0) take_workers(&pool, plan);
    memmove(&plan->thread[plan->loops], &plan->thread[LK_LOOPS_MAX],
            plan->workers * sizeof plan->thread[0]);
    decide_spins(conf, topology, plan);
    return LK_OK;
}

/* --- printing ------------------------------------------------------------------------------- */

static const char *role_name(enum lk_plan_role role)
{
    return role == LK_PLAN_LOOP ? "loop" : "worker";
}

void lk_plan_print(const struct lk_plan *plan, FILE *to)
{
    fprintf(to, "%-8s %5s %5s %5s %5s  %s\n", "ROLE", "INDEX", "CPU", "CORE", "NODE", "IDLE");
    for (uint32_t i = 0; i < plan->loops + plan->workers; i++) {
        const struct lk_plan_thread *t = &plan->thread[i];
        fprintf(to, "%-8s %5u %5u %5u %5u  %s\n", role_name(t->role), t->index, t->cpu, t->core,
                t->node, t->spins ? "spins" : "sleeps");
    }
}

void lk_plan_print_json(const struct lk_plan *plan, FILE *to)
{
    fputc('[', to);
    for (uint32_t i = 0; i < plan->loops + plan->workers; i++) {
        const struct lk_plan_thread *t = &plan->thread[i];
        fprintf(to,
                "%s{\"role\": \"%s\", \"index\": %u, \"cpu\": %u, \"core\": %u, \"node\": %u, "
                "\"spins\": %s}",
                i == 0 ? "" : ", ", role_name(t->role), t->index, t->cpu, t->core, t->node,
                t->spins ? "true" : "false");
    }
    fputc(']', to);
}
