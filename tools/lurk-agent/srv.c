#include "tools/lurk-agent/srv.h"

#include <ctype.h>

#define TYPE_SRV 33
#define CLASS_IN 1
#define POINTERS_MAX 16 /* of one name: more is a loop */

/* --- names ---------------------------------------------------------------------------------- */

/* Where a name in the record ends: behind its zero, or behind its first pointer. */
static void skip_name(struct lk_cursor *c)
{
    for (;;) {
        uint8_t len = lk_cursor_u8(c);
        if (c->bad || len == 0) return;
        if ((len & 0xc0) == 0xc0) {
            (void)lk_cursor_u8(c);
            return;
        }
        if ((len & 0xc0) != 0) c->bad = true;
        (void)lk_cursor_take(c, len);
    }
}

static bool label_good(struct lk_bytes label)
{
    for (size_t i = 0; i < label.len; i++)
        if (!isalnum(label.data[i]) && label.data[i] != '-' && label.data[i] != '_') return false;
    return true;
}

/* Adds ".label". False: no room, or no host's name. */
static bool add_label(char name[LK_HOST_BYTES_MAX + 1], size_t *len, struct lk_bytes label)
{
    size_t dot = *len > 0;
    if (*len + dot + label.len > LK_HOST_BYTES_MAX || !label_good(label)) return false;
    if (dot > 0) name[(*len)++] = '.';
    memcpy(name + *len, label.data, label.len);
    *len += label.len;
    name[*len] = '\0';
    return true;
}

/* The name at this place of the answer; pointers lead to other places. */
static bool read_name(struct lk_bytes answer, size_t at, char name[LK_HOST_BYTES_MAX + 1])
{
    size_t len = 0;
    name[0] = '\0';
    for (int pointers = 0; pointers < POINTERS_MAX;) {
        if (at >= answer.len) return false;
        struct lk_cursor c = lk_cursor_of(lk_bytes_of(answer.data + at, answer.len - at));
        uint8_t first = lk_cursor_u8(&c);
        if (first == 0) return len > 0;
        if ((first & 0xc0) == 0xc0) {
            at = (size_t)(first & 0x3f) << 8 | lk_cursor_u8(&c);
            pointers++;
            if (c.bad) return false;
            continue;
        }
        struct lk_bytes label = lk_cursor_take(&c, first);
        if ((first & 0xc0) != 0 || c.bad || !add_label(name, &len, label)) return false;
        at += 1 + (size_t)first;
    }
    return false;
}

/* --- records -------------------------------------------------------------------------------- */

static void read_record(struct lk_bytes answer, struct lk_cursor *c, struct lk_srv *record,
                        uint32_t *count, uint32_t *ttl_s)
{
    skip_name(c);
    uint16_t type = lk_cursor_u16(c);
    uint16_t class = lk_cursor_u16(c);
    uint32_t ttl = lk_cursor_u32(c);
    struct lk_bytes data = lk_cursor_vec16(c);
    struct lk_cursor d = lk_cursor_of(data);
    if (c->bad) return;
    if (ttl < *ttl_s) *ttl_s = ttl;
    if (type != TYPE_SRV || class != CLASS_IN || *count == LK_AGENT_SERVERS_MAX) return;
    struct lk_srv *to = &record[*count];
    to->priority = lk_cursor_u16(&d);
    to->weight = lk_cursor_u16(&d);
    to->port = lk_cursor_u16(&d);
    if (!d.bad && to->port != 0 && read_name(answer, (size_t)(d.at - answer.data), to->target))
        (*count)++;
}

bool lk_srv_parse(struct lk_bytes answer, struct lk_srv record[LK_AGENT_SERVERS_MAX],
                  uint32_t *count, uint32_t *ttl_s)
{
    struct lk_cursor c = lk_cursor_of(answer);
    *count = 0;
    *ttl_s = UINT32_MAX;
    (void)lk_cursor_u32(&c); /* id, flags: the resolver has judged them */
    uint16_t questions = lk_cursor_u16(&c);
    uint16_t answers = lk_cursor_u16(&c);
    (void)lk_cursor_u32(&c);
    for (uint16_t i = 0; i < questions && !c.bad; i++) {
        skip_name(&c);
        (void)lk_cursor_u32(&c);
    }
    for (uint16_t i = 0; i < answers && !c.bad; i++)
        read_record(answer, &c, record, count, ttl_s);
    return !c.bad;
}
