#include "core/exec/worker.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/exec/ahead.h"
#include "core/exec/batch.h"
#include "core/exec/exchange.h"
#include "core/policy/freshness.h"
#include "crypto/ct.h"

/* Every large slot there can be: a reference more is one the front made up. */
#define WAITING_MAX (LK_LOOPS_MAX * LK_SLOTS_LARGE_PER_LOOP)
#define POP_MAX 64

/* Lanes of one class that hold nothing. */
struct lane_list {
    struct lk_lane *first;
    uint32_t count;
};

/* The arena:  worker | queues of batch | small lanes | large lanes, each on whole lines. */
struct lk_worker {
    struct lk_worker_conf conf;
    struct lk_engine_work *work;
    struct lk_novelty_view novelty;
    struct lk_audit_ring *audit;
    struct lk_counters *counters;
    struct lk_rng rng;

    struct lk_slot_map map; /* base NULL: no epoch */
    struct lk_ring *in, *out;
    uint32_t first_loop; /* whose ring is looked at first */
    lk_err err;          /* of this epoch */

    const struct lk_keyring *keys; /* of the last turn: compared, never followed */
    uint64_t now_ns;
    int64_t now_unix_s;
    struct lk_turn turn;

    struct lk_batch batch;
    uint32_t rows_out; /* bit r: row r runs on the library's kernel, as health said last */
    uint8_t *lanes;    /* small ones, then large ones */
    struct lane_list free_small, free_large;
    uint32_t held;
    uint64_t waiting[WAITING_MAX]; /* references to large slots, a ring buffer */
    uint32_t waiting_first, waiting_count;

    struct lk_ahead ahead;
    struct lk_lane *live[LK_LANES_MAX]; /* the batch in hand */
    struct lk_operand operand[LK_LANES_MAX];
};

/* --- memory ----------------------------------------------------------------------------------- */

static size_t lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static unsigned tenants_of(const struct lk_worker_conf *conf)
{
    return conf->tenants > 0 ? conf->tenants : 1;
}

size_t lk_worker_bytes(const struct lk_worker_conf *conf)
{
    return lines(sizeof(struct lk_worker)) + lines(lk_batch_bytes(tenants_of(conf))) +
           conf->lanes_small * lk_lane_bytes(false) + conf->lanes_large * lk_lane_bytes(true);
}

/* Lane i, small ones first. */
static struct lk_lane *lane_at(const struct lk_worker *w, unsigned i)
{
    size_t at = i * lk_lane_bytes(false);
    if (i >= w->conf.lanes_small)
        at = w->conf.lanes_small * lk_lane_bytes(false) +
             (i - w->conf.lanes_small) * lk_lane_bytes(true);
    return (struct lk_lane *)(void *)(w->lanes + at);
}

static void lane_free(struct lk_worker *w, struct lk_lane *lane)
{
    struct lane_list *list = lane->large ? &w->free_large : &w->free_small;
    lane->next = list->first;
    list->first = lane;
    list->count++;
}

static struct lk_lane *lane_use(struct lk_worker *w, bool large)
{
    struct lane_list *list = large ? &w->free_large : &w->free_small;
    struct lk_lane *lane = list->first;
    if (lane == NULL) return NULL;
    list->first = lane->next;
    list->count--;
    lane->next = NULL;
    return lane;
}

static void lanes_reset(struct lk_worker *w)
{
    w->free_small = w->free_large = (struct lane_list){0};
    w->held = w->waiting_first = w->waiting_count = w->ahead.count = 0;
    for (unsigned i = w->conf.lanes_small + w->conf.lanes_large; i-- > 0;) {
        struct lk_lane *lane = lane_at(w, i);
        if (lane->exchange != NULL) lk_lane_wipe(lane);
        lane_free(w, lane);
    }
}

