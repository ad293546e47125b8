#include "tools/provider/question.h"

#include <strings.h>

#include "core/keys/cert_request.h"
#include "core/wire/tls12.h"
#include "core/wire/split.h"

#define CURVE_NAMED 3
#define PAD_BYTES 64
#define PAD ' '
#define SCHEME_NONE 0

/* Text, its terminator, then the hash. */
static const char context_server[] = "TLS 1.3, server CertificateVerify";
static const char context_client[] = "TLS 1.3, client CertificateVerify";
_Static_assert(sizeof context_server == sizeof context_client, "one length for both");

static bool is_padded(struct lk_bytes message)
{
    for (size_t i = 0; i < PAD_BYTES; i++)
        if (i >= message.len || message.data[i] != PAD) return false;
    return true;
}

/* Behind the 64 spaces. */
static struct lk_question cert_verify(struct lk_cursor c)
{
    struct lk_question none = {.kind = LK_QUESTION_NONE};
    struct lk_bytes context = lk_cursor_take(&c, sizeof context_server);
    bool server = lk_bytes_equal(context, lk_bytes_of(context_server, sizeof context_server));
    bool client = lk_bytes_equal(context, lk_bytes_of(context_client, sizeof context_client));
    size_t left = lk_cursor_left(&c);
    if (c.bad || !(server || client) || (left != 32 && left != 48)) return none;
    return (struct lk_question){.kind = LK_QUESTION_CERT_VERIFY,
                                .client = client,
                                .transcript_hash = lk_cursor_take(&c, left)};
}

static bool ecdhe_params(struct lk_bytes params, struct lk_question *q)
{
    struct lk_cursor c = lk_cursor_of(params);
    if (lk_cursor_u8(&c) != CURVE_NAMED) return false;
    q->group = lk_cursor_u16(&c);
    q->point = lk_cursor_vec8(&c);
    const struct lk_group_row *row = lk_group_find(q->group);
    return lk_cursor_done(&c) && row != NULL && q->point.len == row->point_bytes;
}

static bool dhe_params(struct lk_bytes params)
{
    struct lk_split_dhe read;
    return lk_split_dhe_read(params, &read) && read.p.len >= 256 && read.g.len > 0 &&
           read.share.len > 0;
}

struct lk_question lk_question_of(struct lk_bytes message)
{
    struct lk_cursor c = lk_cursor_of(message);
    struct lk_question q = {.kind = LK_QUESTION_NONE}, none = q;
    if (lk_cert_request_begins(message))
        return (struct lk_question){.kind = LK_QUESTION_CERT_REQUEST};
    struct lk_bytes randoms = lk_cursor_take(&c, 2 * LK_RANDOM_BYTES);
    if (c.bad) return none;
    /* Both sides would have to draw 32 spaces. */
    if (is_padded(message)) return cert_verify(c);
    q.client_random = randoms.data;
    q.server_random = randoms.data + LK_RANDOM_BYTES;
    q.params = lk_cursor_take(&c, lk_cursor_left(&c));
    q.kind = LK_QUESTION_SKE;
    if (ecdhe_params(q.params, &q)) return q;
    q.dhe = true;
    return dhe_params(q.params) ? q : none;
}

bool lk_digest_find(const char *name, unsigned *digest)
{
    static const struct {
        const char *name;
        unsigned digest;
    } rows[] = {{"SHA256", 0}, {"SHA2-256", 0}, {"SHA384", 1},       {"SHA2-384", 1},
                {"SHA512", 2}, {"SHA2-512", 2}, {"", LK_DIGEST_NONE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcasecmp(name != NULL ? name : "", rows[i].name) == 0) {
            *digest = rows[i].digest;
            return true;
        }
    return false;
}

uint16_t lk_scheme_of(enum lk_pkey_kind kind, unsigned digest, enum lk_padding padding)
{
    static const uint16_t rsa[] = {0x0401, 0x0501, 0x0601}, pss[] = {0x0804, 0x0805, 0x0806},
                          pss_key[] = {0x0809, 0x080a, 0x080b}, ec[] = {0x0403, 0x0503, 0x0603};
    if (kind == LK_PKEY_ED25519 || kind == LK_PKEY_ED448)
        return digest != LK_DIGEST_NONE ? SCHEME_NONE : kind == LK_PKEY_ED25519 ? 0x0807 : 0x0808;
    if (digest > 2) return SCHEME_NONE;
    if (kind == LK_PKEY_EC) return ec[digest];
    if (kind == LK_PKEY_RSA_PSS) return padding == LK_PADDING_PSS ? pss_key[digest] : SCHEME_NONE;
    return padding == LK_PADDING_PSS ? pss[digest] : rsa[digest];
}
