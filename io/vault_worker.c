#include "io/vault_worker.h"

#include <errno.h>
#include <immintrin.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "io/bell.h"
#include "io/secret.h"

#define SPIN_NS (20 * LK_NS_PER_US)
#define SLEEP_NS_MAX (250 * LK_NS_PER_MS) /* the heartbeat must not stop in a quiet hour */
#define CPU_READ_NS (200 * LK_NS_PER_MS)
/* A busy worker rings for results at most this often: each ring may cost a loop a wake, a record
 * and a send, and a loop on the same CPU takes the worker's place for it. An idle one rings at
 * once. */
#define RING_NS LK_NS_PER_MS
#define STACK_BYTES ((size_t)512 << 10)

static void attach_epoch(struct lk_vault_worker *w, const struct lk_vault_epoch *epoch)
{
    const struct lk_segment *s = &epoch->segment;
    for (uint32_t l = 0; l < s->shape.loops; l++) {
        lk_ring_init(&w->in[l], lk_segment_ring_to_worker(s, l, w->index), LK_RING_CELLS);
        lk_ring_init(&w->out[l], lk_segment_ring_to_loop(s, l, w->index), LK_RING_CELLS);
    }
    lk_worker_epoch(w->worker, &s->slots, w->in, w->out);
    w->epoch = epoch;
    w->loops_due = 0;
}

static bool share_changed(const struct lk_vault_worker *w)
{
    return atomic_load(&w->share->stop) ||
           atomic_load(&w->share->ring) != atomic_load(&w->seen_ring) ||
           atomic_load(&w->share->epoch) != atomic_load(&w->seen_epoch);
}

/* The old keyring and the old segment are not touched after this returns. */
static void adopt_share(struct lk_vault_worker *w)
{
    const struct lk_vault_epoch *epoch = atomic_load(&w->share->epoch);
    if (epoch != atomic_load(&w->seen_epoch)) {
        attach_epoch(w, epoch);
        atomic_store(&w->seen_epoch, epoch);
    }
    atomic_store(&w->seen_ring, atomic_load(&w->share->ring));
}

static void ring_loops(struct lk_vault_worker *w)
{
    for (uint64_t left = w->loops_due; left != 0; left &= left - 1) {
        unsigned l = (unsigned)__builtin_ctzll(left);
        lk_bell_ring_loop(&w->epoch->segment.loop_bell[l], w->epoch->bell_fd[l]);
    }
    w->loops_due = 0;
}

/* Rings now, or remembers to while there is more to do (RING_NS). It counts from the last ring:
 * what a long batch brings has waited enough, and the next one may be as long. */
static void results_ready(struct lk_vault_worker *w, const struct lk_turn *turn, uint64_t now_ns)
{
    w->loops_due |= turn->loops_rung;
    if (turn->left > 0 && now_ns - w->rung_ns < RING_NS) return;
    ring_loops(w);
    w->rung_ns = now_ns;
}

/* The control thread looks at what there is to tell. */
static void call_control(const struct lk_vault_worker *w)
{
    uint64_t one = 1;
    (void)!write(w->share->event_fd, &one, sizeof one);
}

static void give_epoch_up(struct lk_vault_worker *w)
{
    atomic_store(&w->share->broken_epoch, w->epoch->segment.epoch);
    w->epoch = NULL;
    call_control(w);
}

static void read_cpu(struct lk_vault_worker *w, uint64_t now_ns)
{
    if (now_ns - w->cpu_read_ns < CPU_READ_NS) return;
    w->cpu_read_ns = now_ns;
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    lk_count_set(&w->counters->cpu_ns, (uint64_t)t.tv_sec * LK_NS_PER_S + (uint64_t)t.tv_nsec);
}

/* How a turn left us: go on at once, or rest until wake_ns (0: until rung). */
struct after {
    bool busy;
    uint64_t now_ns, wake_ns;
};

