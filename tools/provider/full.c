#include "tools/provider/full.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/ct.h"
#include "tools/provider/thread.h"

#define MASTER_BYTES 2304
#define HANDSHAKE_BYTES LURK_MESSAGE_BYTES_MAX
#define ENTRIES_MAX 16 /* certificates of a chain */
#define FINGERPRINT_BYTES 4
#define WHOLE_SIGNATURES 64
#define FAULT_CERTIFICATE 10 /* lurk-tls13.md 1, invalid_certificate */

enum handshake_type {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    ENCRYPTED_EXTENSIONS = 8,
    CERTIFICATE = 11,
    CERTIFICATE_REQUEST = 13,
    MESSAGE_HASH = 254
};
#define EXTENSION_KEY_SHARE 51

static struct lurk_bytes borrow(struct lk_bytes bytes)
{
    return (struct lurk_bytes){.data = bytes.data, .len = bytes.len};
}

enum lk_full lk_full_unknown(char why[LK_FULL_WHY_BYTES], const char *text)
{
    snprintf(why, LK_FULL_WHY_BYTES, "%s", text);
    return LK_FULL_UNKNOWN;
}

enum lk_full lk_full_send(const struct lk_pkey *key, int written, struct lurk_bytes message,
                          const char *what, struct lk_reply *reply)
{
    enum lk_full end = LK_FULL_FAILED;
    if (written != LURK_OK)
        lk_prov_error(key->prov, LK_REASON_FULL, "%s: %s", what, lurk_error_text(written));
    else if (lk_call(key, message, what, reply))
        end = LK_FULL_DONE;
    return end;
}

/* --- the handshake around a call ----------------------------------------------------------- */

/* A transcript cut into its messages. */
struct flight {
    struct lk_message message[LK_TRANSCRIPT_MESSAGES_MAX];
    size_t count;
    bool datagram;
};

static bool flight_of(const struct lk_kept_final *final, struct flight *out)
{
    struct lk_bytes bytes = lk_bytes_of(lk_transcript_bytes(final->transcript).data, final->at);
    out->datagram = lk_messages_datagram(bytes);
    out->count = lk_messages_cut(bytes, out->datagram, out->message);
    return out->count > 0;
}

/* Where ServerHello.random stands in a whole message. */
static size_t random_offset(bool datagram)
{
    return (datagram ? 12 : 4) + 2;
}

/* The last ServerHello: before it there may be a HelloRetryRequest. */
static size_t server_hello_at(const struct flight *flight)
{
    size_t at = flight->count;
    for (size_t i = 0; i < flight->count; i++)
        if (flight->message[i].type == SERVER_HELLO) at = i;
    return at;
}

static struct lk_kept_s *s_of(struct lk_kept *kept, const struct flight *flight, size_t hello)
{
    if (hello == flight->count || flight->message[hello].body.len < 2 + LURK_RANDOM_BYTES)
        return NULL;
    return lk_kept_s_find(kept, flight->message[hello].body.data + 2);
}

/* Messages from..to, S in the place of ServerHello.random. */
static void flight_write(struct lk_writer *w, const struct flight *flight, size_t from, size_t to,
                         size_t hello, const uint8_t *s)
{
    for (size_t i = from; i < to; i++) {
        size_t start = w->len;
        lk_writer_put(w, flight->message[i].whole.data, flight->message[i].whole.len);
        if (i == hello && !w->bad)
            memcpy(w->base + start + random_offset(flight->datagram), s, LURK_RANDOM_BYTES);
    }
}

/* --- tls13.s_init_cert_verify -------------------------------------------------------------- */

/* The group of a ServerHello's key_share; 0: it has none. */
static uint16_t share_group(struct lk_bytes server_hello)
{
    struct lk_cursor c = lk_cursor_of(server_hello);
    lk_cursor_take(&c, 2 + LURK_RANDOM_BYTES);
    lk_cursor_vec8(&c);
    lk_cursor_take(&c, 2 + 1);
    struct lk_cursor extensions = lk_cursor_of(lk_cursor_vec16(&c));
    while (!c.bad && !extensions.bad && lk_cursor_left(&extensions) > 0) {
        uint16_t type = lk_cursor_u16(&extensions);
        struct lk_cursor value = lk_cursor_of(lk_cursor_vec16(&extensions));
        if (type == EXTENSION_KEY_SHARE) return lk_cursor_u16(&value);
    }
    return 0;
}

