/* s_init_cert_verify through slot, ring, a worker's turn and back: the known answers, each fault of
 * each step in its order, and whole handshakes as a TLS client would check them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/policy/freshness.h"
#include "core/wire/header.h"
#include "crypto/schedule.h"
#include "tests/support/hello.h"
#include "tests/support/rig.h"
#include "tests/support/vectors.h"

enum { KEY_RSA, KEY_ECDSA, KEY_ED25519, KEY_COUNT };
static const char *const names[KEY_COUNT] = {"rsa", "ecdsa_p256", "ed25519"};

struct answers {
    struct lk_rig rig;
    struct lk_vectors vectors;
    EVP_PKEY *pkey[KEY_COUNT];
    uint8_t payload[8192];
    size_t len;
    uint32_t key;
    uint8_t methods, secrets; /* of the slot */
};

static EVP_PKEY *pem_read(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    return key;
}

static struct lk_bytes certificate_of(struct answers *a, uint32_t key)
{
    const json_t *keys = json_object_get(a->vectors.root, "keys");
    return lk_vectors_hex(&a->vectors, json_object_get(keys, names[key]), "certificate_der");
}

/* The chain of key i: its certificate, and that of the next key as an issuer's. */
static struct lk_bytes chain_of(struct answers *a, uint32_t key)
{
    uint8_t chain[4096];
    struct lk_writer w = lk_writer_of(chain, sizeof chain);
    lk_writer_vec24(&w, certificate_of(a, key));
    lk_writer_vec24(&w, certificate_of(a, (key + 1) % KEY_COUNT));
    return lk_vectors_copy(&a->vectors, lk_bytes_of(chain, w.len));
}

static int answers_open(void **state)
{
    struct answers *a = calloc(1, sizeof *a);
    *state = a;
    lk_rig_init(&a->rig);
    if (!lk_vectors_open(&a->vectors, "lurk/tls13.json")) return -1;
    const json_t *keys = json_object_get(a->vectors.root, "keys");
    for (uint32_t i = 0; i < KEY_COUNT; i++) {
        const char *pem = lk_vectors_text(json_object_get(keys, names[i]), "pkcs8_pem");
        lk_rig_key(&a->rig, pem);
        lk_rig_chain(&a->rig, i, chain_of(a, i));
        a->pkey[i] = pem_read(pem);
    }
    lk_rig_start(&a->rig, 1);
    return 0;
}

static int answers_close(void **state)
{
    struct answers *a = *state;
    for (uint32_t i = 0; i < KEY_COUNT; i++)
        EVP_PKEY_free(a->pkey[i]);
    lk_rig_fini(&a->rig);
    lk_vectors_close(&a->vectors);
    free(a);
    return 0;
}

static struct lk_slot *ask(struct answers *a)
{
    uint32_t index = a->len > LK_SLOT_SMALL_BODY_BYTES ? a->rig.map.small_per_loop : 0;
    struct lk_slot *slot = lk_rig_fill(&a->rig, index, LK_X_TLS13_S_INIT_CERT_VERIFY, a->key,
                                       lk_bytes_of(a->payload, a->len));
    slot->methods = a->methods;
    slot->secrets = a->secrets;
    lk_rig_push(&a->rig, index);
    assert_int_equal(lk_rig_run(&a->rig), 1);
    slot = lk_rig_home(&a->rig, 0);
    assert_int_equal(slot->verdict, LK_VERDICT_ANSWER);
    return slot;
}

static const json_t *row_at(const struct answers *a, size_t i)
{
    return json_array_get(lk_vectors_rows(&a->vectors, "s_init_cert_verify"), i);
}

static void take(struct answers *a, size_t row)
{
    struct lk_bytes request = lk_vectors_hex(&a->vectors, row_at(a, row), "request");
    a->len = request.len - LK_HEADER_BYTES;
    memcpy(a->payload, request.data + LK_HEADER_BYTES, a->len);
    a->key = KEY_ED25519;
    a->methods = 3;
    a->secrets = 0x1f;
}

