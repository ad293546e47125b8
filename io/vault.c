#include "io/vault.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "io/channel.h"
#include "io/child.h"
#include "io/sandbox.h"
#include "io/secret.h"
#include "io/vault_keys.h"
#include "io/vault_worker.h"
#include "io/wide.h"

#define CONTROL_STACK_BYTES ((size_t)1 << 20)
/* What a keyring or key out of use is kept for: no job is older than its deadline, and no batch
 * longer. */
#define GRACE_NS (3 * LK_NS_PER_S)
/* Sizing of locked memory, rounded up from what a run shows. The heap gives a worker's arena half
 * as much again at worst, since it knows only certain sizes; a thread's own heap and stack are
 * 6 MiB. An RSA key that every worker has used, on its kernel and on the library, takes 4.3, 6.0,
 * 8.0 kB and 5.1, 6.8, 8.8 kB a worker for 2048, 3072, 4096 bits; 8192 bits 5.2 and 16.2 kB, more
 * than is asked for here from six workers on. Other keys take 2 kB, and Ed25519 and Ed448 1.2 a
 * worker. */
#define LOCKED_BASE_BYTES ((size_t)12 << 20)
#define LOCKED_THREAD_BYTES ((size_t)6 << 20)
#define LOCKED_KEY_BYTES ((size_t)24 << 10)
#define LOCKED_KEY_WORKER_BYTES ((size_t)12 << 10)

/* A keyring that is out of use and waits for its grace to pass. */
struct old_ring {
    struct lk_keyring *ring;
    uint64_t free_ns;
    struct old_ring *next;
};

struct vault {
    int channel, event_fd;
    bool planned, sandboxed, stop;
    struct lk_plan_message plan;
    int bell_fd[LK_LOOPS_MAX];
    struct lk_process_counters *counters;
    struct lk_novelty_view novelty;
    struct lk_audit_ring *audit; /* [workers] */
    struct lk_kernels kernels;
    struct lk_health health;
    struct lk_rate rate; /* of premasters and certificate requests */
    uint32_t faults_told[LK_ROW_COUNT];

    struct lk_vault_keys *keys;
    struct lk_conf *conf; /* of the load under way */
    uint64_t loading, generation;
    uint64_t retire_generation, retire_ns;
    struct old_ring *old_rings;

    struct lk_vault_share share;
    struct lk_vault_epoch *epoch;
    struct lk_vault_worker *worker; /* [workers]; NULL before the first commit */
    char error[512];
    struct lk_message in;
};

static lk_err refuse(struct vault *v, lk_err err, const char *what)
{
    if (what != NULL) snprintf(v->error, sizeof v->error, "vault: %s: %s", what, lk_err_text(err));
    return err;
}

/* --- workers ---------------------------------------------------------------------------------- */

static void wake_workers(struct vault *v, const struct lk_vault_epoch *old)
{
    for (uint32_t i = 0; v->worker != NULL && i < v->plan.workers; i++)
        lk_vault_worker_wake(&v->worker[i], old);
}

static bool workers_follow(const struct vault *v)
{
    for (uint32_t i = 0; v->worker != NULL && i < v->plan.workers; i++) {
        const struct lk_vault_worker *w = &v->worker[i];
        if (atomic_load(&w->seen_ring) != atomic_load(&v->share.ring) ||
            atomic_load(&w->seen_epoch) != atomic_load(&v->share.epoch))
            return false;
    }
    return true;
}

/* A worker in a long batch comes round within it; one that does not is ended by its heartbeat. */
static void await_workers(struct vault *v, const struct lk_vault_epoch *old)
{
    const struct timespec pause = {.tv_nsec = 200000};
    while (!workers_follow(v)) {
        wake_workers(v, old);
        nanosleep(&pause, NULL);
    }
}

static lk_err publish_ring(struct vault *v)
{
    struct lk_keyring *fresh = lk_vault_keys_ring(v->keys);
    struct old_ring *entry = malloc(sizeof *entry);
    if (fresh == NULL || entry == NULL) {
        lk_keyring_free(fresh);
        free(entry);
        return LK_ERR_MEMORY;
    }
    struct lk_keyring *before = (struct lk_keyring *)(uintptr_t)atomic_load(&v->share.ring);
    *entry = (struct old_ring){
        .ring = before, .free_ns = lk_clock_now_ns() + GRACE_NS, .next = v->old_rings};
    v->old_rings = entry;
    atomic_store(&v->share.ring, fresh);
    await_workers(v, v->epoch);
    return LK_OK;
}