/* A Certificate message as LURK's entries; 0: not that, or too many. */
static size_t entries_of(struct lk_bytes certificate, struct lurk_tls13_entry entry[ENTRIES_MAX])
{
    struct lk_cursor c = lk_cursor_of(certificate);
    size_t count = 0;
    struct lk_bytes context = lk_cursor_vec8(&c);
    struct lk_cursor list = lk_cursor_of(lk_cursor_vec24(&c));
    if (!lk_cursor_done(&c) || context.len > 0) return 0;
    while (!list.bad && lk_cursor_left(&list) > 0) {
        if (count == ENTRIES_MAX) return 0;
        entry[count].certificate = borrow(lk_cursor_vec24(&list));
        entry[count++].extensions = borrow(lk_cursor_vec16(&list));
    }
    return list.bad ? 0 : count;
}

/* ClientHello [HelloRetryRequest ClientHello] ServerHello EncryptedExtensions [CertificateRequest]
 * Certificate, the first ClientHello perhaps as its hash. */
static bool is_server_flight(const struct flight *flight, size_t hello)
{
    const struct lk_message *m = flight->message;
    bool retried = m[0].type == MESSAGE_HASH;
    size_t at = hello + 1;
    if (hello != (retried ? 3u : 1u)) return false;
    if (m[0].type != CLIENT_HELLO && !retried) return false;
    if (retried && (m[1].type != SERVER_HELLO || m[2].type != CLIENT_HELLO)) return false;
    if (at >= flight->count || m[at++].type != ENCRYPTED_EXTENSIONS) return false;
    if (at < flight->count && m[at].type == CERTIFICATE_REQUEST) at++;
    return at + 1 == flight->count && m[at].type == CERTIFICATE;
}

/* What one request is made of, found by names that only this handshake has. */
struct found {
    struct lk_kept_final *final;
    struct lk_kept_s *s;
    struct lk_kept_shared *shared;
    struct flight flight;
    size_t hello;
};

static const char *find_cert_verify(struct lk_kept *kept, struct lk_bytes transcript_hash,
                                    struct found *out)
{
    out->final = lk_kept_final_find(kept, transcript_hash);
    if (out->final == NULL || !flight_of(out->final, &out->flight))
        return "its messages were not seen";
    out->hello = server_hello_at(&out->flight);
    if (out->flight.datagram || !is_server_flight(&out->flight, out->hello))
        return "its messages are not those of a server's first flight";
    const struct lk_transcript *first = lk_transcript_first(out->final->transcript);
    if ((out->flight.message[0].type == MESSAGE_HASH) != (first != NULL))
        return "the ClientHello before the HelloRetryRequest was not seen";
    out->s = s_of(kept, &out->flight, out->hello);
    if (out->s == NULL || !out->s->tls13) return "S of this handshake is not known";
    uint8_t hash[LK_HASH_BYTES_MAX];
    struct lk_bytes last = out->flight.message[out->hello].whole;
    const uint8_t *start = out->flight.message[0].whole.data;
    lk_hash(transcript_hash.len == 48, start, (size_t)(last.data + last.len - start), hash);
    out->shared = lk_kept_shared_by_hash(kept, lk_bytes_of(hash, transcript_hash.len));
    return out->shared == NULL ? "its shared secret was not seen" : NULL;
}

static void handshake_write(struct lk_writer *w, const struct found *found)
{
    const struct flight *flight = &found->flight;
    const struct lk_transcript *first = lk_transcript_first(found->final->transcript);
    if (first != NULL)
        lk_writer_put(w, lk_transcript_bytes(first).data, lk_transcript_bytes(first).len);
    flight_write(w, flight, first != NULL ? 1 : 0, flight->count - 1, found->hello, found->s->s);
}

static enum lk_full cert_verify_send(const struct lk_pkey *key,
                                     const struct lurk_tls13_s_init_cert_verify *request,
                                     struct lk_reply *reply)
{
    size_t len = 0, room = LURK_MESSAGE_BYTES_MAX;
    uint8_t *message = OPENSSL_malloc(room);
    int written = message != NULL
                      ? lurk_tls13_s_init_cert_verify_write(request, message, room, &len)
                      : LURK_ERR_MEMORY;
    enum lk_full end = lk_full_send(key, written, (struct lurk_bytes){message, len},
                                    "tls13.s_init_cert_verify", reply);
    OPENSSL_clear_free(message, len);
    return end;
}

/* Certificates by their fingerprints: a request of a few hundred bytes in place of some thousand.
 * A key server that has not all of them says so: then they are sent whole, for a while. In a
 * renewal the two have different ones for some time, whoever was first. */
static unsigned *whole_of(const struct lk_pkey *key)
{
    return (unsigned *)(uintptr_t)&key->whole; /* a count, of any thread */
}