static void tls13_answers_are_those_of_the_vectors(void **state)
{
    struct answers *a = *state;
    for (size_t row = 0; row < 2; row++) {
        take(a, row);
        struct lk_bytes want = lk_vectors_hex(&a->vectors, row_at(a, row), "response");
        struct lk_slot *slot = ask(a);
        assert_int_equal(slot->status, LK_STATUS_SUCCESS);
        assert_int_equal(slot->result_bytes, want.len - LK_HEADER_BYTES);
        assert_memory_equal(slot->body, want.data + LK_HEADER_BYTES, slot->result_bytes);
    }
}

/* --- faults ----------------------------------------------------------------------------------- */

/* Offsets in the payload of row 0, lurk-tls13.md 8. */
enum { TAG, FRESH, METHOD, SECRET_LEN, GROUP = 5, HELLO = 43, SUITES = 43 + 39, SCHEMES = 117,
       SHARE = 139, SERVER_HELLO = 171, CERT = 267, CONTEXT = 269, ENTRY = 273, REQUEST = 279,
       SIG_ALGO = 281 };

struct spoil {
    const char *what;
    size_t at, count;
    uint8_t to, want;
    lk_exchange_mask closed;
    uint32_t hashes; /* of the key's rules; 0: all */
    uint8_t no_methods, no_key_methods;
};

static const struct spoil spoils[] = {
    {"nothing", 0, 0, 0, 1, 0, 0, 0, 0},
    {"freshness", FRESH, 1, 3, 7, 0, 0, 0, 0},
    {"no_secret", METHOD, 1, 0, 3, 0, 0, 0, 0}, /* the secret is the handshake's count then */
    {"method", METHOD, 1, 3, 8, 0, 0, 0, 0},
    {"ClientHello", HELLO, 1, 3, 6, 0, 0, 0, 0},
    {"suite", SUITES + 3, 2, 9, 6, 0, 0, 0, 0},
    {"context", CONTEXT, 1, 1, 3, 0, 0, 0, 0},
    {"fingerprint", ENTRY, 1, 0xff, 10, 0, 0, 0, 0},
    {"certificate form", CERT + 1, 1, 2, 12, 0, 0, 0, 0},
    {"exchange closed", 0, 0, 0, 10, LK_EXCHANGE_BIT(LK_X_TLS13_S_INIT_CERT_VERIFY), 0, 0, 0},
    {"not offered", SIG_ALGO + 1, 1, 8, 17, 0, 0, 0, 0},
    {"of another key", SIG_ALGO + 1, 1, 4, 17, 0, 0, 0, 0},
    {"method closed to the edge", 0, 0, 0, 8, 0, 0, 1, 0},
    {"method closed of the key", 0, 0, 0, 8, 0, 0, 0, 1},
    {"another method closed", 0, 0, 0, 1, 0, 0, 2, 2},
    {"group of the secret", GROUP + 1, 1, 23, 8, 0, 0, 0, 0},
    /* two faults: the earlier step answers */
    {"handshake, fingerprint", HELLO, 1, 3, 6, LK_EXCHANGE_BIT(LK_X_TLS13_S_INIT_CERT_VERIFY), 0,
     0, 0},
    {"key, scheme", SIG_ALGO, 2, 4, 10, LK_EXCHANGE_BIT(LK_X_TLS13_S_INIT_CERT_VERIFY), 0, 0, 0},
    {"scheme, method closed", SIG_ALGO, 2, 4, 17, 0, 0, 1, 0},
    {"scheme, group", SIG_ALGO, 2, 4, 17, 0, 0, 0, 0},
};

static void tls13_faults_have_their_status(void **state)
{
    struct answers *a = *state;
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        const struct spoil *s = &spoils[i];
        take(a, 0);
        memset(a->payload + s->at, s->to, s->count);
        a->methods &= (uint8_t)~s->no_methods;
        struct lk_key_rights *rights = &a->rig.key[a->key].rights, before = *rights;
        rights->exchanges &= ~s->closed;
        rights->methods &= (uint8_t)~s->no_key_methods;
        struct lk_slot *slot = ask(a);
        *rights = before;
        if (slot->status != s->want) fail_msg("%s: %u", s->what, slot->status);
        if (slot->status != 1) assert_int_equal(slot->result_bytes, 0);
    }
}

