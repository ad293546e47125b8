/* der: reading DER, as far as certificates and requests for them need it: definite and minimal
 * lengths below 2^24, tags of one byte. Borrows. A cursor's error is sticky, as everywhere.
 * Thread any. Time depends on the bytes, which are public. Source X.690 8.1, 10.1; RFC 5280 4.1. */
#ifndef LK_CORE_KEYS_DER_H
#define LK_CORE_KEYS_DER_H

#include "core/base/bytes.h"

enum lk_der_tag {
    LK_DER_BOOLEAN = 0x01,
    LK_DER_INTEGER = 0x02,
    LK_DER_BIT_STRING = 0x03,
    LK_DER_OCTET_STRING = 0x04,
    LK_DER_OID = 0x06,
    LK_DER_UTF8_STRING = 0x0c,
    LK_DER_PRINTABLE_STRING = 0x13,
    LK_DER_IA5_STRING = 0x16,
    LK_DER_SEQUENCE = 0x30,
    LK_DER_SET = 0x31,
    LK_DER_DNS_NAME = 0x82, /* [2] of GeneralName */
    LK_DER_CONTEXT_0 = 0xa0,
    LK_DER_CONTEXT_1 = 0x81, /* primitive, as the unique identifiers of a certificate are */
    LK_DER_CONTEXT_2 = 0x82,
    LK_DER_CONTEXT_3 = 0xa3
};

/* Is there a next element, and of this tag? */
static inline bool lk_der_next_is(const struct lk_cursor *c, uint8_t tag)
{
    return !c->bad && lk_cursor_left(c) > 0 && c->at[0] == tag;
}

/* The next element when it has this tag: its value. *whole, unless NULL: header included. */
struct lk_bytes lk_der_take(struct lk_cursor *c, uint8_t tag, struct lk_bytes *whole);
/* The next element, whatever it is: *tag and its value. */
struct lk_bytes lk_der_any(struct lk_cursor *c, uint8_t *tag);

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING }. */
struct lk_der_extension {
    struct lk_bytes oid, value; /* what is in the OCTET STRING */
};
/* The next of a list of extensions. False: the list is at its end, or c is bad. */
bool lk_der_extension_next(struct lk_cursor *c, struct lk_der_extension *out);

#endif