lk_err lk_worker_init(struct lk_worker **out, const struct lk_worker_conf *conf, void *arena,
                      struct lk_novelty_view novelty, struct lk_audit_ring *audit,
                      struct lk_counters *counters)
{
    LK_ASSERT(((uintptr_t)arena & 63) == 0 && conf->lanes_small > 0 && conf->lanes_large > 0);
    LK_ASSERT(conf->health != NULL && conf->rate != NULL);
    memset(arena, 0, lk_worker_bytes(conf));
    struct lk_worker *w = arena;
    uint8_t *queues = (uint8_t *)arena + lines(sizeof *w);
    w->conf = *conf;
    if (conf->clock_ns == NULL) w->conf.clock_ns = lk_clock_now_ns;
    w->novelty = novelty;
    w->audit = audit;
    w->counters = counters;
    w->lanes = queues + lines(lk_batch_bytes(tenants_of(conf)));
    w->work = lk_engine_work_new(conf->index, conf->check_ecdsa);
    LK_REQUIRE(w->work != NULL, LK_ERR_CRYPTO);
    lk_rng_init(&w->rng);
    bool remembered = conf->novelty_on && novelty.table != NULL;
    lk_ahead_init(&w->ahead, conf->kernels, remembered ? &w->novelty : NULL);
    lk_batch_init(&w->batch, conf->kernels, tenants_of(conf), conf->batch_wait_ns, queues);
    for (unsigned i = conf->lanes_small; i < conf->lanes_small + conf->lanes_large; i++)
        lane_at(w, i)->large = true;
    lanes_reset(w);
    *out = w;
    return LK_OK;
}

void lk_worker_fini(struct lk_worker *worker)
{
    lk_engine_work_free(worker->work);
    struct lk_worker_conf conf = worker->conf;
    lk_wipe(worker, lk_worker_bytes(&conf));
}

void lk_worker_epoch(struct lk_worker *worker, const struct lk_slot_map *map, struct lk_ring *in,
                     struct lk_ring *out)
{
    lk_batch_clear(&worker->batch);
    lanes_reset(worker);
    worker->map = map != NULL ? *map : (struct lk_slot_map){0};
    worker->in = in;
    worker->out = out;
    worker->first_loop = 0;
    worker->err = LK_OK;
}

/* --- home ------------------------------------------------------------------------------------- */

static void record_fill(const struct lk_worker *w, const struct lk_lane *lane,
                        struct lk_audit_record *record)
{
    const struct lk_slot *head = lk_lane_head(lane);
    *record = (struct lk_audit_record){.unix_ns = (uint64_t)w->now_unix_s * LK_NS_PER_S,
                                       .request_id = head->request_id,
                                       .key_handle = head->key_handle,
                                       .tenant = head->tenant,
                                       .edge = head->edge,
                                       .exchange = head->exchange,
                                       .status = lane->status,
                                       .worker = (uint16_t)w->conf.index,
                                       .scheme = lane->scheme,
                                       .peer_hash = head->peer_hash};
    memcpy(record->key_full, lane->key->keyid.full, sizeof record->key_full);
    memcpy(record->random, lane->fs, sizeof record->random);
}

/* The slot is written, never read. */
static void slot_write(const struct lk_lane *lane)
{
    struct lk_slot *slot = lane->place.slot;
    struct lk_writer body = lk_writer_of(slot->body, lane->place.body_bytes);
    if (lane->verdict == LK_VERDICT_ANSWER && lane->status == LK_STATUS_SUCCESS)
        lane->exchange->write(lane, &body);
    LK_ASSERT(!body.bad);
    slot->verdict = lane->verdict;
    slot->status = lane->status;
    slot->why = lane->why;
    slot->result_bytes = (uint32_t)body.len;
    slot->state = LK_SLOT_DONE;
}

static void times_count(const struct lk_worker *w, const struct lk_lane *lane)
{
    const struct lk_slot *head = lk_lane_head(lane);
    enum lk_exchange_id id = lane->exchange->id;
    uint64_t wait_ns = lane->work_ns > head->sent_ns ? lane->work_ns - head->sent_ns : 0;
    lk_hist_add(&w->counters->queue_wait[id], wait_ns / LK_NS_PER_US);
    lk_hist_add(&w->counters->service[id], (w->now_ns - lane->work_ns) / LK_NS_PER_US);
}

/* Answer, ring; the lane is free again. A ring without room for a slot of its own loop was tampered
 * with. */
static void send_home(struct lk_worker *w, struct lk_lane *lane)
{
    if (lane->started) times_count(w, lane);
    slot_write(lane);
    uint32_t loop = lane->place.loop;
    if (lk_ring_push(&w->out[loop], lane->place.ref) != LK_OK) w->err = LK_ERR_ABSURD;
    w->turn.loops_rung |= UINT64_C(1) << loop;
    w->turn.done++;
    w->held--;
    lk_lane_wipe(lane);
    lane_free(w, lane);
}