/* --- whole handshakes ------------------------------------------------------------------------- */

struct deal {
    struct lk_hello_shape shape;
    uint16_t scheme, secret_request, cert_type;
    uint32_t key;
    uint8_t freshness;
    bool make; /* cs_generated */
    bool session;
    bool raw;  /* the public key, not the certificate */
    bool issuer; /* two entries */
};

static EVP_PKEY *group_key(uint16_t group)
{
    switch (group) {
    case LK_GROUP_SECP256R1: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case LK_GROUP_SECP384R1: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case LK_GROUP_SECP521R1: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    case LK_GROUP_X448: return EVP_PKEY_Q_keygen(NULL, NULL, "X448");
    default: return EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    }
}

static size_t derive(EVP_PKEY *own, struct lk_bytes share, uint8_t *out)
{
    size_t len = 128;
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    assert_int_equal(EVP_PKEY_copy_parameters(peer, own), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, share.data, share.len), 1);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, out, &len), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return len;
}

static struct lk_bytes spki_of(const struct answers *a, uint32_t key)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(a->rig.key[key].engine);
    return lk_bytes_of(facts->spki, facts->spki_bytes);
}

static struct lk_bytes entry_der(struct answers *a, const struct deal *d, uint32_t i)
{
    if (d->raw) return spki_of(a, d->key);
    return certificate_of(a, (d->key + i) % KEY_COUNT);
}

static uint32_t entry_count(const struct deal *d)
{
    return d->issuer ? 2 : 1;
}

static size_t entries_put(struct answers *a, const struct deal *d, uint16_t type, uint8_t *to,
                          size_t room)
{
    struct lk_writer w = lk_writer_of(to, room);
    for (uint32_t i = 0; i < entry_count(d); i++) {
        uint8_t digest[32];
        struct lk_tls13_entry entry = {entry_der(a, d, i), lk_bytes_of("\0\5\0\1\1", i == 0 ? 5 : 0)};
        lk_sha256(entry.certificate.data, entry.certificate.len, digest);
        if (type == LK_TLS13_CERT_FINGER_PRINT) entry.certificate = lk_bytes_of(digest, 4);
        lk_tls13_entry_write(&w, type, &entry);
    }
    assert_false(w.bad);
    return w.len;
}

static EVP_MD *md_of(uint8_t hash)
{
    return EVP_MD_fetch(NULL, hash == LK_SHA384 ? "SHA384" : "SHA256", NULL);
}

/* The transcript as a TLS client has it: messages in a row. */
struct view {
    uint8_t bytes[16384];
    size_t len;
    uint8_t hash;
};

static void view_add(struct view *v, const void *data, size_t len)
{
    assert_true(v->len + len <= sizeof v->bytes);
    memcpy(v->bytes + v->len, data, len);
    v->len += len;
}

static void view_hash(const struct view *v, uint8_t out[64])
{
    EVP_MD *md = md_of(v->hash);
    assert_int_equal(EVP_Digest(v->bytes, v->len, out, NULL, md, NULL), 1);
    EVP_MD_free(md);
}

/* ClientHello1 as its hash; ServerHello by the client's eyes: F(S), and the share that was sent. */
static void view_hellos(struct view *v, const struct deal *d, const uint8_t *fs,
                        struct lk_bytes share)
{
    static uint8_t built[8192];
    struct lk_hello_shape seen = d->shape;
    const char *rest = d->shape.sequence;
    seen.server_random = fs;
    seen.no_server_share = false;
    seen.server_share = share;
    if (rest[1] == 'R') {
        struct lk_hello_shape one = seen;
        uint8_t digest[64];
        EVP_MD *md = md_of(v->hash);
        one.sequence = "h";
        size_t len = lk_hello_build(&one, built, sizeof built);
        unsigned n = 0;
        assert_int_equal(EVP_Digest(built, len, digest, &n, md, NULL), 1);
        EVP_MD_free(md);
        view_add(v, (uint8_t[]){254, 0, 0, (uint8_t)n}, 4);
        view_add(v, digest, n);
        rest++;
    }
    for (; *rest != 0 && *rest != 'e'; rest++) {
        char one[2] = {*rest, 0};
        seen.sequence = one;
        view_add(v, built, lk_hello_build(&seen, built, sizeof built));
    }
}

