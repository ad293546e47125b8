#include "tests/support/rig.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 512, LARGE = 4, CELLS = 1024 };

static uint64_t rig_clock_ns;

static uint64_t clock_ns(void)
{
    return rig_clock_ns;
}

static void *zeroed(size_t bytes)
{
    void *memory = NULL;
    LK_ASSERT(posix_memalign(&memory, 64, bytes) == 0);
    memset(memory, 0, bytes);
    return memory;
}

/* Chosen once: their self-tests take longer than most tests. */
static const struct lk_kernels *kernels(void)
{
    static struct lk_kernels chosen;
    const char *failed;
    if (chosen.sha256 == NULL) LK_ASSERT(lk_kernels_choose(&chosen, &failed));
    return &chosen;
}

void lk_rig_init(struct lk_rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->kernels = *kernels();
    rig->conf = (struct lk_worker_conf){.tenants = 4,
                                        .lanes_small = 256,
                                        .lanes_large = 2,
                                        .kernels = &rig->kernels,
                                        .health = &rig->health,
                                        .rate = &rig->rate,
                                        .rate_per_s = {[LK_RATED_PREMASTER] = 1000, [LK_RATED_CERT_REQUEST] = 100},
                                        .clock_ns = clock_ns};
    rig->keyring = (struct lk_keyring){.generation = 1, .key = rig->key};
    rig->audit = zeroed(sizeof *rig->audit);
    rig->counters = zeroed(sizeof *rig->counters);
    rig->now_ns = LK_RIG_NOW_NS;
    rig->now_unix_s = LK_RIG_NOW_UNIX_S;
    rig_clock_ns = LK_RIG_NOW_NS;
}

void lk_rig_start(struct lk_rig *rig, uint32_t loops)
{
    rig->arena = zeroed(lk_worker_bytes(&rig->conf));
    LK_ASSERT(lk_worker_init(&rig->worker, &rig->conf, rig->arena, rig->novelty, rig->audit,
                             rig->counters) == LK_OK);
    rig->map = (struct lk_slot_map){.base = zeroed(lk_slot_map_bytes(loops, SMALL, LARGE)),
                                    .loops = loops,
                                    .small_per_loop = SMALL,
                                    .large_per_loop = LARGE};
    for (uint32_t l = 0; l < loops; l++) {
        rig->to_shared[l] = zeroed(lk_ring_bytes(CELLS));
        rig->from_shared[l] = zeroed(lk_ring_bytes(CELLS));
    }
    lk_rig_epoch(rig);
}

void lk_rig_epoch(struct lk_rig *rig)
{
    for (uint32_t l = 0; l < rig->map.loops; l++) {
        memset(rig->to_shared[l], 0, lk_ring_bytes(CELLS));
        memset(rig->from_shared[l], 0, lk_ring_bytes(CELLS));
        lk_ring_init(&rig->to[l], rig->to_shared[l], CELLS);
        lk_ring_init(&rig->in[l], rig->to_shared[l], CELLS);
        lk_ring_init(&rig->out[l], rig->from_shared[l], CELLS);
        lk_ring_init(&rig->from[l], rig->from_shared[l], CELLS);
    }
    lk_worker_epoch(rig->worker, &rig->map, rig->in, rig->out);
}

/* A pointer of its own for each, never followed. */
static struct lk_engine_key *fake_engine(struct lk_rig *rig, uint32_t index)
{
    return (struct lk_engine_key *)(void *)&rig->key[index];
}

void lk_rig_fini(struct lk_rig *rig)
{
    if (rig->worker != NULL) lk_worker_fini(rig->worker);
    for (uint32_t i = 0; i < rig->keyring.count; i++) {
        free((void *)rig->key[i].certs);
        free((void *)rig->key[i].names);
    }
    for (uint32_t i = 0; i < rig->keyring.count; i++)
        if (rig->key[i].engine != fake_engine(rig, i)) lk_engine_key_free(rig->key[i].engine);
    for (uint32_t l = 0; l < rig->map.loops; l++) {
        free(rig->to_shared[l]);
        free(rig->from_shared[l]);
    }
    free(rig->map.base);
    free(rig->arena);
    free(rig->audit);
    free(rig->counters);
}

static struct lk_key *key_add(struct lk_rig *rig, enum lk_key_kind kind)
{
    uint32_t index = rig->keyring.count++;
    LK_ASSERT(index < LK_RIG_KEYS_MAX);
    struct lk_key *key = &rig->key[index];
    *key = (struct lk_key){.handle = UINT64_C(1) << 32 | index, .kind = kind};
    key->rights = (struct lk_key_rights){
        .exchanges = ~UINT64_C(0), .hashes = (1u << LK_HASH_COUNT) - 1, .poo_optional = true,
        .uses = ~0u, .flags = ~0u, .methods = 3, .secrets = 0x1f,
        .dhe_bytes_max = LK_DH_BYTES_MAX};
    return key;
}

