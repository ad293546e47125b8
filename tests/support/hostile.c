#include "tests/support/hostile.h"

#include <string.h>

#include "tests/support/ecdhe.h"
#include "tests/support/record.h"

#define WINDOW_S 10
#define SLOTS 32 /* in play, of 512 */

static struct lk_rig rig;
static uint64_t signed_count, proofs_held, signed_by_proof_key;

static uint32_t key_of(const struct lk_engine_key *engine)
{
    for (uint32_t k = 0; k < rig.keyring.count; k++)
        if (rig.key[k].engine == engine) return k;
    return LK_HOSTILE_KEYS;
}

/* client_random || F(S) || ecdhe_params, nothing else. */
static void check_text(const uint8_t *text, size_t len)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(text, len));
    lk_cursor_take(&c, LK_RANDOM_BYTES);
    int64_t skew = (int64_t)lk_cursor_u32(&c) - rig.now_unix_s;
    LK_ASSERT(skew >= -WINDOW_S && skew <= WINDOW_S);
    lk_cursor_take(&c, LK_RANDOM_BYTES - 4);
    LK_ASSERT(lk_cursor_u8(&c) == 3);
    const struct lk_group_row *group = lk_group_find(lk_cursor_u16(&c));
    LK_ASSERT(group != NULL);
    LK_ASSERT(lk_cursor_vec8(&c).len == group->point_bytes && lk_cursor_done(&c));
}

static void check(const struct lk_record *record)
{
    if (record->key == NULL) return; /* a proof: see settled below */
    uint32_t k = key_of(record->key);
    signed_count++;
    LK_ASSERT(k < LK_HOSTILE_KEYS && k != LK_HOSTILE_CLOSED && record->row == rig.key[k].row);
    if (k == LK_HOSTILE_RSA) {
        static const uint8_t start[] = {0, 1, 0xff, 0xff};
        LK_ASSERT(record->in_bytes == 256 && memcmp(record->in, start, sizeof start) == 0);
        return;
    }
    check_text(record->in, record->in_bytes);
    if (k == LK_HOSTILE_PROOF) signed_by_proof_key++;
}

/* Proofs are judged here, so that each signature that needs one can be counted against them. */
static uint64_t (*proof_run)(struct lk_engine_work *, struct lk_operand *, uint64_t);
static uint64_t proof_count(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    uint64_t good = proof_run(work, operand, live);
    proofs_held += (uint64_t)__builtin_popcountll(good);
    return good;
}

struct lk_rig *lk_hostile_rig(void)
{
    if (rig.worker != NULL) return &rig;
    lk_rig_init(&rig);
    lk_record_kernels(&rig.kernels, 4, 20000);
    lk_record_watch(check);
    proof_run = rig.kernels.row[LK_ROW_POO_X25519].run;
    for (unsigned r = LK_ROW_POO_P256; r <= LK_ROW_POO_X448; r++)
        rig.kernels.row[r].run = proof_count;
    for (unsigned k = 0; k < LK_HOSTILE_RSA; k++)
        lk_rig_key_fake(&rig, LK_KEY_ED25519, LK_ROW_ED25519, 64);
    lk_rig_key_fake(&rig, LK_KEY_RSA, LK_ROW_RSA2048, 256);
    rig.key[LK_HOSTILE_PROOF].rights.poo_optional = false;
    rig.key[LK_HOSTILE_PLAIN].tenant = 1;
    for (unsigned k = 0; k < LK_HOSTILE_KEYS; k++)
        rig.key[k].rights.exchanges = LK_EXCHANGE_BIT(LK_X_TLS12_ECDHE);
    rig.key[LK_HOSTILE_CLOSED].rights.exchanges = LK_EXCHANGE_BIT(LK_X_TLS12_RSA_MASTER);
    rig.key[LK_HOSTILE_RSA].rights.hashes = 1u << LK_SHA256;
    rig.conf.window_s = rig.conf.window_ecdhe_s = WINDOW_S;
    rig.conf.lanes_small = 16;
    rig.conf.lanes_large = 1;
    lk_rig_start(&rig, 2);
    return &rig;
}

uint64_t lk_hostile_signed(void)
{
    return signed_count;
}

void lk_hostile_send(uint32_t index, enum lk_hostile_key key, uint32_t number, uint8_t proof_r)
{
    struct lk_ecdhe_ask ask = {.scheme = key == LK_HOSTILE_RSA ? 0x0401 : 0x0807,
                               .time = (uint32_t)rig.now_unix_s,
                               .number = number,
                               .proof = key == LK_HOSTILE_PROOF,
                               .proof_r = proof_r};
    uint8_t payload[LK_ECDHE_ASK_BYTES];
    struct lk_bytes bytes = lk_ecdhe_ask(&rig.key[key], &ask, payload);
    uint32_t room, loop;
    struct lk_slot *slot = lk_rig_fill(&rig, index, LK_X_TLS12_ECDHE, key, bytes);
    uint32_t generation = slot->generation;
    lk_slot_at(&rig.map, index, &room, &loop);
    if (lk_ring_push(&rig.to[loop], lk_slot_ref(generation, index)) != LK_OK) lk_rig_epoch(&rig);
}

