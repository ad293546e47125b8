#include "core/keys/certificate.h"

enum der_tag {
    DER_INTEGER = 0x02,
    DER_SEQUENCE = 0x30,
    DER_VERSION = 0xa0 /* [0], before the serial number of all but version 1 */
};

/* The length of a value, minimal as DER has it. */
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

/* The next element when it has this tag: its value. *whole, unless NULL: header included. */
static struct lk_bytes element_take(struct lk_cursor *c, enum der_tag tag, struct lk_bytes *whole)
{
    const uint8_t *start = c->at;
    if (lk_cursor_u8(c) != tag) c->bad = true;
    struct lk_bytes value = lk_cursor_take(c, length_read(c));
    if (whole != NULL) *whole = lk_bytes_of(start, (size_t)(c->at - start));
    return value;
}

bool lk_certificate_spki(struct lk_bytes der, struct lk_bytes *spki)
{
    struct lk_cursor outer = lk_cursor_of(der);
    struct lk_cursor certificate = lk_cursor_of(element_take(&outer, DER_SEQUENCE, NULL));
    if (!lk_cursor_done(&outer)) return false;
    struct lk_cursor tbs = lk_cursor_of(element_take(&certificate, DER_SEQUENCE, NULL));
    if (certificate.bad) return false;
    if (lk_cursor_left(&tbs) > 0 && tbs.at[0] == DER_VERSION) element_take(&tbs, DER_VERSION, NULL);
    element_take(&tbs, DER_INTEGER, NULL);  /* serialNumber */
    element_take(&tbs, DER_SEQUENCE, NULL); /* signature */
    element_take(&tbs, DER_SEQUENCE, NULL); /* issuer */
    element_take(&tbs, DER_SEQUENCE, NULL); /* validity */
    element_take(&tbs, DER_SEQUENCE, NULL); /* subject */
    element_take(&tbs, DER_SEQUENCE, spki);
    return !tbs.bad;
}