static void free_old_rings(struct vault *v, uint64_t now_ns)
{
    for (struct old_ring **at = &v->old_rings; *at != NULL;) {
        struct old_ring *entry = *at;
        if (now_ns < entry->free_ns) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        lk_keyring_free(entry->ring);
        free(entry);
    }
}

/* Of one worker: for all that all loops may send it. */
static unsigned lanes_of(const struct vault *v, unsigned lanes, unsigned slots_per_loop)
{
    return v->plan.loops * lk_lanes_of_loop(lanes, v->plan.loops, slots_per_loop);
}

/* A reload may bring tenants up to the bound, and each wants queues of its own in workers that
 * run. */
static struct lk_worker_conf worker_conf(const struct vault *v, const struct lk_conf *conf,
                                         unsigned index)
{
    const struct lk_segment_shape shape = lk_plan_shape(&v->plan);
    return (struct lk_worker_conf){
        .index = index,
        .tenants = LK_TENANTS_MAX,
        .lanes_small = lanes_of(v, LK_LANES_SMALL_PER_WORKER, shape.small_per_loop),
        .lanes_large = lanes_of(v, LK_LANES_LARGE_PER_WORKER, shape.large_per_loop),
        .window_s = conf->window_s,
        .window_ecdhe_s = conf->window_ecdhe_s,
        .novelty_on = conf->novelty,
        .check_ecdsa = conf->check_ecdsa,
        .batch_wait_ns = conf->batch_wait_us * LK_NS_PER_US,
        .rate_per_s = {[LK_RATED_PREMASTER] = conf->premasters_per_s,
                       [LK_RATED_CERT_REQUEST] = conf->cert_requests_per_s},
        .kernels = &v->kernels,
    };
}

static lk_err start_worker(struct vault *v, unsigned i)
{
    struct lk_worker_conf conf = worker_conf(v, v->conf, i);
    conf.health = &v->health;
    conf.rate = &v->rate;
    struct lk_vault_worker *w = &v->worker[i];
    *w = (struct lk_vault_worker){.share = &v->share,
                                  .counters = &v->counters->thread[i],
                                  .index = i,
                                  .spin = (v->plan.worker_spins >> i & 1) != 0};
    void *arena = lk_secret_alloc(lk_worker_bytes(&conf));
    LK_REQUIRE(arena != NULL, LK_ERR_MEMORY);
    LK_TRY(lk_worker_init(&w->worker, &conf, arena, v->novelty, &v->audit[i], w->counters));
    return lk_vault_worker_start(w, v->plan.worker_cpu[i]);
}

static lk_err start_workers(struct vault *v)
{
    const char *failed = NULL;
    if (!lk_kernels_choose(&v->kernels, &failed)) return refuse(v, LK_ERR_CRYPTO, failed);
    v->worker = aligned_alloc(64, (v->plan.workers * sizeof *v->worker + 63) / 64 * 64);
    LK_REQUIRE(v->worker != NULL, LK_ERR_MEMORY);
    memset(v->worker, 0, v->plan.workers * sizeof *v->worker);
    for (unsigned i = 0; i < v->plan.workers; i++)
        LK_TRY(start_worker(v, i));
    return LK_OK;
}

/* --- orders: plan and tables ------------------------------------------------------------------ */

static lk_err map_fd(int fd, int prot, void **out, size_t *bytes)
{
    LK_TRY(lk_blob_size(fd, SIZE_MAX, bytes));
    void *p = mmap(NULL, *bytes, prot, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) return -errno;
    *out = p;
    return LK_OK;
}

static lk_err take_plan(struct vault *v)
{
    LK_REQUIRE(v->in.bytes == sizeof v->plan, LK_ERR_FORMAT);
    memcpy(&v->plan, v->in.body, sizeof v->plan);
    LK_REQUIRE(v->plan.loops <= LK_LOOPS_MAX && v->plan.workers <= LK_WORKERS_MAX, LK_ERR_RANGE);
    for (uint32_t i = 0; i < v->plan.loops; i++)
        v->bell_fd[i] = lk_message_take_fd(&v->in, (int)i);
    v->planned = true;
    if (v->plan.one_process != 0) LK_TRY(lk_secret_open()); /* libcrypto keeps the memory it has */
    return lk_vault_keys_new(v->plan.workers, v->event_fd, &v->keys);
}

