#include "tests/support/der_text.h"

#include <ctype.h>

#include "core/base/err.h"

static void put(struct lk_der_text *out, const void *data, size_t len)
{
    LK_ASSERT(len <= sizeof out->data - out->len);
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static uint8_t hex_byte(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 2; i++) {
        LK_ASSERT(isxdigit((unsigned char)at[i]));
        value = value * 16 + (unsigned)(isdigit((unsigned char)at[i]) ? at[i] - '0' : at[i] - 'a' + 10);
    }
    return (uint8_t)value;
}

/* What stands behind `start` becomes the value of an element whose tag stands before it. */
static void close_element(struct lk_der_text *out, size_t start)
{
    uint8_t value[LK_DER_TEXT_BYTES], head[4];
    size_t len = out->len - start, head_len = len < 0x80 ? 1 : len < 0x100 ? 2 : 3;
    memcpy(value, out->data + start, len);
    head[0] = head_len == 1 ? (uint8_t)len : (uint8_t)(0x7f + head_len);
    head[1] = (uint8_t)(head_len == 2 ? len : len >> 8);
    head[2] = (uint8_t)len;
    out->len = start;
    put(out, head, head_len);
    put(out, value, len);
}

/* To the brace that closes, or the end. Returns where that is. */
static const char *read_text(const char *at, struct lk_bytes key, struct lk_der_text *out)
{
    while (*at != 0 && *at != '}') {
        if (*at == ' ') {
            at++;
        } else if (*at == '\'') {
            for (at++; *at != '\''; at++)
                put(out, at, 1);
            at++;
        } else if (*at == 'K') {
            put(out, key.data, key.len);
            at++;
        } else if (*at == '{') {
            size_t start = out->len;
            at = read_text(at + 1, key, out);
            LK_ASSERT(*at == '}');
            close_element(out, start);
            at++;
        } else {
            uint8_t byte = hex_byte(at);
            put(out, &byte, 1);
            at += 2;
        }
    }
    return at;
}

struct lk_bytes lk_der_text(const char *text, struct lk_bytes key, struct lk_der_text *out)
{
    out->len = 0;
    LK_ASSERT(*read_text(text, key, out) == 0);
    return lk_bytes_of(out->data, out->len);
}
