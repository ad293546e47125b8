/* Bytes as what a hostile vault does to slots, rings and indices while an edge asks. Each request
 * gets one answer, whatever comes home or does not, and none is longer than its slot. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tests/support/desk.h"
#include "tests/support/dtls_client.h"
#include "tests/support/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 200
#define REFS_MAX 64

static struct lk_test_desk desk;
static uint32_t requests;
static uint64_t refs[REFS_MAX]; /* as the loop pushed them, the last ones */
static uint32_t ref_count;

static void do_ask(struct lk_cursor *c)
{
    uint8_t request[512];
    (void)c;
    if (requests == REQUESTS_MAX) return;
    size_t len = lk_test_rsa_master(request, requests++, (uint32_t)desk.peers.now_unix_s);
    lk_intake_stream(desk.conn, lk_bytes_of(request, len));
    while (lk_ring_pop(&desk.from_loop, &refs[ref_count % REFS_MAX], 1) == 1)
        ref_count++;
}

static struct lk_slot *slot_of(uint64_t ref)
{
    uint32_t room, loop;
    return lk_slot_at(&desk.segment.slots, (uint32_t)ref, &room, &loop);
}

static uint64_t pick(struct lk_cursor *c)
{
    uint32_t kept = ref_count < REFS_MAX ? ref_count : REFS_MAX;
    uint8_t nth = lk_cursor_u8(c);
    return kept > 0 ? refs[nth % kept] : nth;
}

static void push(uint64_t ref)
{
    (void)!lk_ring_push(&desk.to_loop, ref); /* full or absurd: it harmed itself */
}

static void do_answer(struct lk_cursor *c)
{
    uint64_t ref = pick(c);
    struct lk_slot *slot = slot_of(ref);
    if (slot == NULL) return;
    slot->verdict = LK_VERDICT_ANSWER;
    slot->status = LK_STATUS_SUCCESS;
    slot->result_bytes = LK_MASTER_BYTES;
    slot->generation = (uint32_t)(ref >> 32);
    slot->state = LK_SLOT_DONE;
    push(ref);
}

/* An answer in which one field is what the bytes say. */
static void do_lie(struct lk_cursor *c)
{
    uint64_t ref = pick(c);
    struct lk_slot *slot = slot_of(ref);
    uint8_t which = lk_cursor_u8(c);
    uint32_t value = lk_cursor_u32(c);
    if (slot == NULL) return;
    *slot = (struct lk_slot){.generation = (uint32_t)(ref >> 32),
                             .state = LK_SLOT_DONE,
                             .status = LK_STATUS_SUCCESS};
    uint32_t *const words[] = {&slot->generation, &slot->state, &slot->result_bytes};
    if (which % 5 < 3) *words[which % 5] = value;
    if (which % 5 == 3) slot->status = (uint16_t)value;
    if (which % 5 == 4) slot->verdict = (uint16_t)value;
    if (which % 5 != 2) slot->result_bytes = value >> 16;
    push(ref);
}

static void do_push(struct lk_cursor *c)
{
    push(lk_cursor_u64(c));
}

static void do_write(struct lk_cursor *c)
{
    uint32_t at = lk_cursor_u32(c) % (uint32_t)desk.segment.bytes;
    struct lk_bytes bytes = lk_cursor_vec8(c);
    if (bytes.len == 0 || bytes.len > desk.segment.bytes - at) return;
    memcpy((uint8_t *)desk.segment.base + at, bytes.data, bytes.len);
}

static void do_index(struct lk_cursor *c)
{
    bool head = (lk_cursor_u8(c) & 1) != 0;
    uint32_t value = lk_cursor_u32(c);
    if (head)
        atomic_store(&lk_segment_ring_to_worker(&desk.segment, 0, 0)->head, value);
    else
        atomic_store(&lk_segment_ring_to_loop(&desk.segment, 0, 0)->tail, value);
}

static void do_collect(struct lk_cursor *c)
{
    (void)c;
    lk_intake_collect(&desk.intake, &desk.peers);
    lk_intake_ring(&desk.intake);
}

static void do_wait(struct lk_cursor *c)
{
    desk.peers.now_ns += lk_cursor_u8(c) * 10 * LK_NS_PER_MS;
    lk_intake_expire(&desk.intake, &desk.peers);
}

static void do_epoch(struct lk_cursor *c)
{
    (void)c;
    lk_test_desk_epoch(&desk);
    ref_count = 0;
}

static void check(void)
{
    const struct lk_intake *in = &desk.intake;
    LK_ASSERT(desk.conn->state == LK_CONN_OPEN);
    LK_ASSERT(desk.answers + in->in_flight == requests);
    LK_ASSERT(desk.conn->in_flight == in->in_flight);
    LK_ASSERT(in->in_flight + in->lost <= LK_TEST_DESK_SMALL + LK_TEST_DESK_LARGE);
}

static void check_answers(void)
{
    static bool seen[REQUESTS_MAX];
    memset(seen, 0, sizeof seen);
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(desk.out, desk.out_bytes));
    while (lk_cursor_left(&c) > 0) {
        struct lk_header header;
        lk_header_read(&c, &header);
        LK_ASSERT(!c.bad && header.id < requests && !seen[header.id]);
        LK_ASSERT(header.length - LK_HEADER_BYTES <= LK_SLOT_SMALL_BODY_BYTES);
        seen[header.id] = true;
        (void)lk_cursor_take(&c, header.length - LK_HEADER_BYTES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const things[16])(struct lk_cursor *) = {
        do_ask,     do_ask,     do_ask,  do_ask,  do_answer, do_answer, do_lie,   do_lie,
        do_collect, do_collect, do_wait, do_push, do_write,  do_write,  do_index, do_epoch};
    if (desk.counters == NULL) {
        lk_log_level((enum lk_log_level)-1); /* nothing at all */
        lk_test_desk_open(&desk, lk_test_view(&(struct lk_test_view_conf){.generation = 1}));
        lk_test_pki_gone();
    }
    lk_test_desk_begin(&desk);
    requests = ref_count = 0;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    while (!c.bad && lk_cursor_left(&c) > 0) {
        uint8_t what = lk_cursor_u8(&c);
        things[what % 16](&c);
        check();
    }
    do_epoch(&c);
    LK_ASSERT(desk.answers == requests);
    check_answers();
    lk_test_desk_end(&desk);
    return 0;
}
