#include "core/exec/sign.h"

#include <string.h>

/* Of the text, if that was not done ahead. */
static void digest_take(const struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                        uint8_t digest[LK_HASH_BYTES_MAX])
{
    LK_ASSERT(!lane->digested || hash == LK_SHA256);
    if (lane->digested)
        memcpy(digest, lane->digest, sizeof lane->digest);
    else
        lk_hash(hash, text.data, text.len, digest);
}

/* in[] := what the kernel works on. */
static bool encode_pkcs1(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                         struct lk_rng *rng)
{
    (void)rng;
    uint8_t digest[LK_HASH_BYTES_MAX];
    digest_take(lane, hash, text, digest);
    lane->operand.in_bytes = lane->key->bytes;
    return lk_rsa_pad_pkcs1(hash, digest, lane->in, lane->key->bytes);
}

static bool encode_pss(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                       struct lk_rng *rng)
{
    uint8_t digest[LK_HASH_BYTES_MAX], salt[LK_HASH_BYTES_MAX];
    digest_take(lane, hash, text, digest);
    lane->operand.in_bytes = lane->key->bytes;
    return lk_rng_bytes(rng, salt, lk_hash_bytes(hash)) &&
           lk_rsa_pad_pss(hash, digest, salt, lk_engine_key_facts(lane->key->engine)->bits,
                          lane->in, lane->key->bytes);
}

static bool encode_digest(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                          struct lk_rng *rng)
{
    (void)rng;
    digest_take(lane, hash, text, lane->in);
    lane->operand.in_bytes = lk_hash_bytes(hash);
    return true;
}

/* It stays there as long as the operand. */
static bool in_job(const struct lk_lane *lane, struct lk_bytes text)
{
    return text.data >= lane->job && text.data + text.len <= lane->job + lane->job_bytes;
}

static bool encode_text(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                        struct lk_rng *rng)
{
    (void)hash, (void)rng;
    lane->operand.in_bytes = text.len;
    if (in_job(lane, text)) {
        lane->operand.in = text.data;
        return true;
    }
    if (text.len > sizeof lane->in) return false; /* DHE is not for EdDSA */
    memcpy(lane->in, text.data, text.len);
    return true;
}

static bool (*const encoders[])(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                                struct lk_rng *rng) = {
    [LK_SCHEME_PKCS1] = encode_pkcs1,
    [LK_SCHEME_PSS] = encode_pss,
    [LK_SCHEME_DIGEST] = encode_digest,
    [LK_SCHEME_TEXT] = encode_text,
};

bool lk_sign_allowed_tls12(const struct lk_lane *lane, uint16_t scheme)
{
    const struct lk_scheme_row *row = lk_scheme_find(scheme);
    const struct lk_key *key = lane->key;
    return row != NULL && lk_scheme_open(row, row->kinds_tls12, key->kind, key->rights.hashes);
}

bool lk_sign_allowed_tls13(const struct lk_lane *lane, uint16_t scheme)
{
    const struct lk_scheme_row *row = lk_scheme_find(scheme);
    const struct lk_key *key = lane->key;
    return row != NULL && lk_scheme_open(row, row->kinds_tls13, key->kind, key->rights.hashes);
}

bool lk_sign_start(struct lk_lane *lane, uint16_t scheme, struct lk_bytes text, struct lk_rng *rng)
{
    const struct lk_scheme_row *row = lk_scheme_find(scheme);
    LK_ASSERT(row != NULL && (text.len <= LK_TBS_BYTES_MAX || in_job(lane, text)));
    lane->operand = (struct lk_operand){.key = lane->key->engine, .in = lane->in, .out = lane->out};
    lane->row = lane->key->row;
    return encoders[row->form](lane, row->hash, text, rng);
}

/* The prefix keeps the signature from being good for anything else. */
bool lk_sign_cert_verify_start(struct lk_lane *lane, uint16_t scheme, bool client,
                               struct lk_bytes transcript_hash, struct lk_rng *rng)
{
    static const char contexts[2][34] = {"TLS 1.3, server CertificateVerify",
                                         "TLS 1.3, client CertificateVerify"};
    uint8_t text[LK_TBS_BYTES_MAX];
    struct lk_writer w = lk_writer_of(text, sizeof text);
    uint8_t *spaces = lk_writer_room(&w, 64);
    memset(spaces, ' ', 64);
    lk_writer_put(&w, contexts[client], sizeof contexts[client]); /* its terminator is the zero */
    lk_writer_put(&w, transcript_hash.data, transcript_hash.len);
    LK_ASSERT(!w.bad);
    return lk_sign_start(lane, scheme, lk_bytes_of(text, w.len), rng);
}