/* Those that come from a kernel: first their records, then their answers. */
static void send_all_home(struct lk_worker *w, struct lk_lane *const *lane, uint32_t count)
{
    uint32_t records = 0;
    for (uint32_t i = 0; i < count; i++)
        if (lane[i]->key_used) record_fill(w, lane[i], lk_audit_place(w->audit, records++));
    if (records > 0) lk_audit_append(w->audit, records, w->conf.kernels->sha256);
    for (uint32_t i = 0; i < count; i++)
        send_home(w, lane[i]);
}

static void refuse(struct lk_worker *w, struct lk_lane *lane, enum lk_counter why)
{
    lk_count(w->counters, why, 1);
    lk_lane_refuse(lane);
    send_home(w, lane);
}

/* --- in --------------------------------------------------------------------------------------- */

static bool late(const struct lk_worker *w, const struct lk_lane *lane)
{
    return w->now_ns > lk_lane_head(lane)->deadline_ns;
}

static lk_err receive(struct lk_worker *w, const struct lk_keyring *keys, struct lk_lane *lane,
                      const struct lk_slot_place *place)
{
    lk_err err = lk_lane_copy(lane, place);
    if (err < 0) {
        lk_lane_wipe(lane);
        lane_free(w, lane);
        return err;
    }
    w->held++;
    if (late(w, lane)) {
        refuse(w, lane, LK_C_REFUSED_DEADLINE);
    } else if (lk_lane_admit(lane, keys, w->counters)) {
        lk_ahead_add(&w->ahead, lane);
        lk_batch_add(&w->batch, lane, w->now_ns);
    } else {
        send_home(w, lane);
    }
    return LK_OK;
}

/* The slot a reference from the ring of `loop` names. */
static lk_err place_find(const struct lk_worker *w, uint32_t loop, uint64_t ref,
                         struct lk_slot_place *place)
{
    place->ref = ref;
    place->slot = lk_slot_at(&w->map, (uint32_t)ref, &place->body_bytes, &place->loop);
    LK_REQUIRE(place->slot != NULL && place->loop == loop, LK_ERR_ABSURD);
    return LK_OK;
}

static bool is_large(const struct lk_slot_place *place)
{
    return place->body_bytes > LK_SLOT_SMALL_BODY_BYTES;
}

static lk_err reference(struct lk_worker *w, const struct lk_keyring *keys, uint32_t loop,
                        uint64_t ref)
{
    struct lk_slot_place place;
    LK_TRY(place_find(w, loop, ref, &place));
    struct lk_lane *lane = is_large(&place) && w->waiting_count > 0 ? NULL
                                                                    : lane_use(w, is_large(&place));
    if (lane != NULL) return receive(w, keys, lane, &place);
    LK_ASSERT(is_large(&place)); /* no more were popped than small lanes are free */
    LK_REQUIRE(w->waiting_count < WAITING_MAX, LK_ERR_ABSURD);
    w->waiting[(w->waiting_first + w->waiting_count++) % WAITING_MAX] = ref;
    return LK_OK;
}

static lk_err waiting_receive(struct lk_worker *w, const struct lk_keyring *keys)
{
    while (w->waiting_count > 0 && w->free_large.count > 0) {
        uint64_t ref = w->waiting[w->waiting_first];
        w->waiting_first = (w->waiting_first + 1) % WAITING_MAX;
        w->waiting_count--;
        struct lk_slot_place place;
        place.slot = lk_slot_at(&w->map, (uint32_t)ref, &place.body_bytes, &place.loop);
        place.ref = ref;
        LK_TRY(receive(w, keys, lane_use(w, true), &place));
    }
    return LK_OK;
}

/* Some references of one ring. Returns their count. */
static int ring_receive(struct lk_worker *w, const struct lk_keyring *keys, uint32_t loop)
{
    uint64_t refs[POP_MAX];
    uint32_t room = w->free_small.count < POP_MAX ? w->free_small.count : POP_MAX;
    int count = lk_ring_pop(&w->in[loop], refs, room);
    for (int i = 0; i < count; i++)
        lk_slot_prefetch(&w->map, (uint32_t)refs[i]);
    for (int i = 0; i < count; i++)
        LK_TRY(reference(w, keys, loop, refs[i]));
    return count;
}