static enum lk_full cert_verify_short(const struct lk_pkey *key,
                                      const struct lurk_tls13_s_init_cert_verify *request,
                                      struct lk_reply *reply)
{
    uint8_t fingerprint[ENTRIES_MAX][FINGERPRINT_BYTES];
    struct lurk_tls13_entry entry[ENTRIES_MAX];
    struct lurk_tls13_s_init_cert_verify by_name = *request;
    for (size_t i = 0; i < request->entry_count; i++) {
        if (lurk_fingerprint(request->entry[i].certificate, fingerprint[i]) != LURK_OK)
            return LK_FULL_UNKNOWN;
        entry[i] = request->entry[i];
        entry[i].certificate = (struct lurk_bytes){fingerprint[i], FINGERPRINT_BYTES};
    }
    by_name.cert_type = LURK_CERT_FINGERPRINT;
    by_name.entry = entry;
    ERR_set_mark();
    enum lk_full end = cert_verify_send(key, &by_name, reply);
    if (end != LK_FULL_FAILED || reply->refused != FAULT_CERTIFICATE) {
        ERR_clear_last_mark();
        return end;
    }
    ERR_pop_to_mark();
    lk_prov_trace(key->prov, "the key server does not know this chain: it is sent whole");
    __atomic_store_n(whole_of(key), WHOLE_SIGNATURES, __ATOMIC_RELAXED);
    return LK_FULL_UNKNOWN;
}

static enum lk_full cert_verify_ask(const struct lk_pkey *key,
                                    const struct lurk_tls13_s_init_cert_verify *request,
                                    struct lk_reply *reply)
{
    unsigned whole = __atomic_load_n(whole_of(key), __ATOMIC_RELAXED);
    if (whole > 0) __atomic_store_n(whole_of(key), whole - 1, __ATOMIC_RELAXED);
    enum lk_full end = whole > 0 ? LK_FULL_UNKNOWN : cert_verify_short(key, request, reply);
    return end != LK_FULL_UNKNOWN ? end : cert_verify_send(key, request, reply);
}

/* Copies out what the request needs, lets go of all that was kept, asks. */
static enum lk_full cert_verify_of(const struct lk_pkey *key, uint16_t scheme, struct found *found,
                                   struct lk_reply *reply, char why[LK_FULL_WHY_BYTES])
{
    struct lurk_tls13_entry entry[ENTRIES_MAX];
    const struct lk_message *certificate = &found->flight.message[found->flight.count - 1];
    size_t entries = entries_of(certificate->body, entry), room = HANDSHAKE_BYTES;
    uint16_t group = share_group(found->flight.message[found->hello].body);
    if (entries == 0 || group == 0)
        return lk_full_unknown(why, "its certificate or share has no form");
    uint8_t *handshake = OPENSSL_malloc(room), secret[sizeof found->shared->secret];
    if (handshake == NULL) return lk_full_unknown(why, "no memory");
    struct lk_writer w = lk_writer_of(handshake, room);
    handshake_write(&w, found);
    size_t secret_len = found->shared->secret_len;
    memcpy(secret, found->shared->secret, secret_len);
    struct lk_transcript *held = lk_transcript_up(found->final->transcript); /* the certificates */
    lk_kept_shared_drop(found->shared);
    lk_kept_s_drop(found->s);
    lk_kept_final_drop(found->final);
    struct lurk_tls13_s_init_cert_verify request = {.size = sizeof request,
                                                    .last = true,
                                                    .ephemeral = LURK_E_GENERATED,
                                                    .group = group,
                                                    .shared_secret = {secret, secret_len},
                                                    .handshake = {w.base, w.len},
                                                    .cert_type = LURK_CERT_UNCOMPRESSED,
                                                    .entry = entry,
                                                    .entry_count = entries,
                                                    .sig_algo = scheme};
    enum lk_full end = w.bad ? lk_full_unknown(why, "it is too long for a request")
                             : cert_verify_ask(key, &request, reply);
    LK_WIPE(secret);
    OPENSSL_clear_free(handshake, w.len);
    lk_transcript_free(held);
    return end;
}

enum lk_full lk_full_cert_verify(const struct lk_pkey *key, uint16_t scheme,
                                 const struct lk_question *q, struct lk_reply *reply,
                                 char why[LK_FULL_WHY_BYTES])
{
    struct lk_kept *kept = lk_thread_kept();
    struct found found;
    if (kept == NULL) return lk_full_unknown(why, "no memory");
    lk_kept_private_drop_all(kept); /* in TLS 1.3 nobody asks for them */
    if (q->client) return lk_full_unknown(why, "it is a client's");
    const char *missing = find_cert_verify(kept, q->transcript_hash, &found);
    return missing != NULL ? lk_full_unknown(why, missing)
                           : cert_verify_of(key, scheme, &found, reply, why);
}

/* --- tls12.rsa_master, rsa_extended_master ------------------------------------------------- */

static const char label_plain[] = "master secret", label_extended[] = "extended master secret";

static bool label_take(struct lk_cursor *seed, const char *label)
{
    struct lk_cursor c = *seed;
    struct lk_bytes taken = lk_cursor_take(&c, strlen(label));
    if (c.bad || !lk_bytes_equal(taken, lk_bytes_of(label, strlen(label)))) return false;
    *seed = c;
    return true;
}