static lk_err take_counters(struct vault *v)
{
    void *own = NULL;
    size_t bytes;
    LK_REQUIRE(v->in.fd_count >= 1, LK_ERR_FORMAT);
    LK_TRY(map_fd(v->in.fd[0], PROT_READ | PROT_WRITE, &own, &bytes));
    LK_REQUIRE(bytes >= lk_process_counters_bytes(v->plan.workers), LK_ERR_FORMAT);
    v->counters = own;
    atomic_store(&v->counters->ready, 0);
    atomic_store(&v->counters->rows_out, 0);
    return LK_OK;
}

static lk_err take_novelty(struct vault *v)
{
    void *memory = NULL;
    size_t bytes;
    LK_REQUIRE(v->in.fd_count == 1, LK_ERR_FORMAT);
    LK_TRY(lk_blob_size(v->in.fd[0], SIZE_MAX, &bytes));
    LK_TRY(lk_wide_map(v->in.fd[0], bytes, &memory));
    return lk_novelty_attach(&v->novelty, memory, bytes, lk_clock_unix_s());
}

static lk_err take_audit(struct vault *v)
{
    void *memory = NULL;
    size_t bytes;
    LK_REQUIRE(v->in.fd_count == 1, LK_ERR_FORMAT);
    LK_TRY(map_fd(v->in.fd[0], PROT_READ | PROT_WRITE, &memory, &bytes));
    LK_REQUIRE(bytes >= v->plan.workers * sizeof *v->audit, LK_ERR_FORMAT);
    v->audit = memory;
    return LK_OK;
}

/* --- orders: a load --------------------------------------------------------------------------- */

static size_t locked_bytes(const struct vault *v, const struct lk_conf *conf)
{
    const struct lk_segment_shape shape = lk_plan_shape(&v->plan);
    struct lk_worker_conf wc = worker_conf(v, conf, 0);
    return LOCKED_BASE_BYTES + 2 * lk_segment_bytes(&shape) +
           v->plan.workers * (lk_worker_bytes(&wc) / 2 * 3 + LOCKED_THREAD_BYTES) +
           conf->key_count * (LOCKED_KEY_BYTES + v->plan.workers * LOCKED_KEY_WORKER_BYTES);
}

static lk_err check_memlock(struct vault *v)
{
    size_t needed = locked_bytes(v, v->conf);
    if (v->plan.one_process != 0 || lk_child_may_lock(needed)) return LK_OK;
    snprintf(v->error, sizeof v->error,
             "vault: %zu MiB of locked memory are needed for %u keys and %u workers; "
             "RLIMIT_MEMLOCK allows "
             "less: raise LimitMEMLOCK= of the unit, or ulimit -l, to at least that",
             (needed >> 20) + 1, v->conf->key_count, v->plan.workers);
    return LK_ERR_MEMORY;
}

static lk_err parse_conf(struct vault *v)
{
    uint8_t *text;
    size_t len;
    LK_REQUIRE(v->in.fd_count == 1, LK_ERR_FORMAT);
    LK_TRY(lk_blob_read(v->in.fd[0], LK_CONF_BYTES_MAX, &text, &len));
    const struct lk_bytes view = {.data = text, .len = len};
    lk_err err = lk_conf_parse("configuration", view, &v->conf, v->error, sizeof v->error);
    free(text);
    return err;
}

static lk_err take_conf(struct vault *v)
{
    LK_REQUIRE(v->in.bytes == sizeof v->loading && v->planned, LK_ERR_FORMAT);
    memcpy(&v->loading, v->in.body, sizeof v->loading);
    lk_vault_keys_abandon(v->keys); /* of a load that the supervisor gave up */
    lk_conf_free(v->conf);
    v->conf = NULL;
    LK_TRY(parse_conf(v));
    if (v->worker == NULL && v->plan.one_process == 0)
        lk_child_log_setup("vault", v->conf, lk_secret_kind());
    lk_log_level((enum lk_log_level)v->conf->log_level);
    LK_TRY(check_memlock(v));
    lk_err err = lk_vault_keys_begin(v->keys, v->loading, v->conf);
    return err == LK_OK ? LK_OK : refuse(v, err, "keys");
}

static lk_err tell_fault(struct vault *v, uint32_t index, enum lk_key_fault fault)
{
    const uint32_t body[2] = {index, fault};
    return lk_channel_tell(v->channel, LK_M_KEY_FAULT, body, sizeof body, -1);
}

