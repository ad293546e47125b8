#include "tools/provider/remote.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "core/keys/cert_request.h"
#include "core/wire/registry.h"
#include "crypto/ct.h"
#include "tools/provider/call.h"
#include "tools/provider/full.h"
#include "tools/provider/question.h"
#include "tools/provider/selfcheck.h"
#include "tools/provider/thread.h"
#include "tools/provider/verified.h"

#define CHECK_EVERY 64
#define MESSAGE_BYTES 2304 /* a request of `split`: a DHE share of 8,192 bits is the longest */

static struct lurk_bytes borrow(struct lk_bytes bytes)
{
    return (struct lurk_bytes){.data = bytes.data, .len = bytes.len};
}

/* --- mode sign ----------------------------------------------------------------------------- */

static bool written(const struct lk_pkey *key, int outcome, const char *what)
{
    if (outcome == LURK_OK) return true;
    lk_prov_error(key->prov, LK_REASON_NOT_TLS, "%s: %s", what, lurk_error_text(outcome));
    return false;
}

static bool call_cert_verify(const struct lk_pkey *key, uint16_t scheme,
                             const struct lk_question *q, struct lk_reply *reply)
{
    static const char what[] = "split.sign_cert_verify";
    uint8_t message[MESSAGE_BYTES];
    size_t len;
    struct lurk_split_sign_cert_verify request = {.size = sizeof request,
                                                  .role = q->client,
                                                  .scheme = scheme,
                                                  .transcript_hash = borrow(q->transcript_hash)};
    memcpy(request.key_id, key->key_id, sizeof request.key_id);
    int outcome = lurk_split_sign_cert_verify_write(&request, message, sizeof message, &len);
    return written(key, outcome, what) &&
           lk_call(key, (struct lurk_bytes){message, len}, what, reply);
}

static bool call_ske(const struct lk_pkey *key, uint16_t scheme, const struct lk_question *q,
                     struct lk_reply *reply)
{
    static const char what[] = "split.sign_ske";
    uint8_t message[MESSAGE_BYTES];
    size_t len;
    struct lurk_split_sign_ske request = {.size = sizeof request,
                                          .freshness = LURK_FRESHNESS_NONE,
                                          .sig_and_hash = scheme,
                                          .kx = q->dhe ? LURK_KX_DHE : LURK_KX_ECDHE,
                                          .params = borrow(q->params)};
    memcpy(request.key_id, key->key_id, sizeof request.key_id);
    memcpy(request.client_random, q->client_random, sizeof request.client_random);
    memcpy(request.server_random, q->server_random, sizeof request.server_random);
    int outcome = lurk_split_sign_ske_write(&request, message, sizeof message, &len);
    return written(key, outcome, what) &&
           lk_call(key, (struct lurk_bytes){message, len}, what, reply);
}

/* --- certificate requests ------------------------------------------------------------------- */

/* What is plain from the bytes is said here; which names the key's certificate has, the key server
 * knows. */
static bool info_good(const struct lk_pkey *key, struct lk_bytes info)
{
    struct lk_cert_request parts;
    enum lk_cert_request_fault fault = lk_cert_request_parse(info, &parts);
    if (fault == LK_CERT_REQUEST_GOOD) return true;
    lk_prov_error(key->prov, LK_REASON_REQUEST, "%s", lk_cert_request_text(fault));
    return false;
}

static void explain(const struct lk_pkey *key, const struct lk_reply *reply)
{
    if (reply->closed || reply->refused == LK_SPLIT_INVALID_KEY_ID)
        lk_prov_error(
            key->prov, LK_REASON_REQUEST,
            "not open to this edge and key: lurkd wants the flag request on its row of edges and "
            "on the key, and split.sign_cert_request in a rule");
    else if (reply->refused == LK_SPLIT_INVALID_CERT_NAME)
        lk_prov_error(key->prov, LK_REASON_REQUEST, "%s; %s",
                      lk_cert_request_text(LK_CERT_REQUEST_SUBJECT),
                      lk_cert_request_text(LK_CERT_REQUEST_NAME));
}

/* In any mode: the bytes are all there is to know. */
static bool call_cert_request(const struct lk_pkey *key, uint16_t scheme, struct lk_bytes info,
                              struct lk_reply *reply)
{
    static const char what[] = "split.sign_cert_request";
    size_t len, room = LURK_MESSAGE_BYTES_MAX;
    struct lurk_split_sign_cert_request request = {
        .size = sizeof request, .scheme = scheme, .info = borrow(info)};
    memcpy(request.key_id, key->key_id, sizeof request.key_id);
    if (!info_good(key, info)) return false;
    uint8_t *message = OPENSSL_malloc(room);
    int outcome = message != NULL
                      ? lurk_split_sign_cert_request_write(&request, message, room, &len)
                      : LURK_ERR_MEMORY;
    bool good = written(key, outcome, what) &&
                lk_call(key, (struct lurk_bytes){message, len}, what, reply);
    OPENSSL_free(message);
    if (!good) explain(key, reply);
    return good;
}