/* All rings in turn until they are empty or no small lane is free. Twice the lanes is enough: what
 * comes home at once gives its lane back, and a front that never stops is not waited for. */
static lk_err rings_receive(struct lk_worker *w, const struct lk_keyring *keys)
{
    uint32_t left = 2 * w->conf.lanes_small, idle = 0;
    for (uint32_t i = w->first_loop; idle < w->map.loops && left > 0 && w->free_small.count > 0;
         i++) {
        int count = ring_receive(w, keys, i % w->map.loops);
        LK_TRY(count);
        idle = count == 0 ? idle + 1 : 0;
        left -= (uint32_t)count < left ? (uint32_t)count : left;
        w->first_loop = (i + 1) % w->map.loops;
    }
    return LK_OK;
}

/* --- work ------------------------------------------------------------------------------------- */

/* How long S is remembered: as long as any exchange of the key would take it. */
static uint32_t novelty_window(const struct lk_worker *w, const struct lk_lane *lane)
{
    bool ecdhe = lane->exchange->ecdhe_window;
    uint32_t own = ecdhe ? w->conf.window_ecdhe_s : w->conf.window_s;
    uint32_t other = ecdhe ? w->conf.window_s : w->conf.window_ecdhe_s;
    bool both = (lane->key->rights.exchanges & lk_exchange_windows[!ecdhe]) != 0;
    return own == 0 || !both || own > other ? own : other;
}

static enum lk_novelty novelty_enter(const struct lk_worker *w, const struct lk_lane *lane)
{
    struct lk_novelty_use use = {.place = lane->novelty,
                                 .s = lane->s,
                                 .peer_hash = lk_lane_head(lane)->peer_hash,
                                 .window_s = novelty_window(w, lane)};
    return lk_novelty_enter(&w->novelty, &use, w->now_unix_s);
}

/* Is S in its window and new? False: settled; tls12 and split have one number for it. */
static bool random_good(struct lk_worker *w, struct lk_lane *lane)
{
    _Static_assert((int)LK_TLS12_INVALID_TLS_RANDOM == (int)LK_SPLIT_INVALID_TLS_RANDOM, "6");
    uint32_t window_s = lane->exchange->ecdhe_window ? w->conf.window_ecdhe_s : w->conf.window_s;
    int64_t skew_s;
    lk_lane_answer(lane, LK_TLS12_INVALID_TLS_RANDOM);
    if (!lk_freshness_in_window(lane->s, w->now_unix_s, window_s, &skew_s)) return false;
    if (w->ahead.novelty != NULL) {
        enum lk_novelty novelty = novelty_enter(w, lane);
        if (novelty == LK_REPLAYED) lk_count(w->counters, LK_C_REPLAYS, 1);
        if (novelty == LK_NOVELTY_FULL) {
            lk_count(w->counters, LK_C_REFUSED_NOVELTY_FULL, 1);
            lk_lane_refuse(lane);
        }
        if (novelty == LK_REPLAYED || novelty == LK_NOVELTY_FULL) return false;
    }
    return true;
}

/* One more of this kind, of the peer and, where the front's word for who asks is not enough, of
 * all? */
static bool rate_take(struct lk_worker *w, const struct lk_lane *lane)
{
    enum lk_rated kind = lane->exchange->rated;
    struct lk_rate_use use = {.peer_hash = lk_lane_head(lane)->peer_hash,
                              .key_full = lane->key->keyid.full,
                              .kind = kind};
    uint32_t per_s = w->conf.rate_per_s[kind];
    if (!lk_rate_take(w->conf.rate, &use, per_s, w->now_ns)) return false;
    use.peer_hash = 0; /* everybody's */
    return kind != LK_RATED_CERT_REQUEST ||
           lk_rate_take(w->conf.rate, &use, LK_RATE_PEERS * per_s, w->now_ns);
}

/* Has the peer asked this key too often? Then it is settled, by a status of split, which all that
 * is rated is of: temporary_failure would keep the edge's other requests away from this server. */
