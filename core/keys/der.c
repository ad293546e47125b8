#include "core/keys/der.h"

static size_t length_read(struct lk_cursor *c)
{
    size_t first = lk_cursor_u8(c);
    if (first < 0x80) return first;
    size_t len = 0;
    unsigned width = first & 0x7f;
    if (width == 1) len = lk_cursor_u8(c);
    if (width == 2) len = lk_cursor_u16(c);
    if (width == 3) len = lk_cursor_u24(c);
    static const size_t least[] = {SIZE_MAX, 0x80, 0x100, 0x10000}; /* indefinite form is not DER */
    if (width > 3 || len < least[width]) c->bad = true;
    return len;
}

struct lk_bytes lk_der_any(struct lk_cursor *c, uint8_t *tag)
{
    *tag = lk_cursor_u8(c);
    return lk_cursor_take(c, length_read(c));
}

struct lk_bytes lk_der_take(struct lk_cursor *c, uint8_t tag, struct lk_bytes *whole)
{
    const uint8_t *start = c->at;
    uint8_t found;
    struct lk_bytes value = lk_der_any(c, &found);
    if (found != tag) c->bad = true;
    if (whole != NULL) *whole = lk_bytes_of(start, (size_t)(c->at - start));
    return value;
}

/* FALSE is the default, and DER leaves defaults out; TRUE is all ones. */
static void critical_read(struct lk_cursor *c)
{
    if (!lk_der_next_is(c, LK_DER_BOOLEAN)) return;
    struct lk_bytes critical = lk_der_take(c, LK_DER_BOOLEAN, NULL);
    if (critical.len != 1 || critical.data[0] != 0xff) c->bad = true;
}

bool lk_der_extension_next(struct lk_cursor *c, struct lk_der_extension *out)
{
    if (c->bad || lk_cursor_left(c) == 0) return false;
    struct lk_cursor one = lk_cursor_of(lk_der_take(c, LK_DER_SEQUENCE, NULL));
    out->oid = lk_der_take(&one, LK_DER_OID, NULL);
    critical_read(&one);
    out->value = lk_der_take(&one, LK_DER_OCTET_STRING, NULL);
    if (!lk_cursor_done(&one)) c->bad = true;
    return !c->bad;
}
