#include "core/exec/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/sha.h>

#include "core/base/clock.h"
#include "tests/support/ecdhe.h"
#include "tests/support/record.h"
#include "tests/support/rig.h"

#define ED25519 0x0807
#define RSA_PKCS1 0x0401
#define ECDSA 0x0403

/* A worker over the recording table. */
static struct lk_rig *rig_new(uint32_t lanes_max)
{
    struct lk_rig *rig = malloc(sizeof *rig);
    lk_rig_init(rig);
    lk_record_kernels(&rig->kernels, lanes_max, 20 * LK_NS_PER_US);
    rig->kernels.row[LK_ROW_RSA4096].cost_ns = 4 * LK_NS_PER_MS;
    return rig;
}

static void rig_free(struct lk_rig *rig)
{
    lk_rig_fini(rig);
    free(rig);
}

static void send(struct lk_rig *rig, uint32_t index, uint32_t key, struct lk_ecdhe_ask ask)
{
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    if (ask.time == 0) ask.time = (uint32_t)rig->now_unix_s;
    lk_rig_fill(rig, index, LK_X_TLS12_ECDHE, key, lk_ecdhe_ask(&rig->key[key], &ask, payload));
    lk_rig_push(rig, index);
}

static struct lk_turn turn(struct lk_rig *rig)
{
    return lk_worker_turn(rig->worker, &rig->keyring, rig->now_ns, rig->now_unix_s);
}

static uint64_t counted(const struct lk_rig *rig, enum lk_counter id)
{
    return rig->counters->value[id];
}

static struct lk_slot *ask(struct lk_rig *rig, uint32_t key, struct lk_ecdhe_ask ask)
{
    send(rig, 0, key, ask);
    lk_rig_run(rig);
    return lk_rig_home(rig, 0);
}

/* --- order ------------------------------------------------------------------------------------ */

static void worker_ecdsa_behind_128_rsa4096_waits_for_one_batch(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(1);
    uint32_t rsa = lk_rig_key_fake(rig, LK_KEY_RSA, LK_ROW_RSA4096, 512);
    uint32_t ecdsa = lk_rig_key_fake(rig, LK_KEY_P256, LK_ROW_P256, 72);
    lk_rig_start(rig, 1);
    for (uint32_t i = 0; i < 128; i++)
        send(rig, i, rsa, (struct lk_ecdhe_ask){.scheme = RSA_PKCS1, .number = i});
    assert_int_equal(turn(rig).done, 1);
    send(rig, 200, ecdsa, (struct lk_ecdhe_ask){.scheme = ECDSA});
    lk_rig_run(rig);
    assert_int_equal(lk_record_count(), 128 + 1);
    uint32_t before = 0;
    while (lk_record_at(before)->row != LK_ROW_P256)
        before++;
    assert_true(before <= 2); /* one was done, one may be in hand */
    rig_free(rig);
}

/* 2 ms each, as much as 100 signatures, and known only afterwards. */
static void worker_charges_wrong_proofs_for_what_they_took(void **state)
{
    (void)state;
    enum { PROOFS = 60, SIGNATURES = 300 };
    struct lk_rig *rig = rig_new(1);
    uint32_t ecdsa = lk_rig_key_fake(rig, LK_KEY_P256, LK_ROW_P256, 72);
    lk_record_extra(2 * LK_NS_PER_MS);
    lk_rig_start(rig, 1);
    for (uint32_t i = 0; i < PROOFS; i++)
        send(rig, i, ecdsa, (struct lk_ecdhe_ask){.scheme = ECDSA, .number = i, .proof = true, .proof_r = 1});
    for (uint32_t i = 0; i < SIGNATURES; i++)
        send(rig, PROOFS + i, ecdsa, (struct lk_ecdhe_ask){.scheme = ECDSA, .number = PROOFS + i});
    assert_int_equal(lk_rig_run(rig), PROOFS + SIGNATURES);
    uint32_t proofs = 0, signatures = 0;
    for (uint32_t i = 0; signatures < SIGNATURES; i++)
        if (lk_record_at(i)->row == LK_ROW_P256)
            signatures++;
        else
            proofs++;
    assert_in_range(proofs, 1, 6);
    rig_free(rig);
}