static bool rate_good(struct lk_worker *w, struct lk_lane *lane)
{
    static const enum lk_counter refused[LK_RATED_COUNT] = {
        [LK_RATED_PREMASTER] = LK_C_REFUSED_RATE,
        [LK_RATED_CERT_REQUEST] = LK_C_REFUSED_CERT_REQUEST_RATE};
    enum lk_rated kind = lane->exchange->rated;
    if (kind == LK_RATED_NOT || rate_take(w, lane)) return true;
    lk_count(w->counters, refused[kind], 1);
    lk_lane_answer(lane, LK_SPLIT_TOO_MANY_REQUESTS);
    return false;
}

/* Rate, random check, freshness function, and the steps up to the first kernel. False: settled. */
static bool lane_start(struct lk_worker *w, struct lk_lane *lane)
{
    lane->started = true;
    lane->work_ns = w->now_ns;
    if (!rate_good(w, lane) || (lane->s != NULL && !random_good(w, lane))) return false;
    lk_lane_answer(lane, lane->exchange->start(lane, &w->rng));
    if (lane->denied) lk_count(w->counters, LK_C_VAULT_DENIED, 1);
    return lane->status == 0;
}

/* May the lane join the batch in hand, behind `before` others? False: it went home. */
static bool lane_ready(struct lk_worker *w, struct lk_lane *lane, uint32_t before)
{
    enum lk_counter why = LK_COUNTER_COUNT;
    if (late(w, lane))
        why = LK_C_REFUSED_DEADLINE;
    else if (lane->key == NULL)
        why = LK_C_REFUSED_HANDLE;
    else if (!lk_audit_room(w->audit, before + 1))
        why = LK_C_REFUSED_AUDIT_FULL;
    if (why != LK_COUNTER_COUNT) {
        refuse(w, lane, why);
        return false;
    }
    if (lane->started || lane_start(w, lane)) return true;
    send_home(w, lane);
    return false;
}

static uint32_t batch_fill(struct lk_worker *w, enum lk_kernel_row row)
{
    uint32_t count = 0;
    struct lk_lane *lane;
    while (count < w->batch.kernel[row]->lanes_max &&
           (lane = lk_batch_take(&w->batch, row)) != NULL) {
        if (!lane_ready(w, lane, count)) continue;
        w->operand[count] = lane->operand;
        w->live[count++] = lane;
    }
    return count;
}

static void kernel_fault(struct lk_worker *w, enum lk_kernel_row row)
{
    lk_health_fault(w->conf.health, row);
    lk_count_add(&w->counters->kernel_faults[row], 1);
    w->turn.kernel_faults++;
}

/* What the kernel made of one lane: one more kernel, or true: the answer. */
static bool lane_settle(struct lk_worker *w, struct lk_lane *lane, bool good)
{
    bool private_key = lane->operand.key != NULL;
    if (private_key) lane->key_used = true;
    if (private_key && (!good || lane->operand.recomputed))
        lk_count(w->counters, LK_C_RESULT_FAULTS, 1);
    if (lane->operand.recomputed && lane->operand.by_kernel) kernel_fault(w, lane->row);
    if (!lane->exchange->resume(lane, good, &w->rng)) return true;
    lk_batch_add(&w->batch, lane, w->now_ns);
    return false;
}

static void batch_count(struct lk_worker *w, enum lk_kernel_row row, uint32_t count)
{
    uint32_t by_kernel = 0;
    for (uint32_t i = 0; i < count; i++)
        by_kernel += w->operand[i].by_kernel;
    lk_count_add(&w->counters->batches[row], 1);
    lk_count_add(&w->counters->batch_lanes[row], count);
    lk_count_add(&w->counters->way_lanes[LK_WAY_KERNEL][row], by_kernel);
    lk_count_add(&w->counters->way_lanes[LK_WAY_LIBRARY][row], count - by_kernel);
}

static void proofs_count(struct lk_worker *w, enum lk_kernel_row row, uint32_t count, uint64_t good)
{
    if (!lk_row_is_proof(row)) return;
    uint32_t held = (uint32_t)__builtin_popcountll(good);
    lk_count_add(&w->counters->proofs[LK_PROOF_HELD][row], held);
    lk_count_add(&w->counters->proofs[LK_PROOF_FAILED][row], count - held);
}