/* The descriptors of the message in hand, by what it says it has. */
static bool key_files(const struct vault *v, uint32_t which, struct lk_vault_key_files *out)
{
    int at = 0, count = v->in.fd_count;
    *out = (struct lk_vault_key_files){.key_fd = -1, .passphrase_fd = -1, .chain_fd = -1};
    if (at < count) out->key_fd = v->in.fd[at++];
    if ((which & LK_KEY_HAS_PASSPHRASE) != 0 && at < count) out->passphrase_fd = v->in.fd[at++];
    if ((which & LK_KEY_HAS_CHAIN) != 0 && at < count) out->chain_fd = v->in.fd[at++];
    return at == count && count == 1 + __builtin_popcount(which);
}

static lk_err take_key(struct vault *v)
{
    struct lk_key_message m;
    struct lk_vault_key_files files;
    LK_REQUIRE(v->in.bytes == sizeof m, LK_ERR_FORMAT);
    memcpy(&m, v->in.body, sizeof m);
    LK_REQUIRE(key_files(v, m.files, &files), LK_ERR_FORMAT);
    if (v->conf == NULL) return LK_OK; /* of a load that was refused already */
    enum lk_key_fault fault;
    lk_err err = lk_vault_keys_add(v->keys, m.index, &files, &fault);
    if (err == LK_ERR_KEY) return tell_fault(v, m.index, fault);
    if (err != LK_OK) return refuse(v, err, "a key could not be loaded");
    struct lk_message out;
    lk_vault_keys_public(v->keys, m.index, &out);
    return lk_channel_send(v->channel, &out);
}

static void show_load(struct vault *v)
{
    atomic_store(&v->counters->keys, lk_vault_keys_count(v->keys));
    atomic_store(&v->counters->generation, v->generation);
}

static lk_err confine(struct vault *v)
{
    if (v->sandboxed || v->plan.one_process != 0) return LK_OK;
    lk_err err = lk_sandbox_vault();
    if (err != LK_OK) return refuse(v, err, "seccomp filter");
    v->sandboxed = true;
    return LK_OK;
}

static lk_err take_commit(struct vault *v)
{
    LK_REQUIRE(v->in.bytes == sizeof v->loading, LK_ERR_FORMAT);
    if (v->conf == NULL) return LK_OK;
    if (v->worker == NULL) {
        lk_err err = start_workers(v);
        if (err != LK_OK) return v->error[0] != 0 ? err : refuse(v, err, "workers");
    }
    lk_vault_keys_commit(v->keys);
    v->generation = v->loading;
    lk_err err = publish_ring(v);
    if (err != LK_OK) return refuse(v, err, "keyring");
    LK_TRY(confine(v));
    lk_conf_free(v->conf);
    v->conf = NULL;
    show_load(v);
    return lk_channel_tell(v->channel, LK_M_READY, &v->generation, sizeof v->generation, -1);
}

/* Requests of older generations may be in the rings until their deadline. */
static lk_err take_retire(struct vault *v)
{
    LK_REQUIRE(v->in.bytes == sizeof v->retire_generation, LK_ERR_FORMAT);
    memcpy(&v->retire_generation, v->in.body, sizeof v->retire_generation);
    v->retire_ns = lk_clock_now_ns() + GRACE_NS;
    return LK_OK;
}

static void retire_when_due(struct vault *v, uint64_t now_ns)
{
    if (v->retire_ns == 0 || now_ns < v->retire_ns || v->conf != NULL) return;
    v->retire_ns = 0;
    lk_vault_keys_retire(v->keys, v->retire_generation);
    if (publish_ring(v) != LK_OK) return; /* old keys stay until the next retire */
    lk_vault_keys_sweep(v->keys);
}

/* The front knows these handles and must not have their use. */
static lk_err take_back(struct vault *v)
{
    uint64_t body[2];
    LK_REQUIRE(v->in.bytes == sizeof body && v->worker != NULL, LK_ERR_FORMAT);
    memcpy(body, v->in.body, sizeof body);
    lk_vault_keys_take_back(v->keys, body[0], body[1]);
    v->generation = body[1];
    LK_TRY(publish_ring(v));
    lk_vault_keys_sweep(v->keys);
    show_load(v);
    return LK_OK;
}

/* --- orders: epochs --------------------------------------------------------------------------- */