static void worker_batches_fill_from_many_keys(void **state)
{
    (void)state;
    enum { KEYS = 32, LANES = 8 };
    struct lk_rig *rig = rig_new(LANES);
    for (uint32_t k = 0; k < KEYS; k++)
        lk_rig_key_fake(rig, LK_KEY_P256, LK_ROW_P256, 72);
    lk_rig_start(rig, 1);
    for (uint32_t k = 0; k < KEYS; k++)
        send(rig, k, k, (struct lk_ecdhe_ask){.scheme = ECDSA});
    assert_int_equal(lk_rig_run(rig), KEYS);
    assert_int_equal(lk_record_batches(), KEYS / LANES);
    assert_int_equal(rig->counters->batches[LK_ROW_P256], KEYS / LANES);
    assert_int_equal(rig->counters->batch_lanes[LK_ROW_P256], KEYS);
    rig_free(rig);
}

static void worker_serves_every_loop_and_names_whom_to_wake(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(1);
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 3);
    uint32_t per_loop = rig->map.small_per_loop;
    send(rig, 1, key, (struct lk_ecdhe_ask){.scheme = ED25519, .number = 1});
    send(rig, 2 * per_loop + 5, key, (struct lk_ecdhe_ask){.scheme = ED25519, .number = 2});
    struct lk_turn t = turn(rig);
    assert_int_equal(t.done, 2);
    assert_int_equal(t.left, 0);
    assert_int_equal(t.loops_rung, 1 << 0 | 1 << 2);
    assert_int_equal(lk_rig_home(rig, 0)->request_id, 101);
    assert_null(lk_rig_home(rig, 1));
    assert_int_equal(lk_rig_home(rig, 2)->request_id, 100 + 2 * per_loop + 5);
    rig_free(rig);
}