/* Returns its cost. */
static uint64_t batch_run(struct lk_worker *w, enum lk_kernel_row row)
{
    const struct lk_kernel *kernel = w->batch.kernel[row];
    uint32_t count = batch_fill(w, row);
    if (count == 0) return 0;
    uint64_t live = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    uint64_t good = live & kernel->run(w->work, w->operand, live);
    w->now_ns = w->conf.clock_ns();
    batch_count(w, row, count);
    proofs_count(w, row, count, good);
    uint32_t home = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct lk_lane *lane = w->live[i];
        lane->operand = w->operand[i];
        if (lane_settle(w, lane, (good >> i & 1) != 0)) w->live[home++] = lane;
    }
    send_all_home(w, w->live, home);
    uint64_t extra_ns = 0;
    for (uint32_t i = 0; i < count; i++)
        extra_ns += w->operand[i].extra_ns;
    lk_wipe(w->operand, count * sizeof w->operand[0]);
    lk_batch_charge(&w->batch, row, extra_ns);
    return lk_kernel_cost_ns(kernel, count) + extra_ns;
}

/* Rows that went out of service since the last look run on the library's kernels. */
static void kernels_follow(struct lk_worker *w)
{
    uint32_t out = lk_health_out(w->conf.health);
    for (uint32_t fresh = out & ~w->rows_out; fresh != 0; fresh &= fresh - 1) {
        int row = __builtin_ctz(fresh);
        lk_batch_use(&w->batch, (enum lk_kernel_row)row, &w->conf.kernels->library[row]);
    }
    w->rows_out = out;
}

static void batches_run(struct lk_worker *w)
{
    uint64_t spent_ns = 0;
    while (w->err == LK_OK && spent_ns < LK_BATCH_QUANTUM_NS) {
        kernels_follow(w);
        enum lk_kernel_row row = lk_batch_row(&w->batch, w->now_ns);
        if (row == LK_ROW_COUNT) return;
        spent_ns += batch_run(w, row);
    }
}

/* --- the turn --------------------------------------------------------------------------------- */

/* Held lanes point into the keyring of the turn before, which may go once this turn has begun. */
static void keys_change(struct lk_worker *w, const struct lk_keyring *keys)
{
    w->keys = keys;
    for (unsigned i = 0; i < w->conf.lanes_small + w->conf.lanes_large; i++) {
        struct lk_lane *lane = lane_at(w, i);
        if (lane->exchange == NULL) continue;
        lane->key = lk_keyring_find(keys, lk_lane_head(lane)->key_handle);
        if (lane->key != NULL && lane->operand.key != NULL) lane->operand.key = lane->key->engine;
    }
}

/* References that found no lane in this turn. */
static uint32_t rings_depth(const struct lk_worker *w)
{
    uint32_t depth = 0;
    for (uint32_t l = 0; l < w->map.loops; l++)
        depth += lk_ring_depth(&w->in[l]);
    return depth;
}

static void gauges_set(struct lk_worker *w, uint32_t depth)
{
    lk_count_set(&w->counters->ring_depth, depth);
    for (unsigned r = 0; r < LK_ROW_COUNT; r++)
        lk_count_set(&w->counters->queue_depth[r], w->batch.row[r].count);
}

struct lk_turn lk_worker_turn(struct lk_worker *worker, const struct lk_keyring *keys,
                              uint64_t now_ns, int64_t now_unix_s)
{
    worker->turn = (struct lk_turn){0};
    worker->now_ns = now_ns;
    worker->now_unix_s = now_unix_s;
    lk_count_set(&worker->counters->heartbeat_ns, now_ns);
    lk_count(worker->counters, LK_C_TURNS, 1);
    if (keys != worker->keys) keys_change(worker, keys);
    if (worker->map.base == NULL) return worker->turn;
    if (worker->err == LK_OK) worker->err = waiting_receive(worker, keys);
    if (worker->err == LK_OK) worker->err = rings_receive(worker, keys);
    lk_ahead_run(&worker->ahead);
    if (worker->err == LK_OK) batches_run(worker);
    uint32_t depth = rings_depth(worker);
    gauges_set(worker, depth);
    worker->turn.left = worker->held + worker->waiting_count + depth;
    worker->turn.err = worker->err;
    return worker->turn;
}