static lk_err map_epoch(struct vault *v, uint64_t number, struct lk_vault_epoch **out)
{
    struct lk_vault_epoch *e = calloc(1, sizeof *e);
    LK_REQUIRE(e != NULL, LK_ERR_MEMORY);
    const struct lk_segment_shape shape = lk_plan_shape(&v->plan);
    lk_err err = lk_segment_map(&shape, number, v->in.fd[0], &e->segment);
    if (err != LK_OK) {
        free(e);
        return err;
    }
    e->bell_fd = v->bell_fd;
    *out = e;
    return LK_OK;
}

static lk_err take_epoch(struct vault *v)
{
    uint64_t number;
    LK_REQUIRE(v->in.bytes == sizeof number && v->in.fd_count == 1, LK_ERR_FORMAT);
    memcpy(&number, v->in.body, sizeof number);
    struct lk_vault_epoch *fresh = NULL, *old = v->epoch;
    LK_TRY(map_epoch(v, number, &fresh));
    v->epoch = fresh;
    atomic_store(&v->share.epoch, fresh);
    await_workers(v, old);
    if (old != NULL) {
        lk_segment_unmap(&old->segment);
        free(old);
    }
    atomic_store(&v->counters->epoch, number);
    atomic_store(&v->counters->ready, 1);
    return lk_channel_tell(v->channel, LK_M_EPOCH_ACK, &number, sizeof number, -1);
}

static lk_err take_stop(struct vault *v)
{
    v->stop = true;
    return LK_OK;
}

/* --- the control thread
 * --------------------------------------------------------------------------- */

/* load: an error of this order refuses the generation; else it ends the vault. */
static const struct {
    uint32_t kind;
    bool load;
    lk_err (*take)(struct vault *v);
} orders[] = {
    {LK_M_PLAN, false, take_plan},       {LK_M_COUNTERS, false, take_counters},
    {LK_M_NOVELTY, false, take_novelty}, {LK_M_AUDIT, false, take_audit},
    {LK_M_CONF, true, take_conf},        {LK_M_KEY, true, take_key},
    {LK_M_COMMIT, true, take_commit},    {LK_M_RETIRE, false, take_retire},
    {LK_M_TAKE_BACK, false, take_back},  {LK_M_EPOCH, false, take_epoch},
    {LK_M_STOP, false, take_stop},
};

static lk_err refuse_load(struct vault *v, lk_err err)
{
    if (v->error[0] == 0) refuse(v, err, "load");
    if (v->keys != NULL) lk_vault_keys_abandon(v->keys);
    lk_conf_free(v->conf);
    v->conf = NULL;
    return lk_child_refuse(v->channel, v->loading, v->error);
}

static lk_err take_order(struct vault *v)
{
    lk_err err = lk_channel_receive(v->channel, &v->in);
    if (err != LK_OK) return err;
    err = LK_ERR_UNKNOWN;
    v->error[0] = 0;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i].kind != v->in.kind) continue;
        err = orders[i].take(v);
        if (err != LK_OK && orders[i].load && err != LK_ERR_CLOSED) err = refuse_load(v, err);
        break;
    }
    lk_message_close(&v->in);
    return err;
}

static void tell_withdrawn(void *to, uint64_t handle)
{
    struct vault *v = to;
    lk_err err = lk_channel_tell(v->channel, LK_M_KEY_WITHDRAWN, &handle, sizeof handle, -1);
    if (err != LK_OK) v->stop = true;
}

static void log_faults(const struct lk_kernel *kernel, uint32_t faults)
{
    if (faults < LK_KERNEL_FAULTS_MAX)
        lk_log(LK_LOG_WARNING, "a kernel's result was wrong; it was computed again",
               LK_F_STR("kernel", kernel->name), LK_F_STR("isa", kernel->isa),
               LK_F_U64("faults", faults), LK_F_U64("out_at", LK_KERNEL_FAULTS_MAX));
    else
        lk_log(LK_LOG_ERROR, "kernel out of service; the library takes its place",
               LK_F_STR("kernel", kernel->name), LK_F_STR("isa", kernel->isa),
               LK_F_U64("faults", faults),
               LK_F_STR("why", "its results failed the check with the public key"),
               LK_F_STR("hint", "suspect the machine: check it, then restart lurkd"));
}

/* Workers do not log. What comes after a kernel's last line is of batches that were under way. */
static void tell_faults(struct vault *v)
{
    for (unsigned r = 0; r < LK_ROW_COUNT; r++) {
        uint32_t faults = lk_health_faults(&v->health, (enum lk_kernel_row)r);
        uint32_t told = v->faults_told[r];
        v->faults_told[r] = faults;
        if (faults != told && told < LK_KERNEL_FAULTS_MAX) log_faults(&v->kernels.row[r], faults);
    }
    if (v->counters != NULL) atomic_store(&v->counters->rows_out, lk_health_out(&v->health));
}