static void view_rest(struct view *v, struct answers *a, const struct deal *d)
{
    static uint8_t built[8192], list[8192];
    struct lk_hello_shape seen = d->shape;
    seen.sequence = strchr(d->shape.sequence, 'e');
    view_add(v, built, lk_hello_build(&seen, built, sizeof built));
    size_t bytes = entries_put(a, d, LK_TLS13_CERT_UNCOMPRESSED, list, sizeof list);
    struct lk_writer w = lk_writer_of(built, sizeof built);
    lk_writer_u8(&w, 11);
    lk_writer_u24(&w, (uint32_t)bytes + 4);
    lk_writer_u8(&w, 0);
    lk_writer_vec24(&w, lk_bytes_of(list, bytes));
    view_add(v, built, w.len);
}

static void verify(EVP_PKEY *key, uint16_t scheme, struct lk_bytes signature, const uint8_t *hash,
                   size_t hash_len)
{
    uint8_t text[256];
    EVP_PKEY_CTX *p;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    memset(text, ' ', 64);
    memcpy(text + 64, "TLS 1.3, server CertificateVerify", 34);
    memcpy(text + 98, hash, hash_len);
    const EVP_MD *md = scheme == 0x0807   ? NULL
                       : scheme == 0x0805 ? EVP_sha384()
                       : scheme == 0x0806 ? EVP_sha512()
                                          : EVP_sha256();
    assert_int_equal(EVP_DigestVerifyInit(ctx, &p, md, NULL, key), 1);
    if (scheme >> 8 == 8 && scheme != 0x0807) {
        EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST);
    }
    assert_int_equal(EVP_DigestVerify(ctx, signature.data, signature.len, text, 98 + hash_len), 1);
    EVP_MD_CTX_free(ctx);
}

static void request_put(struct answers *a, struct deal *d, EVP_PKEY *client, struct lk_bytes shared)
{
    static uint8_t messages[8192], entries[4096], s[32];
    uint8_t *share = NULL;
    for (size_t i = 0; i < sizeof s; i++)
        s[i] = (uint8_t)(i * 7 + 1);
    d->shape.server_random = s;
    d->shape.no_server_share = d->make;
    if (client != NULL) {
        size_t n = EVP_PKEY_get1_encoded_public_key(client, &share);
        d->shape.client_share = lk_vectors_copy(&a->vectors, lk_bytes_of(share, n));
        OPENSSL_free(share);
    }
    struct lk_tls13_cert_verify in = {
        .last = !d->session, .session_id = (const uint8_t *)"abcd", .freshness = d->freshness,
        .ephemeral = {.method = d->make ? LK_TLS13_CS_GENERATED : LK_TLS13_E_GENERATED,
                      .group = d->shape.group, .bytes = shared},
        .certificate = {.type = d->cert_type},
        .secret_request = d->secret_request, .sig_algo = d->scheme};
    in.certificate.entries = lk_bytes_of(
        entries, entries_put(a, d, d->cert_type, entries, sizeof entries));
    in.messages = lk_bytes_of(messages, lk_hello_build(&d->shape, messages, sizeof messages));
    struct lk_writer w = lk_writer_of(a->payload, sizeof a->payload);
    lk_tls13_cert_verify_write(&w, &in);
    assert_false(w.bad);
    a->len = w.len;
    a->key = d->key;
    a->methods = 3;
    a->secrets = 0x1f;
}

