/* der_text: DER as a test writes it down. Pairs of hex digits are bytes; TAG{ ... } is an element whose
 * length is counted; 'text' its characters; K the public key that is given. Spaces are none.
 *   30{ 020100 30{} K a0{} }
 * Lengths that are wrong are written as bytes. Aborts on what is no such text. */
#ifndef LK_TESTS_SUPPORT_DER_TEXT_H
#define LK_TESTS_SUPPORT_DER_TEXT_H

#include "core/base/bytes.h"

#define LK_DER_TEXT_BYTES 4096

struct lk_der_text {
    uint8_t data[LK_DER_TEXT_BYTES];
    size_t len;
};
/* The bytes, in out. */
struct lk_bytes lk_der_text(const char *text, struct lk_bytes key, struct lk_der_text *out);

#endif