static struct after take_turn(struct lk_vault_worker *w)
{
    struct after after = {.now_ns = lk_clock_now_ns()};
    lk_count_set(&w->counters->heartbeat_ns, after.now_ns);
    read_cpu(w, after.now_ns);
    if (w->epoch == NULL) return after;
    struct lk_turn turn = lk_worker_turn(w->worker, atomic_load(&w->seen_ring), after.now_ns,
                                         lk_clock_unix_s());
    if (turn.err != LK_OK) {
        give_epoch_up(w);
        return after;
    }
    if (turn.kernel_faults > 0) call_control(w);
    results_ready(w, &turn, lk_clock_now_ns());
    after.busy = turn.done > 0 || (turn.left > 0 && turn.wake_ns == 0);
    after.wake_ns = turn.wake_ns;
    return after;
}

static uint64_t sleep_ns(const struct after *after)
{
    if (after->wake_ns == 0) return SLEEP_NS_MAX;
    if (after->wake_ns <= after->now_ns) return 1;
    uint64_t left = after->wake_ns - after->now_ns;
    return left < SLEEP_NS_MAX ? left : SLEEP_NS_MAX;
}

/* Announce, look again, sleep (bell.h). The second look is a whole turn. */
static void rest(struct lk_vault_worker *w)
{
    const struct lk_vault_epoch *epoch = w->epoch;
    struct lk_bell_word *bell = epoch != NULL ? &epoch->segment.worker_bell[w->index]
                                              : &w->idle_bell;
    uint32_t seen = lk_bell_word(bell);
    ring_loops(w); /* nobody sleeps on results that wait for the next ring */
    lk_bell_doze(bell);
    struct after after = take_turn(w);
    if (after.busy || w->epoch != epoch || share_changed(w)) {
        lk_bell_awake(bell);
        w->worked_ns = after.now_ns;
        return;
    }
    lk_bell_sleep(bell, seen, sleep_ns(&after));
    if (lk_bell_word(bell) != seen) lk_count(w->counters, LK_C_WAKES, 1);
    w->worked_ns = lk_clock_now_ns();
}

/* A thread's part of the secret heap is made, and locked, with its first allocation: not with a
 * request's. */
static void heap_make(void)
{
    lk_secret_free(lk_secret_alloc(1));
}

static void run(void *arg)
{
    struct lk_vault_worker *w = arg;
    heap_make();
    while (!atomic_load(&w->share->stop)) {
        adopt_share(w);
        struct after after = take_turn(w);
        if (after.busy)
            w->worked_ns = after.now_ns;
        else if (w->spin && after.wake_ns == 0 && after.now_ns - w->worked_ns < SPIN_NS)
            _mm_pause();
        else
            rest(w);
    }
}

static void *thread_main(void *w)
{
    lk_err err = lk_secret_run(run, w, STACK_BYTES);
    LK_ASSERT(err == LK_OK);
    return NULL;
}

static int create(struct lk_vault_worker *w, int cpu)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((unsigned)cpu, &set);
        pthread_attr_setaffinity_np(&attr, sizeof set, &set);
    }
    int failed = pthread_create(&w->thread, &attr, thread_main, w);
    pthread_attr_destroy(&attr);
    return failed;
}

lk_err lk_vault_worker_start(struct lk_vault_worker *w, int cpu)
{
    snprintf(w->counters->thread, sizeof w->counters->thread, "worker %u", w->index);
    int failed = create(w, cpu);
    if (failed == EINVAL && cpu >= 0) {
        lk_log(LK_LOG_WARNING, "worker runs unpinned: the CPU is not ours",
               LK_F_U64("worker", w->index), LK_F_I64("cpu", cpu));
        failed = create(w, -1);
    }
    if (failed != 0) return -failed;
    char name[16];
    snprintf(name, sizeof name, "worker %u", w->index);
    pthread_setname_np(w->thread, name);
    return LK_OK;
}

void lk_vault_worker_wake(struct lk_vault_worker *w, const struct lk_vault_epoch *old)
{
    lk_bell_ring_worker(&w->idle_bell);
    if (old != NULL) lk_bell_ring_worker(&old->segment.worker_bell[w->index]);
}