/* Of the secrets that the reply gives, code by code. */
static void check_secrets(const struct lk_tls13_cert_verify_reply *reply, const struct view *hello,
                          struct view *end, struct lk_bytes shared)
{
    static const char *const labels[] = {"c hs traffic", "s hs traffic", "c ap traffic",
                                         "s ap traffic", "exp master"};
    uint8_t secret[64], transcript[64], h_s[64], verify_data[64], want[64], code;
    size_t bytes = lk_hash_bytes(hello->hash);
    struct lk_cursor c = lk_cursor_of(reply->secrets);
    struct lk_bytes value;
    lk_tls13_handshake_secret(hello->hash, shared.data, shared.len, secret);
    view_hash(hello, transcript);
    for (unsigned i = 0; i < 5; i++) {
        if (i == 2) {
            uint8_t to_verify[64];
            view_hash(end, to_verify);
            lk_tls13_finished(hello->hash, h_s, to_verify, verify_data);
            view_add(end, (uint8_t[]){20, 0, 0, (uint8_t)bytes}, 4);
            view_add(end, verify_data, bytes);
            view_hash(end, transcript);
            lk_tls13_master_secret(hello->hash, secret, secret);
        }
        lk_tls13_expand(hello->hash, secret, labels[i], transcript, bytes, want);
        if (i == 1) memcpy(h_s, want, sizeof h_s);
        assert_true(lk_tls13_secret_read(&c, &code, &value));
        assert_int_equal(code, LK_TLS13_H_C + i);
        assert_int_equal(value.len, bytes);
        assert_memory_equal(value.data, want, bytes);
    }
    assert_true(lk_cursor_done(&c));
}

static void strike(struct answers *a, struct deal *d)
{
    static struct view hello, end;
    uint8_t fs[32], secret[128], server_share[160], transcript[64];
    EVP_PKEY *client = d->shape.group < 0x1000 ? group_key(d->shape.group) : NULL;
    struct lk_bytes shared = lk_bytes_of(secret, lk_tls13_group_find(d->shape.group)->secret_bytes);
    memset(secret, 0x42, sizeof secret);
    memset(server_share, 0x0a, sizeof server_share);
    request_put(a, d, client, d->make ? lk_bytes_of(NULL, 0) : shared);
    struct lk_slot *slot = ask(a);
    if (slot->status != 1) fail_msg("group %u: %u", d->shape.group, slot->status);
    struct lk_tls13_cert_verify_reply reply;
    assert_true(lk_tls13_cert_verify_reply_parse(lk_rig_result(slot), &reply));
    assert_true(reply.last);
    struct lk_bytes share = lk_bytes_of(server_share, 32);
    if (d->make) {
        assert_int_equal(reply.ephemeral.group, d->shape.group);
        share = reply.ephemeral.bytes;
        shared.len = derive(client, share, secret);
    }
    hello.len = 0;
    hello.hash = d->shape.suite == 0x1302 ? LK_SHA384 : LK_SHA256;
    lk_freshness_tls13(d->freshness, d->shape.server_random, fs);
    view_hellos(&hello, d, fs, share);
    end = hello;
    view_rest(&end, a, d);
    view_hash(&end, transcript);
    verify(a->pkey[d->key], d->scheme, reply.signature, transcript, lk_hash_bytes(hello.hash));
    uint8_t head[8] = {15, 0, (uint8_t)((reply.signature.len + 4) >> 8),
                       (uint8_t)(reply.signature.len + 4), (uint8_t)(d->scheme >> 8),
                       (uint8_t)d->scheme, (uint8_t)(reply.signature.len >> 8),
                       (uint8_t)reply.signature.len};
    view_add(&end, head, sizeof head);
    view_add(&end, reply.signature.data, reply.signature.len);
    check_secrets(&reply, &hello, &end, shared);
    EVP_PKEY_free(client);
}