static enum lk_full master_take(enum lk_full end, const struct lk_pkey *key, struct lk_reply *reply,
                                uint8_t master[LURK_MASTER_BYTES])
{
    if (end == LK_FULL_DONE && lurk_tls12_master_read(&reply->answer, master) != LURK_OK) {
        lk_prov_error(key->prov, LK_REASON_REFUSED, "the answer is no master secret");
        end = LK_FULL_FAILED;
    }
    lk_reply_fini(reply);
    return end;
}

static enum lk_full plain_master(const struct lk_pkey *key, struct lk_bytes ciphertext,
                                 unsigned hash, struct lk_cursor randoms,
                                 uint8_t master[LURK_MASTER_BYTES], char why[LK_FULL_WHY_BYTES])
{
    struct lk_kept *kept = lk_thread_kept();
    const uint8_t *client = lk_cursor_take(&randoms, LURK_RANDOM_BYTES).data;
    const uint8_t *server = lk_cursor_take(&randoms, LURK_RANDOM_BYTES).data;
    if (kept == NULL || !lk_cursor_done(&randoms)) return lk_full_unknown(why, "no two randoms");
    struct lk_kept_s *s = lk_kept_s_find(kept, server);
    if (s == NULL || s->tls13) return lk_full_unknown(why, "S of this handshake is not known");
    struct lurk_tls12_rsa_master request = {.size = sizeof request,
                                            .prf_hash = (uint8_t)hash,
                                            .encrypted_premaster = borrow(ciphertext)};
    memcpy(request.key_id, key->key_id, sizeof request.key_id);
    memcpy(request.client_random, client, sizeof request.client_random);
    memcpy(request.server_random, s->s, sizeof request.server_random);
    lk_kept_s_drop(s);
    uint8_t message[MASTER_BYTES];
    size_t len = 0;
    struct lk_reply reply = {0};
    int written = lurk_tls12_rsa_master_write(&request, message, sizeof message, &len);
    enum lk_full end = lk_full_send(key, written, (struct lurk_bytes){message, len},
                                    "tls12.rsa_master", &reply);
    LK_WIPE(request.server_random);
    LK_WIPE(message);
    return master_take(end, key, &reply, master);
}

static enum lk_full extended_master(const struct lk_pkey *key, struct lk_bytes session_hash,
                                    uint8_t master[LURK_MASTER_BYTES], char why[LK_FULL_WHY_BYTES])
{
    struct lk_kept *kept = lk_thread_kept();
    struct lk_kept_final *final = kept != NULL ? lk_kept_final_find(kept, session_hash) : NULL;
    struct flight flight;
    if (final == NULL || !flight_of(final, &flight))
        return lk_full_unknown(why, "its messages were not seen");
    size_t hello = server_hello_at(&flight), len = 0, room = HANDSHAKE_BYTES;
    struct lk_kept_s *s = s_of(kept, &flight, hello);
    if (s == NULL || s->tls13) return lk_full_unknown(why, "S of this handshake is not known");
    uint8_t *message = malloc(2 * room);
    if (message == NULL) return lk_full_unknown(why, "no memory");
    struct lk_writer w = lk_writer_of(message + room, room);
    flight_write(&w, &flight, 0, flight.count, hello, s->s);
    struct lurk_tls12_handshake request = {.size = sizeof request,
                                           .type = LURK_TLS12_RSA_EXTENDED_MASTER,
                                           .messages = {w.base, w.len}};
    memcpy(request.key_id, key->key_id, sizeof request.key_id);
    int written = w.bad ? LURK_ERR_ROOM : lurk_tls12_handshake_write(&request, message, room, &len);
    lk_wipe(w.base, w.len);
    lk_kept_s_drop(s);
    lk_kept_final_drop(final);
    struct lk_reply reply = {0};
    enum lk_full end = lk_full_send(key, written, (struct lurk_bytes){message, len},
                                    "tls12.rsa_extended_master", &reply);
    lk_wipe(message, len);
    free(message);
    return master_take(end, key, &reply, master);
}

enum lk_full lk_full_master(const struct lk_pkey *key, struct lk_bytes ciphertext, unsigned hash,
                            struct lk_bytes seed, uint8_t master[LURK_MASTER_BYTES],
                            char why[LK_FULL_WHY_BYTES])
{
    struct lk_cursor c = lk_cursor_of(seed);
    if (label_take(&c, label_extended))
        return extended_master(key, lk_cursor_take(&c, lk_cursor_left(&c)), master, why);
    if (label_take(&c, label_plain)) return plain_master(key, ciphertext, hash, c, master, why);
    return lk_full_unknown(why, "its PRF is not asked for a master secret");
}
