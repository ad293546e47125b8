/* The signature of a ServerKeyExchange in mode full: tls12.ecdhe, and of DHE split.sign_ske. */
#include <openssl/err.h>

#include "core/wire/split.h"
#include "crypto/ct.h"
#include "tools/provider/dhe.h"
#include "tools/provider/full.h"
#include "tools/provider/thread.h"

#define ECDHE_BYTES 1024
#define DHE_AROUND_BYTES 128 /* around params and proof: header, key id, randoms, lengths */

static struct lurk_bytes borrow(struct lk_bytes bytes)
{
    return (struct lurk_bytes){.data = bytes.data, .len = bytes.len};
}

/* What is asked, and where the answer goes. */
struct ske {
    const struct lk_pkey *key;
    uint16_t scheme;
    const struct lk_question *q;
    struct lk_reply *reply;
    char *why; /* [LK_FULL_WHY_BYTES] */
};

#define NOT_SEEN "the ephemeral key's private number was not seen"

/* --- tls12.ecdhe --------------------------------------------------------------------------- */

/* b is among the last private numbers that were drawn: libssl makes its key just before it signs.
 * Which one, the point says; there is no other way to be right. */
static int prove(const struct lurk_tls12_ecdhe *request, struct lk_kept *kept,
                 struct lurk_proof *proof)
{
    struct lurk_prover *prover = lk_thread_prover();
    int outcome = LURK_ERR_SHARE;
    if (prover == NULL) return LURK_ERR_MEMORY;
    struct lk_kept_private *entry;
    for (unsigned i = 0; outcome == LURK_ERR_SHARE && (entry = lk_kept_private_at(kept, i)) != NULL;
         i++) {
        int one = lurk_tls12_ecdhe_prove(prover, request, LURK_POO_SHA256_256,
                                         (struct lurk_bytes){entry->bytes, entry->len}, proof);
        if (one != LURK_ERR_ARGUMENT) outcome = one; /* else of another curve */
    }
    return outcome;
}

static enum lk_full full_ecdhe(const struct ske *ske, struct lk_kept *kept, struct lk_kept_s *s)
{
    uint8_t message[ECDHE_BYTES];
    size_t len = 0;
    struct lurk_proof proof = {.size = sizeof proof};
    struct lurk_tls12_ecdhe request = {.size = sizeof request,
                                       .sig_and_hash = ske->scheme,
                                       .params = borrow(ske->q->params),
                                       .proof = &proof};
    memcpy(request.key_id, ske->key->key_id, sizeof request.key_id);
    memcpy(request.client_random, ske->q->client_random, sizeof request.client_random);
    memcpy(request.server_random, s->s, sizeof request.server_random);
    int proved = prove(&request, kept, &proof);
    lk_kept_private_drop_all(kept);
    lk_kept_s_drop(s);
    enum lk_full end = LK_FULL_UNKNOWN;
    if (proved == LURK_OK) {
        int written = lurk_tls12_ecdhe_write(&request, message, sizeof message, &len);
        end = lk_full_send(ske->key, written, (struct lurk_bytes){message, len}, "tls12.ecdhe",
                           ske->reply);
    } else {
        lk_full_unknown(ske->why, proved == LURK_ERR_SHARE ? NOT_SEEN : lurk_error_text(proved));
    }
    LK_WIPE(request.server_random);
    LK_WIPE(message);
    return end;
}

/* --- split.sign_ske ------------------------------------------------------------------------- */

/* As prove, of the numbers that may be one for this p. 0 is nobody's: what comes of it says whether
 * the group has proofs at all. */