static void tls13_handshakes_are_what_a_client_computes(void **state)
{
    struct answers *a = *state;
    static const uint16_t groups[] = {23, 24, 25, 29, 30};
    static const char *const sequences[] = {"hHe", "hHeq", "hRhHe", "hRhHeq"};
    static const uint16_t schemes[KEY_COUNT][3] = {
        {0x0804, 0x0805, 0x0806}, {0x0403, 0x0403, 0x0403}, {0x0807, 0x0807, 0x0807}};
    static const uint8_t offered[] = {4, 3, 8, 4, 8, 5, 8, 6, 8, 7};
    for (unsigned i = 0; i < 240; i++) {
        struct deal d = {
            .shape = {.sequence = sequences[i % 4], .group = groups[i % 5],
                      .suite = (uint16_t)(0x1301 + i % 3),
                      .session_id_bytes = (uint8_t)(i % 2 * 32),
                      .schemes = lk_bytes_of(offered, sizeof offered)},
            .key = i / 5 % 3, .freshness = (uint8_t)(i / 3 % 3), .make = i % 7 < 4,
            .session = i % 11 == 0, .raw = i % 13 == 0, .issuer = i % 13 != 0 && i % 3 == 0,
            .secret_request = 0x1f00,
            .cert_type = i % 2 == 0 ? LK_TLS13_CERT_FINGER_PRINT : LK_TLS13_CERT_UNCOMPRESSED};
        d.scheme = schemes[d.key][i % 3];
        strike(a, &d);
    }
}

/* Hybrids: e_generated only. */
static void tls13_hybrids_are_the_edge_s_to_make(void **state)
{
    struct answers *a = *state;
    static const uint16_t groups[] = {0x11eb, 0x11ec, 0x11ed};
    for (unsigned i = 0; i < 3; i++) {
        struct deal d = {.shape = {.sequence = "hHe", .group = groups[i], .suite = 0x1301},
                         .key = KEY_ECDSA, .scheme = 0x0403, .secret_request = 0x1f00,
                         .cert_type = LK_TLS13_CERT_FINGER_PRINT};
        strike(a, &d);
        d.make = true;
        request_put(a, &d, NULL, lk_bytes_of(NULL, 0));
        assert_int_equal(ask(a)->status, LK_TLS13_INVALID_EPHEMERAL);
    }
}

static uint8_t dealt(struct answers *a, struct deal *d)
{
    static const uint8_t secret[80] = {1};
    size_t bytes = lk_tls13_group_find(d->shape.group)->secret_bytes;
    request_put(a, d, NULL, d->make ? lk_bytes_of(NULL, 0) : lk_bytes_of(secret, bytes));
    return (uint8_t)ask(a)->status;
}

/* Step 5. */
static void tls13_shares_that_do_not_fit_are_8(void **state)
{
    struct answers *a = *state;
    static const uint8_t zero[32], off_curve[65] = {4};
    const struct deal good = {.shape = {.sequence = "hHe", .group = 29, .suite = 0x1301},
                              .key = KEY_ECDSA, .scheme = 0x0403, .secret_request = 0x1f00,
                              .cert_type = LK_TLS13_CERT_FINGER_PRINT};
    struct deal d = good;
    assert_int_equal(dealt(a, &d), 1);
    d.make = true;
    assert_int_equal(dealt(a, &d), 1);
    d.shape.client_share = lk_bytes_of(zero, 32);
    assert_int_equal(dealt(a, &d), 8); /* a secret of zeros */
    d.shape.client_share = lk_bytes_of(zero, 31);
    assert_int_equal(dealt(a, &d), 8);
    d.shape.group = 23;
    d.shape.client_share = lk_bytes_of(off_curve, 65);
    assert_int_equal(dealt(a, &d), 8);
    d = good;
    d.shape.offered_group = 30; /* the client offered none of the server's */
    assert_int_equal(dealt(a, &d), 8);
    d = good;
    request_put(a, &d, NULL, lk_bytes_of(zero, 31)); /* a secret too short */
    assert_int_equal(ask(a)->status, 8);
    d.make = true; /* the server's share is there, and lurkd is to make it */
    request_put(a, &d, NULL, lk_bytes_of(NULL, 0));
    struct lk_tls13_cert_verify in;
    assert_int_equal(lk_tls13_cert_verify_parse(lk_bytes_of(a->payload, a->len), &in), 0);
    static uint8_t messages[2048], again[4096];
    d.shape.no_server_share = false;
    in.messages = lk_bytes_of(messages, lk_hello_build(&d.shape, messages, sizeof messages));
    struct lk_writer w = lk_writer_of(again, sizeof again);
    lk_tls13_cert_verify_write(&w, &in);
    memcpy(a->payload, again, w.len);
    a->len = w.len;
    assert_int_equal(ask(a)->status, 8);
}

