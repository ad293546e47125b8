/* Bytes as what becomes of a journal: records altered, swapped, taken out or written anew. The
 * chain holds for the beginning of what was written, and for nothing else. */
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "core/watch/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS 12

static struct lk_audit_record written[RECORDS], found[RECORDS + 4];
static uint32_t count;

static void write_all(void)
{
    struct lk_audit_ring *ring = calloc(1, sizeof *ring);
    LK_ASSERT(ring != NULL);
    for (uint32_t i = 0; i < RECORDS; i++) {
        LK_ASSERT(lk_audit_room(ring, 1));
        *lk_audit_place(ring, 0) =
            (struct lk_audit_record){.unix_ns = 1000 + i, .request_id = i, .key_handle = 7};
        lk_audit_append(ring, 1, lk_sha256_lanes_library);
    }
    LK_ASSERT(lk_audit_take(ring, written, RECORDS) == RECORDS);
    free(ring);
}

static void do_alter(struct lk_cursor *c)
{
    uint8_t which = lk_cursor_u8(c), at = lk_cursor_u8(c), mask = lk_cursor_u8(c);
    if (count > 0) ((uint8_t *)&found[which % count])[at % sizeof found[0]] ^= mask;
}

static void do_swap(struct lk_cursor *c)
{
    uint8_t a = lk_cursor_u8(c), b = lk_cursor_u8(c);
    if (count == 0) return;
    struct lk_audit_record kept = found[a % count];
    found[a % count] = found[b % count];
    found[b % count] = kept;
}

static void do_take_out(struct lk_cursor *c)
{
    uint8_t which = lk_cursor_u8(c);
    if (count == 0) return;
    uint32_t at = which % count;
    memmove(&found[at], &found[at + 1], (--count - at) * sizeof found[0]);
}

static void do_write(struct lk_cursor *c)
{
    struct lk_bytes bytes = lk_cursor_vec8(c);
    if (count == sizeof found / sizeof found[0]) return;
    struct lk_audit_record *record = &found[count++];
    memset(record, 0, sizeof *record);
    size_t len = bytes.len < sizeof *record ? bytes.len : sizeof *record;
    if (len > 0) memcpy(record, bytes.data, len);
}

static void do_cut(struct lk_cursor *c)
{
    uint8_t left = lk_cursor_u8(c);
    if (left < count) count = left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const things[])(struct lk_cursor *) = {do_alter, do_alter, do_swap,
                                                         do_take_out, do_write, do_cut};
    if (written[0].sequence == 0) write_all();
    memcpy(found, written, sizeof written);
    count = RECORDS;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    while (!c.bad && lk_cursor_left(&c) > 0) {
        uint8_t what = lk_cursor_u8(&c);
        things[what % (sizeof things / sizeof things[0])](&c);
    }
    bool beginning = count <= RECORDS && memcmp(found, written, count * sizeof found[0]) == 0;
    uint8_t chain[16] = {0};
    LK_ASSERT(lk_audit_verify(chain, found, count) == beginning);
    return 0;
}