static int prove_dhe(const struct lurk_split_sign_ske *request, size_t p_bytes,
                     struct lk_kept *kept, struct lurk_dh_proof *proof)
{
    struct lurk_prover *prover = lk_thread_prover();
    uint8_t b[LK_DHE_DRAWN_BYTES_MAX] = {0};
    if (prover == NULL) return LURK_ERR_MEMORY;
    struct lurk_bytes candidate = {b, 1};
    int outcome = lurk_split_sign_ske_prove_dhe(prover, request, LURK_POO_SHA256_256, candidate,
                                                proof);
    struct lk_kept_private *entry;
    for (unsigned i = 0; outcome == LURK_ERR_SHARE && (entry = lk_kept_private_at(kept, i)) != NULL;
         i++) {
        candidate.len = entry->len;
        if (lk_dhe_private(lk_bytes_of(entry->bytes, entry->len), p_bytes, b))
            outcome = lurk_split_sign_ske_prove_dhe(prover, request, LURK_POO_SHA256_256, candidate,
                                                    proof);
    }
    LK_WIPE(b);
    return outcome;
}

static const char *dhe_reason(int proved)
{
    if (proved == LURK_ERR_SHARE) return NOT_SEEN;
    if (proved == LURK_ERR_ARGUMENT)
        return "DHE in a group that is none of RFC 7919, nor of RFC 3526 from 2048 bits on";
    return lurk_error_text(proved);
}

/* Proves, and writes the message; the proof is gone then. Returns why there is none. */
static int dhe_write(const struct ske *ske, struct lk_kept *kept, struct lk_kept_s *s,
                     size_t p_bytes, struct lurk_bytes *message, uint8_t *to, size_t room)
{
    struct lurk_dh_proof *proof = OPENSSL_zalloc(sizeof *proof);
    struct lurk_split_sign_ske request = {.size = sizeof request,
                                          .sig_and_hash = ske->scheme,
                                          .kx = LURK_KX_DHE,
                                          .params = borrow(ske->q->params),
                                          .dh_proof = proof};
    if (proof == NULL) return LURK_ERR_MEMORY;
    proof->size = sizeof *proof;
    memcpy(request.key_id, ske->key->key_id, sizeof request.key_id);
    memcpy(request.client_random, ske->q->client_random, sizeof request.client_random);
    memcpy(request.server_random, s->s, sizeof request.server_random);
    int proved = prove_dhe(&request, p_bytes, kept, proof);
    lk_kept_private_drop_all(kept);
    lk_kept_s_drop(s);
    size_t len = 0;
    int written = proved == LURK_OK ? lurk_split_sign_ske_write(&request, to, room, &len) : proved;
    *message = (struct lurk_bytes){to, len};
    LK_WIPE(request.server_random);
    OPENSSL_clear_free(proof, sizeof *proof);
    return written;
}

/* Too large for the stack of an asynchronous job: who pauses in it keeps the message alone. */
static enum lk_full full_dhe(const struct ske *ske, struct lk_kept *kept, struct lk_kept_s *s)
{
    struct lk_split_dhe params;
    struct lurk_bytes message;
    if (!lk_split_dhe_read(ske->q->params, &params))
        return lk_full_unknown(ske->why, "no DHE share");
    size_t room = ske->q->params.len + 2 * params.p.len + DHE_AROUND_BYTES;
    uint8_t *to = OPENSSL_zalloc(room);
    if (to == NULL) return lk_full_unknown(ske->why, "no memory");
    int written = dhe_write(ske, kept, s, params.p.len, &message, to, room);
    enum lk_full end = written == LURK_OK
                           ? lk_full_send(ske->key, written, message, "split.sign_ske", ske->reply)
                           : lk_full_unknown(ske->why, dhe_reason(written));
    OPENSSL_clear_free(to, room);
    return end;
}

enum lk_full lk_full_ske(const struct lk_pkey *key, uint16_t scheme, const struct lk_question *q,
                         struct lk_reply *reply, char why[LK_FULL_WHY_BYTES])
{
    const struct ske ske = {key, scheme, q, reply, why};
    struct lk_kept *kept = lk_thread_kept();
    if (kept == NULL) return lk_full_unknown(why, "no memory");
    struct lk_kept_s *s = lk_kept_s_find(kept, q->server_random);
    if (s == NULL || s->tls13) return lk_full_unknown(why, "S of this handshake is not known");
    return q->dhe ? full_dhe(&ske, kept, s) : full_ecdhe(&ske, kept, s);
}