uint32_t lk_rig_key(struct lk_rig *rig, const char *pem)
{
    enum lk_key_fault fault;
    struct lk_engine_key *engine = lk_engine_key_new(pem, strlen(pem), NULL, 1, &fault);
    LK_ASSERT(engine != NULL);
    const struct lk_key_facts *facts = lk_engine_key_facts(engine);
    struct lk_key *key = key_add(rig, facts->kind);
    key->engine = engine;
    key->row = lk_engine_key_row(engine);
    key->bytes = facts->bytes;
    lk_keyid_of(lk_bytes_of(facts->spki, facts->spki_bytes),
                lk_bytes_of(facts->rsa_public, facts->rsa_public_bytes), &key->keyid);
    lk_rig_chain(rig, rig->keyring.count - 1, lk_bytes_of(NULL, 0));
    return rig->keyring.count - 1;
}

void lk_rig_chain(struct lk_rig *rig, uint32_t key, struct lk_bytes chain)
{
    struct lk_certs *certs;
    const struct lk_key_facts *facts = lk_engine_key_facts(rig->key[key].engine);
    LK_ASSERT(lk_certs_new(chain, lk_bytes_of(facts->spki, facts->spki_bytes), &certs) == LK_OK);
    free((void *)rig->key[key].certs);
    free((void *)rig->key[key].names);
    rig->key[key].certs = certs;
    rig->key[key].names = NULL;
    struct lk_cert_names *names;
    const struct lk_cert *own = lk_certs_own(certs);
    if (own != NULL && lk_cert_names_new(own->der, &names) == LK_OK) rig->key[key].names = names;
}

uint32_t lk_rig_key_fake(struct lk_rig *rig, enum lk_key_kind kind, enum lk_kernel_row row, uint32_t bytes)
{
    struct lk_key *key = key_add(rig, kind);
    key->engine = fake_engine(rig, rig->keyring.count - 1);
    key->row = row;
    key->bytes = bytes;
    key->keyid.id_count = 1;
    key->keyid.id[0][3] = (uint8_t)rig->keyring.count;
    key->keyid.full[0] = (uint8_t)rig->keyring.count;
    return rig->keyring.count - 1;
}

static struct lk_slot *slot_at(const struct lk_rig *rig, uint32_t index, uint32_t *room)
{
    uint32_t loop;
    return lk_slot_at(&rig->map, index, room, &loop);
}

struct lk_slot *lk_rig_fill(struct lk_rig *rig, uint32_t index, enum lk_exchange_id exchange,
                            uint32_t key, struct lk_bytes payload)
{
    uint32_t room;
    struct lk_slot *slot = slot_at(rig, index, &room);
    LK_ASSERT(slot != NULL && payload.len <= room);
    uint32_t generation = slot->generation + 1;
    *slot = (struct lk_slot){.state = LK_SLOT_SENT,
                             .generation = generation,
                             .key_handle = rig->key[key].handle,
                             .peer_hash = 7,
                             .deadline_ns = UINT64_MAX,
                             .sent_ns = rig->now_ns,
                             .tenant = rig->key[key].tenant,
                             .edge = 3,
                             .exchange = (uint16_t)exchange,
                             .flags = LK_SLOT_POO_OPTIONAL | LK_SLOT_UNFRESH | LK_SLOT_UNPROVED,
                             .methods = 3,
                             .secrets = 0x1f,
                             .job_bytes = (uint32_t)payload.len,
                             .request_id = 100 + index};
    memcpy(slot->body, payload.data, payload.len);
    return slot;
}

void lk_rig_push(struct lk_rig *rig, uint32_t index)
{
    uint32_t room, loop;
    struct lk_slot *slot = lk_slot_at(&rig->map, index, &room, &loop);
    LK_ASSERT(lk_ring_push(&rig->to[loop], lk_slot_ref(slot->generation, index)) == LK_OK);
}

uint32_t lk_rig_run(struct lk_rig *rig)
{
    uint32_t done = 0;
    struct lk_turn turn;
    rig_clock_ns = rig->now_ns;
    for (uint32_t turns = 0;; turns++) {
        turn = lk_worker_turn(rig->worker, &rig->keyring, rig->now_ns, rig->now_unix_s);
        LK_ASSERT(turn.err == LK_OK && turns < 100000);
        done += turn.done;
        if (turn.left == 0) return done;
    }
}

struct lk_slot *lk_rig_home(struct lk_rig *rig, uint32_t loop)
{
    uint64_t ref;
    int count = lk_ring_pop(&rig->from[loop], &ref, 1);
    LK_ASSERT(count >= 0);
    if (count == 0) return NULL;
    uint32_t room;
    struct lk_slot *slot = slot_at(rig, (uint32_t)ref, &room);
    LK_ASSERT(slot->state == LK_SLOT_DONE && slot->generation == (uint32_t)(ref >> 32));
    return slot;
}

struct lk_slot *lk_rig_ask(struct lk_rig *rig, enum lk_exchange_id exchange, uint32_t key,
                           struct lk_bytes payload)
{
    bool large = payload.len > LK_SLOT_SMALL_BODY_BYTES;
    uint32_t index = large ? rig->map.loops * rig->map.small_per_loop : 0;
    lk_rig_fill(rig, index, exchange, key, payload);
    lk_rig_push(rig, index);
    LK_ASSERT(lk_rig_run(rig) == 1);
    return lk_rig_home(rig, 0);
}