/* More than the lanes hold stays in the rings and is served all the same. */
static void worker_with_few_lanes_serves_everything(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(4);
    rig->conf.lanes_small = 3;
    rig->conf.lanes_large = 1;
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    uint32_t first_large = rig->map.small_per_loop;
    for (uint32_t i = 0; i < 100; i++)
        send(rig, i, key, (struct lk_ecdhe_ask){.scheme = ED25519, .number = i});
    for (uint32_t i = 0; i < rig->map.large_per_loop; i++)
        send(rig, first_large + i, key, (struct lk_ecdhe_ask){.scheme = ED25519, .number = 100 + i});
    assert_int_equal(lk_rig_run(rig), 100 + rig->map.large_per_loop);
    uint32_t home = 0;
    for (struct lk_slot *slot; (slot = lk_rig_home(rig, 0)) != NULL; home++)
        assert_int_equal(slot->status, LK_STATUS_SUCCESS);
    assert_int_equal(home, 100 + rig->map.large_per_loop);
    rig_free(rig);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void worker_sends_home_what_is_past_its_deadline(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(1);
    uint32_t rsa = lk_rig_key_fake(rig, LK_KEY_RSA, LK_ROW_RSA4096, 512);
    lk_rig_start(rig, 1);
    for (uint32_t i = 0; i < 3; i++) {
        send(rig, i, rsa, (struct lk_ecdhe_ask){.scheme = RSA_PKCS1, .number = i});
        uint32_t room, loop;
        lk_slot_at(&rig->map, i, &room, &loop)->deadline_ns = rig->now_ns + (i == 0 ? 0 : 10);
    }
    rig->now_ns++; /* the first is late in the ring, the third in its queue */
    assert_int_equal(turn(rig).done, 2);
    rig->now_ns += 10;
    assert_int_equal(turn(rig).done, 1);
    static const uint32_t verdicts[] = {LK_VERDICT_TEMPORARY, LK_VERDICT_ANSWER, LK_VERDICT_TEMPORARY};
    for (uint32_t i = 0; i < 3; i++) {
        struct lk_slot *slot = lk_rig_home(rig, 0);
        assert_int_equal(slot->request_id, 100 + i);
        assert_int_equal(slot->verdict, verdicts[i]);
        assert_int_equal(slot->result_bytes == 0, verdicts[i] == LK_VERDICT_TEMPORARY);
    }
    assert_int_equal(counted(rig, LK_C_REFUSED_DEADLINE), 2);
    assert_int_equal(lk_record_count(), 1);
    rig_free(rig);
}

static void worker_uses_no_key_without_room_for_its_record(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(4);
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    atomic_store(&rig->audit->tail, LK_AUDIT_RECORDS_PER_WORKER - 2);
    for (uint32_t i = 0; i < 4; i++)
        send(rig, i, key, (struct lk_ecdhe_ask){.scheme = ED25519, .number = i});
    assert_int_equal(lk_rig_run(rig), 4);
    uint32_t answered = 0, refused = 0;
    for (struct lk_slot *slot; (slot = lk_rig_home(rig, 0)) != NULL;)
        if (slot->verdict == LK_VERDICT_TEMPORARY)
            refused++;
        else
            answered++;
    assert_int_equal(answered, 2);
    assert_int_equal(refused, 2);
    assert_int_equal(lk_record_count(), 2);
    assert_int_equal(counted(rig, LK_C_REFUSED_AUDIT_FULL), 2);
    rig_free(rig);
}

/* tls12: F(S) = S[0..4] || SHA-256(S || "tls12 pfs")[4..32]. */
static void record_names_the_handshake(struct lk_rig *rig, uint32_t key, const uint8_t *random)
{
    uint8_t payload[LK_ECDHE_ASK_BYTES], text[LK_RANDOM_BYTES + 9], want[32];
    struct lk_ecdhe_ask ask = {.scheme = ED25519, .time = (uint32_t)rig->now_unix_s};
    lk_ecdhe_ask(&rig->key[key], &ask, payload);
    memcpy(text, payload + LK_ECDHE_S_AT, LK_RANDOM_BYTES);
    memcpy(text + LK_RANDOM_BYTES, "tls12 pfs", 9);
    SHA256(text, sizeof text, want);
    memcpy(want, text, 4);
    assert_memory_equal(random, want, LK_AUDIT_RANDOM_BYTES);
}

static void worker_writes_a_record_of_each_key_use(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(4);
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    ask(rig, key, (struct lk_ecdhe_ask){.scheme = ED25519, .proof = true, .proof_r = 1}); /* no use */
    ask(rig, key, (struct lk_ecdhe_ask){.scheme = ED25519, .proof = true, .proof_r = 2});
    struct lk_audit_record record[4];
    assert_int_equal(lk_audit_take(rig->audit, record, 4), 1);
    assert_int_equal(record[0].request_id, 100);
    assert_int_equal(record[0].key_handle, rig->key[key].handle);
    assert_memory_equal(record[0].key_full, rig->key[key].keyid.full, 32);
    assert_int_equal(record[0].exchange, LK_X_TLS12_ECDHE);
    assert_int_equal(record[0].status, LK_STATUS_SUCCESS);
    assert_int_equal(record[0].scheme, ED25519);
    assert_int_equal(record[0].peer_hash, 7);
    assert_int_equal(record[0].edge, 3);
    assert_int_equal(record[0].unix_ns, (uint64_t)LK_RIG_NOW_UNIX_S * LK_NS_PER_S);
    record_names_the_handshake(rig, key, record[0].random);
    rig_free(rig);
}

static void worker_counts_proofs_by_group(void **state)
{
    (void)state;
    static const uint64_t want[LK_PROOF_END_COUNT] = {[LK_PROOF_HELD] = 2, [LK_PROOF_FAILED] = 1};
    struct lk_rig *rig = rig_new(4);
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    for (uint8_t i = 0; i < 3; i++)
        ask(rig, key, (struct lk_ecdhe_ask){.scheme = ED25519, .number = i, .proof = true, .proof_r = i});
    for (unsigned end = 0; end < LK_PROOF_END_COUNT; end++)
        for (unsigned row = 0; row < LK_ROW_COUNT; row++)
            assert_int_equal(rig->counters->proofs[end][row], row == LK_ROW_POO_X25519 ? want[end] : 0);
    rig_free(rig);
}

static void worker_answers_a_failed_operation_with_no_bytes(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(1);
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    lk_record_fail(true);
    struct lk_slot *slot = ask(rig, key, (struct lk_ecdhe_ask){.scheme = ED25519});
    assert_int_equal(slot->status, LK_STATUS_UNDEFINED_ERROR);
    assert_int_equal(slot->result_bytes, 0);
    assert_int_equal(counted(rig, LK_C_RESULT_FAULTS), 1);
    rig_free(rig);
}

/* A reload took the key away while its request was queued. */
static void worker_refuses_what_a_new_keyring_lacks(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(1);
    uint32_t old = lk_rig_key_fake(rig, LK_KEY_RSA, LK_ROW_RSA4096, 512);
    uint32_t kept = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    for (uint32_t i = 0; i < 2; i++)
        send(rig, i, old, (struct lk_ecdhe_ask){.scheme = RSA_PKCS1, .number = i});
    assert_int_equal(turn(rig).left, 1);
    struct lk_key keys[2] = {rig->key[old], rig->key[kept]};
    keys[old].engine = NULL;
    struct lk_keyring fresh = {.generation = 2, .count = 2, .key = keys};
    send(rig, 2, kept, (struct lk_ecdhe_ask){.scheme = ED25519, .number = 2});
    struct lk_turn t;
    do
        t = lk_worker_turn(rig->worker, &fresh, rig->now_ns, rig->now_unix_s);
    while (t.left > 0);
    static const struct {
        uint32_t verdict;
    } want[] = {{LK_VERDICT_ANSWER}, {LK_VERDICT_TEMPORARY}, {LK_VERDICT_ANSWER}};
    for (unsigned i = 0; i < 3; i++) {
        struct lk_slot *slot = lk_rig_home(rig, 0);
        assert_int_equal(slot->verdict, want[slot->request_id - 100].verdict);
    }
    assert_int_equal(counted(rig, LK_C_REFUSED_HANDLE), 1);
    rig_free(rig);
}

/* --- novelty ---------------------------------------------------------------------------------- */

static struct lk_rig *novelty_rig_new(uint32_t entries)
{
    struct lk_rig *rig = rig_new(1);
    size_t bytes = lk_novelty_bytes(entries);
    void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    memset(memory, 0, bytes);
    assert_int_equal(lk_novelty_attach(&rig->novelty, memory, bytes, rig->now_unix_s), LK_OK);
    rig->conf.novelty_on = true;
    rig->conf.window_s = 60;
    rig->conf.window_ecdhe_s = 10;
    lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    return rig;
}

static void novelty_rig_free(struct lk_rig *rig)
{
    free(rig->novelty.table);
    rig_free(rig);
}

static void worker_works_a_repeat_three_times_and_no_replay(void **state)
{
    (void)state;
    struct lk_rig *rig = novelty_rig_new(1024);
    struct lk_ecdhe_ask first = {.scheme = ED25519, .number = 9}, other = first;
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask(rig, 0, first)->status, LK_STATUS_SUCCESS);
    assert_int_equal(ask(rig, 0, first)->status, LK_TLS12_INVALID_TLS_RANDOM);
    other.proof = true; /* the same S in another request */
    assert_int_equal(ask(rig, 0, other)->status, LK_TLS12_INVALID_TLS_RANDOM);
    assert_int_equal(counted(rig, LK_C_REPLAYS), 2);
    novelty_rig_free(rig);
}