static void take_events(struct vault *v)
{
    uint64_t count;
    (void)!read(v->event_fd, &count, sizeof count);
    tell_faults(v);
    if (v->keys != NULL && lk_vault_keys_judged(v->keys, tell_withdrawn, v) > 0) {
        if (publish_ring(v) != LK_OK) v->stop = true; /* a bad key may not stay in use */
    }
    uint64_t broken = atomic_exchange(&v->share.broken_epoch, 0);
    if (broken != 0 &&
        lk_channel_tell(v->channel, LK_M_EPOCH_BROKEN, &broken, sizeof broken, -1) != LK_OK)
        v->stop = true;
}

static void tick(struct vault *v)
{
    uint64_t now_ns = lk_clock_now_ns();
    retire_when_due(v, now_ns);
    free_old_rings(v, now_ns);
    if (v->counters != NULL) atomic_store(&v->counters->cpu_ns, lk_child_cpu_ns());
}

static void stop_workers(struct vault *v)
{
    atomic_store(&v->share.stop, true);
    for (uint32_t i = 0; v->worker != NULL && i < v->plan.workers; i++) {
        struct lk_vault_worker *w = &v->worker[i];
        if (w->thread == 0) continue;
        lk_vault_worker_wake(w, v->epoch);
        pthread_join(w->thread, NULL);
        lk_worker_fini(w->worker);
    }
    if (v->counters != NULL) atomic_store(&v->counters->ready, 0);
}

/* For a thread of a process that lives on a little; a process of its own just ends. */
static void clean_up(struct vault *v)
{
    free_old_rings(v, UINT64_MAX);
    lk_keyring_free((struct lk_keyring *)(uintptr_t)atomic_load(&v->share.ring));
    lk_vault_keys_free(v->keys);
    if (v->epoch != NULL) lk_segment_unmap(&v->epoch->segment);
    free(v->epoch);
    for (uint32_t i = 0; v->worker != NULL && i < v->plan.workers; i++)
        lk_secret_free(v->worker[i].worker);
    free(v->worker);
    lk_conf_free(v->conf);
    close(v->event_fd);
    free(v);
}

static lk_err serve(struct vault *v)
{
    while (!v->stop) {
        struct pollfd p[2] = {{.fd = v->channel, .events = POLLIN},
                              {.fd = v->event_fd, .events = POLLIN}};
        int n = poll(p, 2, 1000);
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0 && p[1].revents != 0) take_events(v);
        if (n > 0 && p[0].revents != 0) LK_TRY(take_order(v));
        tick(v);
    }
    return LK_OK;
}

int lk_vault_run(int channel)
{
    struct vault *v = calloc(1, sizeof *v);
    LK_ASSERT(v != NULL);
    v->channel = channel;
    v->event_fd = v->share.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lk_err err = v->event_fd < 0 ? -errno : serve(v);
    if (err != LK_OK && err != LK_ERR_CLOSED)
        lk_log(LK_LOG_ERROR, "vault ends", LK_F_STR("error", lk_err_text(err)),
               LK_F_STR("what", v->error));
    stop_workers(v);
    close(channel);
    if (v->plan.one_process != 0) clean_up(v);
    return err == LK_OK || err == LK_ERR_CLOSED ? 0 : 1;
}

/* --- the process
 * ---------------------------------------------------------------------------------- */

/* The channel on the way in, the exit code on the way out. */
static void run_control(void *channel_and_code)
{
    int *io = channel_and_code;
    *io = lk_vault_run(*io);
}

static lk_err prepare(void)
{
    lk_sandbox_dumps_off();
    LK_TRY(lk_secret_open());
    LK_REQUIRE(lk_secret_take_libcrypto(), LK_ERR_CRYPTO);
    return LK_OK;
}

int lk_vault_main(int channel)
{
    lk_err err = prepare();
    if (err != LK_OK) {
        lk_child_refuse_start(channel, "vault: secret memory", err);
        return 1;
    }
    int io = channel;
    err = lk_secret_run(run_control, &io, CONTROL_STACK_BYTES);
    /* At once: the judge of primes may be within libcrypto, which exit would take down under it. */
    if (err == LK_OK) _exit(io);
    lk_child_refuse_start(channel, "vault: control stack", err);
    return 1;
}