/* Step 4: one that fits the key, but not the client. */
static void tls13_schemes_the_client_did_not_offer_are_17(void **state)
{
    struct answers *a = *state;
    struct deal d = {.shape = {.sequence = "hHe", .group = 29, .suite = 0x1301,
                               .schemes = lk_bytes_of("\x08\4\x08\7", 4)},
                     .key = KEY_ECDSA, .scheme = 0x0403, .cert_type = LK_TLS13_CERT_FINGER_PRINT};
    assert_int_equal(dealt(a, &d), LK_TLS13_INVALID_SIGNATURE_SCHEME);
    d.shape.schemes = lk_bytes_of("\x08\4\4\3", 4);
    assert_int_equal(dealt(a, &d), LK_STATUS_SUCCESS);
}

/* Step 3. */
static void tls13_certificates_that_are_not_the_key_s_are_10(void **state)
{
    struct answers *a = *state;
    struct deal d = {.shape = {.sequence = "hHe", .group = 29, .suite = 0x1301},
                     .key = KEY_ECDSA, .scheme = 0x0403, .issuer = true};
    for (uint16_t type = LK_TLS13_CERT_FINGER_PRINT; type <= LK_TLS13_CERT_UNCOMPRESSED; type++) {
        d.cert_type = type;
        assert_int_equal(dealt(a, &d), 1);
        a->key = KEY_RSA; /* a front that says so; its chain has no such certificate */
        assert_int_equal(ask(a)->status, 10);
        d.key = KEY_ED25519; /* whose certificate stands in the chain behind the own one */
        assert_int_equal(dealt(a, &d), 17);
        a->key = KEY_ECDSA;
        assert_int_equal(ask(a)->status, 10);
        d.key = KEY_ECDSA;
    }
    /* an issuer that is nobody's: unknown as a fingerprint, the edge's own affair in full */
    struct lk_rig *rig = &a->rig;
    lk_rig_chain(rig, KEY_ECDSA, lk_bytes_of(NULL, 0));
    d.cert_type = LK_TLS13_CERT_FINGER_PRINT;
    assert_int_equal(dealt(a, &d), 10);
    d.cert_type = LK_TLS13_CERT_UNCOMPRESSED;
    assert_int_equal(dealt(a, &d), 1);
    lk_rig_chain(rig, KEY_ECDSA, chain_of(a, KEY_ECDSA));
}