static void worker_takes_the_repeat_of_another_peer_for_a_replay(void **state)
{
    (void)state;
    struct lk_rig *rig = novelty_rig_new(1024);
    struct lk_ecdhe_ask first = {.scheme = ED25519, .number = 9};
    assert_int_equal(ask(rig, 0, first)->status, LK_STATUS_SUCCESS);
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    first.time = (uint32_t)rig->now_unix_s;
    struct lk_slot *slot =
        lk_rig_fill(rig, 0, LK_X_TLS12_ECDHE, 0, lk_ecdhe_ask(&rig->key[0], &first, payload));
    slot->peer_hash = 8;
    lk_rig_push(rig, 0);
    lk_rig_run(rig);
    assert_int_equal(lk_rig_home(rig, 0)->status, LK_TLS12_INVALID_TLS_RANDOM);
    novelty_rig_free(rig);
}

static void worker_full_novelty_is_temporary(void **state)
{
    (void)state;
    struct lk_rig *rig = novelty_rig_new(16);
    uint32_t served = 0;
    struct lk_slot *slot;
    while ((slot = ask(rig, 0, (struct lk_ecdhe_ask){.scheme = ED25519, .number = served}))->verdict ==
           LK_VERDICT_ANSWER)
        assert_true(++served <= 16);
    assert_true(served > 0);
    assert_int_equal(counted(rig, LK_C_REFUSED_NOVELTY_FULL), 1);
    assert_int_equal(slot->result_bytes, 0);
    novelty_rig_free(rig);
}