/* What came home is taken, so that the ring home is not full by our own fault. */
static void home_take(void)
{
    uint64_t refs[64];
    for (uint32_t l = 0; l < rig.map.loops; l++)
        while (lk_ring_pop(&rig.from[l], refs, 64) > 0)
            ;
}

uint32_t lk_hostile_turn(void)
{
    uint32_t done = 0;
    for (unsigned turns = 0; turns < 2000; turns++) {
        struct lk_turn t = lk_worker_turn(rig.worker, &rig.keyring, rig.now_ns, rig.now_unix_s);
        done += t.done;
        home_take();
        LK_ASSERT(signed_by_proof_key <= proofs_held);
        if (t.err < 0) lk_rig_epoch(&rig);
        if (t.left == 0 || t.err < 0) break;
    }
    struct lk_audit_record records[64];
    while (lk_audit_take(rig.audit, records, 64) > 0)
        ;
    return done;
}

/* --- things a front can do -------------------------------------------------------------------- */

static struct lk_slot *slot_pick(struct lk_cursor *c, uint32_t *index, uint32_t *room)
{
    uint32_t loop, pick = lk_cursor_u8(c);
    *index = pick < 240 ? pick % SLOTS : rig.map.loops * rig.map.small_per_loop + pick % 4;
    return lk_slot_at(&rig.map, *index, room, &loop);
}

static void do_send(struct lk_cursor *c)
{
    uint32_t index, room;
    slot_pick(c, &index, &room);
    enum lk_hostile_key key = lk_cursor_u8(c) % LK_HOSTILE_KEYS;
    uint8_t r = lk_cursor_u8(c);
    lk_hostile_send(index, key, r, r);
}

/* Some bytes anywhere in a slot: head or body. */
static void do_write(struct lk_cursor *c)
{
    uint32_t index, room;
    struct lk_slot *slot = slot_pick(c, &index, &room);
    uint32_t at = lk_cursor_u16(c) % (LK_SLOT_HEAD_BYTES + room);
    struct lk_bytes bytes = lk_cursor_vec8(c);
    if (bytes.len > LK_SLOT_HEAD_BYTES + room - at) return;
    if (bytes.len > 0) memcpy((uint8_t *)slot + at, bytes.data, bytes.len);
}

static void do_push(struct lk_cursor *c)
{
    uint32_t loop = lk_cursor_u8(c) % rig.map.loops;
    if (lk_ring_push(&rig.to[loop], lk_cursor_u64(c)) != LK_OK) lk_rig_epoch(&rig);
}

/* A reference that fits the slot as it is now, pushed once more. */
static void do_push_again(struct lk_cursor *c)
{
    uint32_t index, room;
    struct lk_slot *slot = slot_pick(c, &index, &room);
    uint64_t ref = lk_slot_ref(slot->generation, index);
    if (lk_ring_push(&rig.to[index % rig.map.loops], ref) != LK_OK) lk_rig_epoch(&rig);
}

static void do_tail(struct lk_cursor *c)
{
    uint32_t loop = lk_cursor_u8(c) % rig.map.loops;
    atomic_store(&rig.to_shared[loop]->tail, lk_cursor_u32(c));
}

static void do_head(struct lk_cursor *c)
{
    uint32_t loop = lk_cursor_u8(c) % rig.map.loops;
    atomic_store(&rig.from_shared[loop]->head, lk_cursor_u32(c));
}

static void do_turn(struct lk_cursor *c)
{
    (void)c;
    lk_hostile_turn();
}

void lk_hostile_do(struct lk_bytes bytes)
{
    /* What ends the epoch at once is the rare one, or random bytes would get no further. */
    static void (*const things[32])(struct lk_cursor *) = {
        do_send,  do_send,  do_send,  do_send,  do_send,  do_send,       do_send, do_send,
        do_send,  do_send,  do_send,  do_send,  do_write, do_write,      do_write, do_write,
        do_write, do_write, do_write, do_write, do_turn,  do_turn,       do_turn, do_turn,
        do_turn,  do_turn,  do_turn,  do_turn,  do_push,  do_push_again, do_tail, do_head};
    lk_hostile_rig();
    struct lk_cursor c = lk_cursor_of(bytes);
    while (!c.bad && lk_cursor_left(&c) > 0) {
        uint8_t what = lk_cursor_u8(&c);
        things[what % 32](&c);
    }
    lk_hostile_turn();
    lk_rig_epoch(&rig);
}