/* Requested, permitted and allowed on both sides; bits below are ignored. */
static void tls13_secrets_are_what_all_three_open(void **state)
{
    struct answers *a = *state;
    static const struct {
        uint16_t request;
        uint8_t edge, key, want;
    } rows[] = {
        {0x1f00, 0x1f, 0x1f, 0x1f}, {0x1f00, 0x0f, 0x1f, 0x0f}, {0x1f00, 0x1f, 0x0f, 0x0f},
        {0x1f00, 0, 0x1f, 0},       {0x1f00, 0x1f, 0, 0},       {0, 0x1f, 0x1f, 0},
        {0x0100, 0x1f, 0x1f, 0x10}, {0xffff, 0x1f, 0x1f, 0x1f}, {0x1800, 0x06, 0x1f, 0x02},
        {0xe0ff, 0x1f, 0x1f, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        take(a, 0);
        a->payload[REQUEST - 0] = (uint8_t)(rows[i].request >> 8);
        a->payload[REQUEST + 1] = (uint8_t)rows[i].request;
        a->secrets = rows[i].edge;
        struct lk_key_rights *rights = &a->rig.key[a->key].rights;
        rights->secrets = rows[i].key;
        struct lk_slot *slot = ask(a);
        rights->secrets = 0x1f;
        assert_int_equal(slot->status, 1);
        struct lk_tls13_cert_verify_reply reply;
        assert_true(lk_tls13_cert_verify_reply_parse(lk_rig_result(slot), &reply));
        struct lk_cursor c = lk_cursor_of(reply.secrets);
        struct lk_bytes value;
        uint8_t code, got = 0;
        while (lk_tls13_secret_read(&c, &code, &value))
            got |= (uint8_t)(1u << (code - LK_TLS13_H_C));
        assert_int_equal(got, rows[i].want);
    }
}

/* --- batches ---------------------------------------------------------------------------------- */

#define TOGETHER 64

static int share_compare(const void *x, const void *y)
{
    return memcmp(x, y, 32);
}

/* Requests that wait together go through the row of shares together, and then through that of
 * signatures; each has a share of its own. */
static void gather(struct answers *a, uint16_t group, enum lk_kernel_row row)
{
    static uint8_t shares[TOGETHER][32];
    struct lk_rig *rig = &a->rig;
    struct deal d = {.shape = {.sequence = "hHe", .group = group, .suite = 0x1301},
                     .key = KEY_ECDSA, .scheme = 0x0403, .secret_request = 0x1f00, .make = true,
                     .cert_type = LK_TLS13_CERT_FINGER_PRINT};
    const struct lk_counters before = *rig->counters;
    EVP_PKEY *client = group_key(group);
    request_put(a, &d, client, lk_bytes_of(NULL, 0));
    for (uint32_t i = 0; i < TOGETHER; i++) {
        struct lk_slot *slot = lk_rig_fill(rig, i, LK_X_TLS13_S_INIT_CERT_VERIFY, a->key,
                                           lk_bytes_of(a->payload, a->len));
        slot->methods = a->methods;
        slot->secrets = a->secrets;
        lk_rig_push(rig, i);
    }
    assert_int_equal(lk_rig_run(rig), TOGETHER);
    for (uint32_t i = 0; i < TOGETHER; i++) {
        struct lk_tls13_cert_verify_reply reply;
        struct lk_slot *slot = lk_rig_home(rig, 0);
        assert_int_equal(slot->status, LK_STATUS_SUCCESS);
        assert_true(lk_tls13_cert_verify_reply_parse(lk_rig_result(slot), &reply));
        memcpy(shares[i], reply.ephemeral.bytes.data + 1, 31);
    }
    qsort(shares, TOGETHER, 32, share_compare);
    for (uint32_t i = 1; i < TOGETHER; i++)
        assert_memory_not_equal(shares[i - 1], shares[i], 32);
    const struct lk_counters *after = rig->counters;
    bool wide = rig->kernels.row[row].lanes_max > 1; /* on this CPU */
    assert_int_equal(after->batches[row] - before.batches[row],
                     TOGETHER / rig->kernels.row[row].lanes_max);
    assert_int_equal(after->way_lanes[LK_WAY_KERNEL][row] - before.way_lanes[LK_WAY_KERNEL][row],
                     wide ? TOGETHER : 0);
    assert_int_equal(after->batches[LK_ROW_P256] - before.batches[LK_ROW_P256],
                     TOGETHER / rig->kernels.row[LK_ROW_P256].lanes_max);
    EVP_PKEY_free(client);
}

static void tls13_shares_are_made_together(void **state)
{
    gather(*state, 29, LK_ROW_SHARE_X25519);
    gather(*state, 23, LK_ROW_SHARE_P256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls13_answers_are_those_of_the_vectors),
        cmocka_unit_test(tls13_faults_have_their_status),
        cmocka_unit_test(tls13_handshakes_are_what_a_client_computes),
        cmocka_unit_test(tls13_hybrids_are_the_edge_s_to_make),
        cmocka_unit_test(tls13_shares_that_do_not_fit_are_8),
        cmocka_unit_test(tls13_schemes_the_client_did_not_offer_are_17),
        cmocka_unit_test(tls13_certificates_that_are_not_the_key_s_are_10),
        cmocka_unit_test(tls13_secrets_are_what_all_three_open),
        cmocka_unit_test(tls13_shares_are_made_together),
    };
    return cmocka_run_group_tests(tests, answers_open, answers_close);
}