/* A request sent home before its kernel leaves no trace: tried again it is new. */
static void worker_enters_no_s_of_a_request_it_does_not_work(void **state)
{
    (void)state;
    struct lk_rig *rig = novelty_rig_new(1024);
    atomic_store(&rig->audit->tail, LK_AUDIT_RECORDS_PER_WORKER);
    struct lk_ecdhe_ask first = {.scheme = ED25519, .number = 9};
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask(rig, 0, first)->verdict, LK_VERDICT_TEMPORARY);
    atomic_store(&rig->audit->head, LK_AUDIT_RECORDS_PER_WORKER);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask(rig, 0, first)->status, LK_STATUS_SUCCESS);
    novelty_rig_free(rig);
}

/* --- a front that writes what it never may ---------------------------------------------------- */

static void absurd(void (*spoil)(struct lk_rig *rig))
{
    struct lk_rig *rig = rig_new(1);
    lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 2);
    spoil(rig);
    struct lk_turn t = turn(rig);
    assert_int_equal(t.err, LK_ERR_ABSURD);
    assert_int_equal(turn(rig).err, LK_ERR_ABSURD); /* until the next epoch */
    lk_rig_epoch(rig);
    assert_int_equal(ask(rig, 0, (struct lk_ecdhe_ask){.scheme = ED25519})->status, LK_STATUS_SUCCESS);
    rig_free(rig);
}

static void spoil_index(struct lk_rig *rig)
{
    assert_int_equal(lk_ring_push(&rig->to[0], lk_slot_count(&rig->map)), LK_OK);
}
static void spoil_loop(struct lk_rig *rig) /* a slot of the other loop */
{
    assert_int_equal(lk_ring_push(&rig->to[1], lk_slot_ref(0, 0)), LK_OK);
}
static void spoil_generation(struct lk_rig *rig)
{
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    struct lk_ecdhe_ask a = {.scheme = ED25519};
    struct lk_slot *slot =
        lk_rig_fill(rig, 0, LK_X_TLS12_ECDHE, 0, lk_ecdhe_ask(&rig->key[0], &a, payload));
    assert_int_equal(lk_ring_push(&rig->to[0], lk_slot_ref(slot->generation + 1, 0)), LK_OK);
}
static void spoil_state(struct lk_rig *rig)
{
    assert_int_equal(lk_ring_push(&rig->to[0], lk_slot_ref(0, 0)), LK_OK); /* FREE */
}
static void spoil_tail(struct lk_rig *rig)
{
    atomic_store(&rig->to_shared[0]->tail, 100000);
}
static void spoil_home(struct lk_rig *rig) /* the ring home claims to be read further than written */
{
    atomic_store(&rig->from_shared[0]->head, 5);
    for (uint32_t i = 0; i < 2000; i++) { /* more than the ring has cells */
        send(rig, i % 500, 0, (struct lk_ecdhe_ask){.scheme = ED25519, .number = i});
        if (turn(rig).err != LK_OK) return;
    }
}