/* Mode full does not know this handshake: is mode sign allowed instead? */
static bool may_stand_in(const struct lk_pkey *key, const char *why)
{
    if (lk_pkey_may_fall_back(key)) {
        lk_prov_trace(key->prov, "mode sign in place of full: %s", why);
        return true;
    }
    lk_prov_error(key->prov, LK_REASON_FULL, "%s, and fallback is refuse", why);
    return false;
}

/* --- the answer ---------------------------------------------------------------------------- */

/* All are (lurk-tls12.md 9), but where the site chose verify = sample: then of keys that are not
 * RSA a key's first and one in 64, enough to tell here, and not by the peers, that a server answers
 * for another key, and those of certificate requests, which are few. A wrong signature by RSA can
 * tell the key to whoever sees it, and checking one costs little. */
static bool is_to_be_checked(const struct lk_pkey *key, struct lk_bytes message)
{
    unsigned *answers = (unsigned *)(uintptr_t)&key->answers; /* counts only */
    unsigned nth = __atomic_fetch_add(answers, 1, __ATOMIC_RELAXED);
    return key->verify != LK_KEYFILE_VERIFY_SAMPLE || key->kind == LK_PKEY_RSA ||
           key->kind == LK_PKEY_RSA_PSS || nth % CHECK_EVERY == 0 ||
           lk_cert_request_begins(message);
}

static bool signature_read(const struct lurk_answer *answer, struct lurk_bytes *signature)
{
    struct lurk_tls13_signed all = {.size = sizeof all};
    if (answer->extension != LURK_TLS13) return lurk_signature_read(answer, signature) == LURK_OK;
    if (lurk_tls13_s_init_cert_verify_read(answer, &all) != LURK_OK) return false;
    *signature = all.signature;
    return true;
}

static bool signature_take(const struct lk_pkey *key, uint16_t scheme, struct lk_bytes message,
                           const struct lk_reply *reply, uint8_t *out, size_t room, size_t *len)
{
    struct lurk_bytes signature = {0};
    if (key->check != NULL)
        return lk_selfcheck_sign(key, lk_verified_digest(scheme), message, out, room, len);
    bool good = signature_read(&reply->answer, &signature) && signature.len <= room &&
                (!is_to_be_checked(key, message) ||
                 lk_verified(key, scheme, message, lk_bytes_of(signature.data, signature.len)));
    if (!good) {
        lk_prov_error(key->prov, LK_REASON_SIGNATURE,
                      "scheme %04x: what came back does not fit "
                      "the public key in the key file",
                      scheme);
        return false;
    }
    memcpy(out, signature.data, signature.len);
    *len = signature.len;
    return true;
}

/* Mode full where it can, mode sign where that is configured or may stand in. */
static bool sign_call(const struct lk_pkey *key, uint16_t scheme, const struct lk_question *q,
                      struct lk_reply *reply)
{
    char why[LK_FULL_WHY_BYTES] = "its self-check failed";
    bool ske = q->kind == LK_QUESTION_SKE;
    enum lk_check_version version = ske ? LK_CHECK_TLS12 : LK_CHECK_TLS13;
    bool full = lk_pkey_full(key) && !q->client; /* a client's has no exchange but that of split */
    enum lk_full end = LK_FULL_UNKNOWN;
    if (full && (key->check != NULL || lk_selfcheck_good(key->prov, version)))
        end = ske ? lk_full_ske(key, scheme, q, reply, why)
                  : lk_full_cert_verify(key, scheme, q, reply, why);
    if (end != LK_FULL_UNKNOWN) return end == LK_FULL_DONE;
    if (full && !may_stand_in(key, why)) return false;
    return ske ? call_ske(key, scheme, q, reply) : call_cert_verify(key, scheme, q, reply);
}

