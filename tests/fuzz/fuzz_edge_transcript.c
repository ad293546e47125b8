/* Any bytes as what libssl hashes, in pieces, each behind its length of two bytes. What
 * is remembered is what was added, to its byte, and is cut into messages without a gap. */
#include "core/base/err.h"
#include "tools/provider/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cut(struct lk_bytes all)
{
    struct lk_message cut[LK_TRANSCRIPT_MESSAGES_MAX];
    const uint8_t *at = all.data;
    size_t count = lk_messages_cut(all, lk_messages_datagram(all), cut);
    for (size_t i = 0; i < count; i++) {
        LK_ASSERT(cut[i].whole.data == at && cut[i].body.len < cut[i].whole.len);
        LK_ASSERT(cut[i].type == cut[i].whole.data[0]);
        at += cut[i].whole.len;
    }
    LK_ASSERT(count == 0 || at == all.data + all.len);
}

/* Two bytes of length, then as many as there are. */
static struct lk_bytes piece_take(struct lk_cursor *c)
{
    size_t len = lk_cursor_u16(c);
    return lk_cursor_take(c, len < lk_cursor_left(c) ? len : lk_cursor_left(c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    struct lk_bytes piece = piece_take(&c);
    check_cut(piece);
    if (!lk_transcript_begins(piece)) return 0;
    (void)lk_transcript_hello_hash(piece);
    struct lk_transcript *t = lk_transcript_new(piece, NULL), *copy = NULL;
    size_t at = piece.len;
    while (t != NULL && !c.bad && lk_cursor_left(&c) >= 2) {
        if (copy == NULL) copy = lk_transcript_up(t);
        piece = piece_take(&c);
        if (!lk_transcript_add(t, at, piece)) break;
        at += piece.len;
        struct lk_bytes all = lk_transcript_bytes(t);
        LK_ASSERT(all.len == at);
        LK_ASSERT(piece.len == 0 || memcmp(all.data + at - piece.len, piece.data, piece.len) == 0);
        check_cut(all);
    }
    lk_transcript_free(copy);
    lk_transcript_free(t);
    return 0;
}