static void worker_gives_the_epoch_up_at_an_absurd_index(void **state)
{
    (void)state;
    void (*const spoils[])(struct lk_rig *) = {spoil_index, spoil_loop,  spoil_generation,
                                               spoil_state, spoil_tail, spoil_home};
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++)
        absurd(spoils[i]);
}

static void worker_drops_the_requests_of_an_old_epoch(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(1);
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_RSA, LK_ROW_RSA4096, 512);
    lk_rig_start(rig, 1);
    for (uint32_t i = 0; i < 10; i++)
        send(rig, i, key, (struct lk_ecdhe_ask){.scheme = RSA_PKCS1, .number = i});
    assert_int_equal(turn(rig).left, 9);
    lk_rig_epoch(rig);
    struct lk_turn t = turn(rig);
    assert_int_equal(t.left, 0);
    assert_int_equal(t.done, 0);
    assert_null(lk_rig_home(rig, 0));
    lk_worker_epoch(rig->worker, NULL, NULL, NULL);
    assert_int_equal(turn(rig).err, LK_OK);
    rig_free(rig);
}

/* No byte of a request or its answer stays in the worker's memory. */
static void worker_forgets_what_it_worked_on(void **state)
{
    (void)state;
    struct lk_rig *rig = rig_new(1);
    uint32_t key = lk_rig_key_fake(rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_start(rig, 1);
    struct lk_slot *slot = ask(rig, key, (struct lk_ecdhe_ask){.scheme = ED25519, .number = 0xabcdef12});
    assert_int_equal(slot->status, LK_STATUS_SUCCESS);
    const uint8_t *arena = rig->arena;
    size_t bytes = lk_worker_bytes(&rig->conf);
    assert_null(memmem(arena, bytes, "\xab\xcd\xef\x12", 4));            /* S */
    assert_null(memmem(arena, bytes, slot->body + 2 + 36, 16)); /* F(S), which the table answered */
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worker_ecdsa_behind_128_rsa4096_waits_for_one_batch),
        cmocka_unit_test(worker_charges_wrong_proofs_for_what_they_took),
        cmocka_unit_test(worker_batches_fill_from_many_keys),
        cmocka_unit_test(worker_serves_every_loop_and_names_whom_to_wake),
        cmocka_unit_test(worker_with_few_lanes_serves_everything),
        cmocka_unit_test(worker_sends_home_what_is_past_its_deadline),
        cmocka_unit_test(worker_uses_no_key_without_room_for_its_record),
        cmocka_unit_test(worker_writes_a_record_of_each_key_use),
        cmocka_unit_test(worker_counts_proofs_by_group),
        cmocka_unit_test(worker_answers_a_failed_operation_with_no_bytes),
        cmocka_unit_test(worker_refuses_what_a_new_keyring_lacks),
        cmocka_unit_test(worker_works_a_repeat_three_times_and_no_replay),
        cmocka_unit_test(worker_takes_the_repeat_of_another_peer_for_a_replay),
        cmocka_unit_test(worker_full_novelty_is_temporary),
        cmocka_unit_test(worker_enters_no_s_of_a_request_it_does_not_work),
        cmocka_unit_test(worker_gives_the_epoch_up_at_an_absurd_index),
        cmocka_unit_test(worker_drops_the_requests_of_an_old_epoch),
        cmocka_unit_test(worker_forgets_what_it_worked_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
