#include "core/exec/lane.h"

#include <string.h>

#include "core/exec/exchange.h"
#include "crypto/ct.h"

/* Another process may write the source at any time: the copy is made once, and the barrier keeps
 * the compiler from going back to the source for what it believes to be the same bytes. */
static void copy_once(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
    __asm__ volatile("" : : "r"(to) : "memory");
}

lk_err lk_lane_copy(struct lk_lane *lane, const struct lk_slot_place *place)
{
    lane->place = *place;
    lane->job_bytes = 0;
    copy_once(lane->head, place->slot, LK_SLOT_HEAD_BYTES);
    const struct lk_slot *head = lk_lane_head(lane);
    LK_REQUIRE(head->state == LK_SLOT_SENT, LK_ERR_ABSURD);
    LK_REQUIRE(head->generation == (uint32_t)(place->ref >> 32), LK_ERR_ABSURD);
    if (head->job_bytes > place->body_bytes) return LK_OK; /* for lk_lane_admit to refuse */
    copy_once(lane->job, place->slot->body, head->job_bytes);
    lane->job_bytes = head->job_bytes;
    return LK_OK;
}

bool lk_lane_names_key(const struct lk_lane *lane)
{
    const struct lk_keyid *keyid = &lane->key->keyid;
    for (uint32_t i = 0; i < keyid->id_count; i++)
        if (memcmp(lane->common.key_id + 1, keyid->id[i], LK_KEY_ID_BYTES) == 0) return true;
    return false;
}

/* Faults an honest front finds first (it cuts the payload, knows the keys and the rights); 0:
 * none. */
static uint8_t fault_of_front(struct lk_lane *lane)
{
    const struct lk_slot *head = lk_lane_head(lane);
    const struct lk_exchange *exchange = lane->exchange;
    if (exchange == NULL || head->job_bytes > lane->place.body_bytes)
        return LK_STATUS_UNDEFINED_ERROR;
    uint8_t fault = exchange->cut(lane);
    if (fault != 0) return fault;
    const struct lk_key *key = lane->key;
    bool allowed = (key->rights.exchanges & LK_EXCHANGE_BIT(exchange->id)) != 0 &&
                   (exchange->key_kinds >> key->kind & 1) != 0;
    LK_REQUIRE(allowed && key->tenant == head->tenant && exchange->names_key(lane),
               exchange->no_key);
    return exchange->funct(lane);
}

bool lk_lane_admit(struct lk_lane *lane, const struct lk_keyring *keys,
                   struct lk_counters *counters)
{
    const struct lk_slot *head = lk_lane_head(lane);
    lane->exchange = lk_exchange_row(head->exchange);
    lane->key = lk_keyring_find(keys, head->key_handle);
    if (lane->key == NULL) {
        lk_count(counters, LK_C_REFUSED_HANDLE, 1);
        lk_lane_refuse(lane);
        return false;
    }
    uint8_t fault = fault_of_front(lane);
    if (fault != 0) lk_count(counters, LK_C_VAULT_DENIED, 1);
    if (fault == 0) fault = lane->exchange->check(lane);
    if (fault != 0) lk_lane_answer(lane, fault);
    return fault == 0;
}

/* Where nothing in the scratch is secret what was used of it is enough, and two dozen lines of the
 * cache stay untouched. Returns where the rest begins. */
static size_t scratch_wipe(struct lk_lane *lane)
{
    const struct lk_operand *o = &lane->operand;
    if (lane->exchange == NULL || !lane->exchange->public_scratch)
        return offsetof(struct lk_lane, job);
    lk_wipe(lane->in, o->in_bytes < sizeof lane->in ? o->in_bytes : sizeof lane->in);
    lk_wipe(lane->out, o->out_bytes < sizeof lane->out ? o->out_bytes : sizeof lane->out);
    return offsetof(struct lk_lane, tls13);
}

void lk_lane_wipe(struct lk_lane *lane)
{
    lk_wipe(lane->job, lane->job_bytes);
    bool large = lane->large;
    lk_wipe(lane, scratch_wipe(lane));
    lane->large = large;
}