bool lk_remote_sign(const struct lk_pkey *key, uint16_t scheme, struct lk_bytes message,
                    uint8_t *signature, size_t room, size_t *len)
{
    struct lk_question q = lk_question_of(message);
    struct lk_reply reply = {0};
    if (!key->remote) {
        lk_prov_error(key->prov, LK_REASON_NO_KEY, "this key came without a key file");
        return false;
    }
    if (q.kind == LK_QUESTION_NONE) {
        lk_prov_error(
            key->prov, LK_REASON_NOT_TLS,
            "%zu bytes to be signed are no ServerKeyExchange of TLS 1.2, no "
            "CertificateVerify of TLS 1.3 and no certificate request; certificates, client "
            "certificates under TLS 1.2 and other data need the key itself",
            message.len);
        return false;
    }
    bool got = q.kind == LK_QUESTION_CERT_REQUEST ? call_cert_request(key, scheme, message, &reply)
                                                  : sign_call(key, scheme, &q, &reply);
    bool good = got && signature_take(key, scheme, message, &reply, signature, room, len);
    lk_reply_fini(&reply);
    return good;
}

/* --- RSA key exchange ---------------------------------------------------------------------- */

static bool call_premaster(const struct lk_pkey *key, uint16_t client_version,
                           struct lk_bytes ciphertext, uint8_t premaster[LK_PREMASTER_BYTES])
{
    static const char what[] = "split.rsa_premaster";
    uint8_t message[MESSAGE_BYTES];
    size_t len;
    struct lk_reply reply = {0};
    struct lurk_split_rsa_premaster request = {.size = sizeof request,
                                               .client_version = client_version,
                                               .encrypted_premaster = borrow(ciphertext)};
    memcpy(request.key_id, key->key_id, sizeof request.key_id);
    int outcome = lurk_split_rsa_premaster_write(&request, message, sizeof message, &len);
    bool good = written(key, outcome, what) &&
                lk_call(key, (struct lurk_bytes){message, len}, what, &reply) &&
                lurk_split_premaster_read(&reply.answer, premaster) == LURK_OK;
    lk_reply_fini(&reply);
    return good;
}

/* A handle is told from a premaster by being kept: 48 random bytes, the version too. */
static bool handle_make(const struct lk_pkey *key, uint16_t client_version,
                        struct lk_bytes ciphertext, uint8_t out[LK_PREMASTER_BYTES])
{
    struct lk_kept *kept = lk_thread_kept();
    if (kept == NULL || ciphertext.len > LK_CIPHERTEXT_BYTES_MAX) return false;
    struct lk_kept_handle *handle = lk_kept_handle_take(kept, lk_now_ns());
    handle->key = lk_pkey_up((struct lk_pkey *)(uintptr_t)key);
    handle->client_version = client_version;
    memcpy(handle->ciphertext, ciphertext.data, ciphertext.len);
    handle->ciphertext_len = ciphertext.len;
    if (RAND_priv_bytes_ex(key->prov->libctx, handle->handle, LK_PREMASTER_BYTES, 0) != 1) {
        lk_kept_handle_drop(handle);
        return false;
    }
    memcpy(out, handle->handle, LK_PREMASTER_BYTES);
    return true;
}

bool lk_remote_decrypt(const struct lk_pkey *key, uint16_t client_version,
                       struct lk_bytes ciphertext, uint8_t premaster[LK_PREMASTER_BYTES])
{
    if (!key->remote) {
        lk_prov_error(key->prov, LK_REASON_NO_KEY, "this key came without a key file");
        return false;
    }
    if (!lk_pkey_full(key)) return call_premaster(key, client_version, ciphertext, premaster);
    if (lk_selfcheck_good(key->prov, LK_CHECK_TLS12))
        return handle_make(key, client_version, ciphertext, premaster);
    return may_stand_in(key, "its self-check failed") &&
           call_premaster(key, client_version, ciphertext, premaster);
}

bool lk_remote_master(struct lk_kept_handle *handle, unsigned hash, struct lk_bytes seed,
                      uint8_t secret[LK_PREMASTER_BYTES], bool *is_premaster)
{
    char why[LK_FULL_WHY_BYTES] = "";
    uint8_t bytes[LK_CIPHERTEXT_BYTES_MAX];
    struct lk_pkey *key = lk_pkey_up(handle->key);
    uint16_t client_version = handle->client_version;
    struct lk_bytes ciphertext = lk_bytes_of(bytes, handle->ciphertext_len);
    memcpy(bytes, handle->ciphertext, handle->ciphertext_len);
    lk_kept_handle_drop(handle); /* before the wait: others may need the room meanwhile */
    enum lk_full end = lk_full_master(key, ciphertext, hash, seed, secret, why);
    bool good = end == LK_FULL_DONE;
    *is_premaster = end == LK_FULL_UNKNOWN;
    if (*is_premaster)
        good = may_stand_in(key, why) && call_premaster(key, client_version, ciphertext, secret);
    lk_pkey_free(key);
    return good;
}
