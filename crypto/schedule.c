#include "crypto/schedule.h"

#include <string.h>

#include "crypto/ct.h"

#define LABEL_BYTES_MAX 18
#define INFO_BYTES_MAX (2 + 1 + 6 + LABEL_BYTES_MAX + 1 + LK_HASH_BYTES_MAX + 1)

static const uint8_t zeros[LK_HASH_BYTES_MAX];

void lk_hkdf_extract(unsigned hash, const uint8_t *salt, const void *ikm, size_t ikm_len,
                     uint8_t *prk)
{
    const struct lk_piece piece = {ikm, ikm_len};
    lk_hmac(hash, salt != NULL ? salt : zeros, lk_hash_bytes(hash), &piece, 1, prk);
}

/* One block of HKDF-Expand is enough: T(1) = HMAC(secret, HkdfLabel || 01). */
void lk_tls13_expand(unsigned hash, const uint8_t *secret, const char *label,
                     const uint8_t *context, size_t context_len, uint8_t *out)
{
    uint8_t info[INFO_BYTES_MAX], *at = info, block[LK_HASH_BYTES_MAX];
    size_t bytes = lk_hash_bytes(hash), label_len = strlen(label);
    if (label_len > LABEL_BYTES_MAX || context_len > LK_HASH_BYTES_MAX) __builtin_trap();
    *at++ = 0;
    *at++ = (uint8_t)bytes;
    *at++ = (uint8_t)(6 + label_len);
    memcpy(at, "tls13 ", 6);
    memcpy(at + 6, label, label_len);
    at += 6 + label_len;
    *at++ = (uint8_t)context_len;
    if (context_len > 0) memcpy(at, context, context_len);
    at += context_len;
    *at++ = 1;
    const struct lk_piece piece = {info, (size_t)(at - info)};
    lk_hmac(hash, secret, bytes, &piece, 1, block);
    memcpy(out, block, bytes);
    LK_WIPE(block);
}

/* Derive-Secret(secret, "derived", ""), the salt of the next extraction. */
static void derived(unsigned hash, const uint8_t *secret, uint8_t *out)
{
    uint8_t nothing[LK_HASH_BYTES_MAX];
    lk_hash(hash, "", 0, nothing);
    lk_tls13_expand(hash, secret, "derived", nothing, lk_hash_bytes(hash), out);
}

void lk_tls13_handshake_secret(unsigned hash, const uint8_t *shared, size_t shared_len,
                               uint8_t *out)
{
    uint8_t salt[LK_HASH_BYTES_MAX]; /* no secret: it follows from zeros */
    lk_hkdf_extract(hash, NULL, zeros, lk_hash_bytes(hash), salt);
    derived(hash, salt, salt);
    lk_hkdf_extract(hash, salt, shared, shared_len, out);
}

void lk_tls13_master_secret(unsigned hash, const uint8_t *handshake_secret, uint8_t *out)
{
    uint8_t salt[LK_HASH_BYTES_MAX];
    derived(hash, handshake_secret, salt);
    lk_hkdf_extract(hash, salt, zeros, lk_hash_bytes(hash), out);
    LK_WIPE(salt);
}

void lk_tls13_finished(unsigned hash, const uint8_t *traffic_secret, const uint8_t *transcript,
                       uint8_t *out)
{
    uint8_t key[LK_HASH_BYTES_MAX];
    const struct lk_piece piece = {transcript, lk_hash_bytes(hash)};
    lk_tls13_expand(hash, traffic_secret, "finished", NULL, 0, key);
    lk_hmac(hash, key, lk_hash_bytes(hash), &piece, 1, out);
    LK_WIPE(key);
}
