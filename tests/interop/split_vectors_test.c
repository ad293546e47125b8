/* The known answers of split through slot, ring, a worker's turn and back, and each fault of each
 * step in its order: what the vault says by itself, whatever the front granted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/clock.h"
#include "core/wire/header.h"
#include "core/wire/split.h"
#include "tests/support/rig.h"
#include "tests/support/vectors.h"

enum { KEY_RSA, KEY_ECDSA, KEY_ED25519, KEY_COUNT };

struct answers {
    struct lk_rig rig;
    struct lk_vectors vectors;
    uint8_t payload[2048]; /* of the request in hand */
    size_t len;
    uint32_t key;
    enum lk_exchange_id exchange;
    uint16_t flags; /* of its slot */
};

static int answers_open(void **state)
{
    struct answers *a = calloc(1, sizeof *a);
    *state = a;
    lk_rig_init(&a->rig);
    if (!lk_vectors_open(&a->vectors, "lurk/split.json")) return 0;
    static const char *const names[] = {"rsa", "ecdsa_p256", "ed25519"};
    const json_t *keys = json_object_get(a->vectors.root, "keys");
    for (size_t i = 0; i < KEY_COUNT; i++)
        lk_rig_key(&a->rig, lk_vectors_text(json_object_get(keys, names[i]), "pkcs8_pem"));
    a->rig.conf.window_s = a->rig.conf.window_ecdhe_s = 60;
    a->rig.now_unix_s = json_integer_value(json_object_get(a->vectors.root, "clock"));
    lk_rig_start(&a->rig, 1);
    return 0;
}

static int answers_close(void **state)
{
    struct answers *a = *state;
    lk_rig_fini(&a->rig);
    if (a->vectors.root != NULL) lk_vectors_close(&a->vectors);
    free(a);
    return 0;
}

static uint32_t key_of(const struct lk_rig *rig, struct lk_bytes payload)
{
    for (uint32_t k = 0; k < rig->keyring.count; k++)
        for (uint32_t i = 0; i < rig->key[k].keyid.id_count; i++)
            if (memcmp(rig->key[k].keyid.id[i], payload.data + 1, LK_KEY_ID_BYTES) == 0) return k;
    return KEY_RSA;
}

static const json_t *row_find(const struct answers *a, const char *name)
{
    size_t i;
    const json_t *row;
    json_array_foreach(lk_vectors_rows(&a->vectors, "tests"), i, row)
        if (strcmp(lk_vectors_text(row, "name"), name) == 0) return row;
    fail_msg("no vector %s", name);
    return NULL;
}

static void take(struct answers *a, const json_t *row)
{
    struct lk_bytes request = lk_vectors_hex(&a->vectors, row, "request");
    a->exchange = (enum lk_exchange_id)lk_exchange_find(request.data[0], request.data[1],
                                                        request.data[2]);
    a->len = request.len - LK_HEADER_BYTES;
    memcpy(a->payload, request.data + LK_HEADER_BYTES, a->len);
    a->key = key_of(&a->rig, lk_bytes_of(a->payload, a->len));
    a->flags = LK_SLOT_UNFRESH | LK_SLOT_UNPROVED | LK_SLOT_POO_OPTIONAL;
}

static struct lk_slot *ask(struct answers *a)
{
    struct lk_slot *slot = lk_rig_fill(&a->rig, 0, a->exchange, a->key,
                                       lk_bytes_of(a->payload, a->len));
    slot->flags = a->flags;
    lk_rig_push(&a->rig, 0);
    assert_int_equal(lk_rig_run(&a->rig), 1);
    return lk_rig_home(&a->rig, 0);
}

static void split_answers_are_those_of_the_vectors(void **state)
{
    struct answers *a = *state;
    if (a->vectors.root == NULL) skip();
    size_t i;
    int same = 0;
    const json_t *row;
    json_array_foreach(lk_vectors_rows(&a->vectors, "tests"), i, row) {
        take(a, row);
        if ((int)a->exchange < 0) continue;
        struct lk_bytes want = lk_vectors_hex(&a->vectors, row, "response");
        struct lk_slot *slot = ask(a);
        assert_int_equal(slot->verdict, LK_VERDICT_ANSWER);
        if (slot->status != 1) fail_msg("%s: %u", lk_vectors_text(row, "name"), slot->status);
        assert_int_equal(slot->result_bytes, want.len - LK_HEADER_BYTES);
        assert_memory_equal(slot->body, want.data + LK_HEADER_BYTES, slot->result_bytes);
        same++;
    }
    assert_int_equal(same, 9);
}

#define ECDHE "sign_ske ECDHE P-256, sha256_256, RSA PKCS#1 sha256"
#define UNFRESH "sign_ske ECDHE P-256, freshness 255, no proof, RSA PKCS#1 sha256"
#define DHE "sign_ske DHE ffdhe2048, RSA PKCS#1 sha256, sha256_128"
#define PREMASTER "rsa_premaster"
#define VERIFY "sign_cert_verify server, Ed25519, sha256 transcript"

/* Offsets in the payload of sign_ske, and of sign_cert_verify. */
enum { FRESHNESS = 5, CLIENT = 6, S = 38, SCHEME = 70, POINT_X = 80, POO = 144, V_X = 150, R_LAST = 242 };
/* Of DHE, p of 256 bytes and g of one. */
enum { DH_P = 77, DH_G = 335, DH_Y = 338, DH_POO = 594, DH_V = 597, DH_R = 855 };
enum { ROLE = 5, CV_SCHEME = 6, HASH_LEN = 8, HASH = 9 };

/* Spoils the request in hand, the key's own rights, or what the front granted. */
struct spoil {
    const char *row;
    const char *what;
    size_t at, count; /* payload[at..] := to, count times */
    uint8_t to;
    lk_exchange_mask closed;
    uint32_t no_flags, no_uses;
    uint16_t no_slot_flags;
    size_t more; /* bytes behind the payload */
    uint8_t want;
};

static const struct spoil spoils[] = {
    {ECDHE, "nothing", .want = 1},
    {UNFRESH, "nothing", .want = 1},
    {PREMASTER, "nothing", .want = 1},
    {VERIFY, "nothing", .want = 1},
    /* step 1 */
    {ECDHE, "exchange closed", .closed = LK_EXCHANGE_BIT(LK_X_SPLIT_SIGN_SKE), .want = 5},
    {PREMASTER, "exchange closed", .closed = LK_EXCHANGE_BIT(LK_X_SPLIT_RSA_PREMASTER), .want = 5},
    {VERIFY, "exchange closed", .closed = LK_EXCHANGE_BIT(LK_X_SPLIT_SIGN_CERT_VERIFY), .want = 5},
    {ECDHE, "key id", 1, 1, 0xff, .want = 5},
    {VERIFY, "key id", 1, 1, 0xff, .want = 5},
    {VERIFY, "use of the other role", .no_uses = LK_USE_TLS13_SIGN, .want = 5},
    {"sign_cert_verify client, Ed25519, sha384 transcript", "use of the other role",
     .no_uses = LK_USE_TLS13_CLIENT, .want = 5},
    {ECDHE, "freshness 1", FRESHNESS, 1, 1, .want = 7},
    {UNFRESH, "not the key's flag", .no_flags = LK_FLAG_UNFRESH, .want = 7},
    {UNFRESH, "not the edge's flag", .no_slot_flags = LK_SLOT_UNFRESH, .want = 7},
    /* step 2 */
    {ECDHE, "an hour ago", S, 4, 0x10, .want = 6},
    {UNFRESH, "a constant client random", CLIENT, 32, 0x61, .want = 6},
    {UNFRESH, "a constant server random", S, 32, 0, .want = 6},
    /* step 3 */
    {ECDHE, "ECDSA of an RSA key", SCHEME + 1, 1, 3, .want = 10},
    {ECDHE, "unknown", SCHEME, 1, 2, .want = 10},
    {VERIFY, "ECDSA of an Ed25519 key", CV_SCHEME, 2, 4, .want = 10},
    /* step 4 */
    {ECDHE, "point off the curve", POINT_X, 1, 0xaa, .want = 8},
    {UNFRESH, "point off the curve", POINT_X, 1, 0xaa, .want = 8},
    {ECDHE, "vG off the curve", V_X, 1, 0xaa, .want = 8},
    /* step 5 */
    {UNFRESH, "not the key's flag", .no_flags = LK_FLAG_UNPROVED, .want = 12},
    {UNFRESH, "not the edge's flag", .no_slot_flags = LK_SLOT_UNPROVED, .want = 12},
    {UNFRESH, "require_poo is tls12's", .no_slot_flags = LK_SLOT_POO_OPTIONAL, .want = 1},
    {ECDHE, "wrong r", R_LAST, 1, 0x55, .want = 13},
    /* DHE: steps 1 to 3 are those above; the rest is below */
    {DHE, "nothing", .want = 1},
    {DHE, "an hour ago", S, 4, 0x10, .want = 6},
    {DHE, "the time before the group", S, 259, 0x10, .want = 3},
    {DHE, "ECDSA of an RSA key", SCHEME + 1, 1, 3, .want = 10},
    {DHE, "a byte of p", DH_P + 100, 1, 0xff, .want = 9},
    {DHE, "another generator", DH_G, 1, 5, .want = 9},
    {DHE, "Ys is 0", DH_Y, 256, 0, .want = 8},
    {DHE, "Ys is above p", DH_Y, 256, 0xff, .want = 8},
    {DHE, "r above q", DH_R, 1, 0xff, .want = 13},
    {DHE, "V is 0", DH_V, 256, 0, .want = 13},
    {DHE, "wrong r", DH_R + 255, 1, 0x55, .want = 13},
    {DHE, "the other challenge", DH_POO, 1, 2, .want = 13},
    /* rsa_premaster */
    {PREMASTER, "client version", 5, 2, 3, .want = 1},
    {PREMASTER, "client version", 6, 1, 4, .want = 3},
    {PREMASTER, "key before version", 6, 1, 4,
     .closed = LK_EXCHANGE_BIT(LK_X_SPLIT_RSA_PREMASTER), .want = 5},
    /* sign_cert_verify */
    {VERIFY, "one byte, again and again", HASH, 32, 0x20, .want = 19},
    {VERIFY, "the scheme before the hash", CV_SCHEME, 35, 4, .want = 3},
    {VERIFY, "31 bytes", HASH_LEN, 1, 31, .want = 3},
};

static void split_faults_have_their_status(void **state)
{
    struct answers *a = *state;
    if (a->vectors.root == NULL) skip();
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        const struct spoil *s = &spoils[i];
        take(a, row_find(a, s->row));
        memset(a->payload + s->at, s->to, s->count);
        a->flags &= (uint16_t)~s->no_slot_flags;
        struct lk_key *key = &a->rig.key[a->key];
        struct lk_key_rights rights = key->rights;
        key->rights.exchanges &= ~s->closed;
        key->rights.flags &= ~s->no_flags;
        key->rights.uses &= ~s->no_uses;
        struct lk_slot *slot = ask(a);
        key->rights = rights;
        if (slot->status != s->want) fail_msg("%s, %s: %u", s->row, s->what, slot->status);
    }
}

/* The length of a transcript hash is judged behind the scheme. */
static void split_hashes_have_two_lengths(void **state)
{
    struct answers *a = *state;
    if (a->vectors.root == NULL) skip();
    static const struct {
        uint8_t len, want;
    } rows[] = {{0, 19}, {31, 19}, {32, 1}, {33, 19}, {47, 19}, {48, 1}, {49, 19}, {64, 19}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        take(a, row_find(a, VERIFY));
        a->payload[HASH_LEN] = rows[i].len;
        for (size_t k = 0; k < rows[i].len; k++)
            a->payload[HASH + k] = (uint8_t)k;
        a->len = HASH + (size_t)rows[i].len;
        if (ask(a)->status != rows[i].want) fail_msg("%u bytes", rows[i].len);
        a->payload[CV_SCHEME] = 4;
        assert_int_equal(ask(a)->status, LK_SPLIT_INVALID_SIG_SCHEME);
    }
}

/* lurk-split.md 2: the modulus is the only length; the hash is never asked. */
static void split_premaster_length_is_the_key_s(void **state)
{
    struct answers *a = *state;
    if (a->vectors.root == NULL) skip();
    take(a, row_find(a, PREMASTER));
    a->payload[8]--; /* of the vec16 */
    a->len--;
    assert_int_equal(ask(a)->status, LK_SPLIT_INVALID_PAYLOAD_FORMAT);
}

/* A proof made for tls12 is none here: its label is in the hash. */
static void split_takes_no_proof_of_tls12(void **state)
{
    struct answers *a = *state;
    struct lk_vectors tls12;
    if (a->vectors.root == NULL || !lk_vectors_open(&tls12, "lurk/tls12.json")) skip();
    size_t i;
    const json_t *row, *found = NULL;
    json_array_foreach(lk_vectors_rows(&tls12, "ecdhe"), i, row)
        if (strcmp(lk_vectors_text(row, "name"),
                   "ecdhe RSA PKCS#1 sha256, group 23, sha256_128") == 0)
            found = row;
    assert_non_null(found);
    struct lk_bytes request = lk_vectors_hex(&tls12, found, "request");
    struct lk_tls12_ecdhe r;
    assert_int_equal(lk_tls12_ecdhe_parse(lk_bytes_of(request.data + LK_HEADER_BYTES,
                                                      request.len - LK_HEADER_BYTES), &r), 0);
    struct lk_split_sign_ske again = {.common = r.common,
                                      .client_random = r.client_random,
                                      .server_random = r.server_random,
                                      .sig_and_hash = r.sig_and_hash,
                                      .kx = LK_SPLIT_ECDHE,
                                      .params = r.params,
                                      .poo_prf = r.poo_prf,
                                      .poo_point = r.poo_point,
                                      .poo_r = r.poo_r};
    struct lk_writer w = lk_writer_of(a->payload, sizeof a->payload);
    lk_split_sign_ske_write(&w, &again);
    a->len = w.len;
    a->exchange = LK_X_SPLIT_SIGN_SKE;
    a->key = KEY_RSA;
    assert_int_equal(ask(a)->status, LK_SPLIT_INVALID_POO);
    lk_vectors_close(&tls12);
}

/* lurk-split.md 2: so many a second for a peer and a key; another peer has its own. */
static void split_premasters_are_rated(void **state)
{
    struct answers *a = *state;
    if (a->vectors.root == NULL) skip();
    uint32_t got = 0;
    a->rig.now_ns += 10 * LK_NS_PER_S; /* what the tests above took is forgotten */
    take(a, row_find(a, PREMASTER));
    while (got <= a->rig.conf.rate_per_s[LK_RATED_PREMASTER] && ask(a)->status == 1)
        got++;
    assert_int_equal(got, a->rig.conf.rate_per_s[LK_RATED_PREMASTER]);
    /* Not temporary_failure: agents would send nothing else here for a while. */
    assert_int_equal(ask(a)->verdict, LK_VERDICT_ANSWER);
    assert_int_equal(ask(a)->status, LK_SPLIT_TOO_MANY_REQUESTS);
    assert_int_equal(atomic_load(&a->rig.counters->value[LK_C_REFUSED_RATE]), 3);
    struct lk_slot *slot = lk_rig_fill(&a->rig, 0, a->exchange, a->key,
                                       lk_bytes_of(a->payload, a->len));
    slot->peer_hash = 8;
    lk_rig_push(&a->rig, 0);
    lk_rig_run(&a->rig);
    assert_int_equal(lk_rig_home(&a->rig, 0)->status, 1);
    a->rig.now_ns += LK_NS_PER_S / a->rig.conf.rate_per_s[LK_RATED_PREMASTER];
    assert_int_equal(ask(a)->status, 1);
    assert_int_equal(ask(a)->status, LK_SPLIT_TOO_MANY_REQUESTS);
    a->rig.now_ns += LK_NS_PER_S;
    take(a, row_find(a, VERIFY)); /* nothing else is */
    for (int i = 0; i < 2000; i++)
        assert_int_equal(ask(a)->status, 1);
}

/* Each premaster leaves a record. */
static void split_premasters_are_recorded(void **state)
{
    struct answers *a = *state;
    struct lk_audit_record record[64];
    if (a->vectors.root == NULL) skip();
    while (lk_audit_take(a->rig.audit, record, 64) > 0)
        ;
    a->rig.now_ns += 10 * LK_NS_PER_S;
    take(a, row_find(a, PREMASTER));
    assert_int_equal(ask(a)->status, 1);
    assert_int_equal(lk_audit_take(a->rig.audit, record, 64), 1);
    assert_int_equal(record[0].exchange, LK_X_SPLIT_RSA_PREMASTER);
    assert_int_equal(record[0].scheme, 0x0303);
    assert_int_equal(record[0].edge, 3);
    assert_memory_equal(record[0].key_full, a->rig.key[KEY_RSA].keyid.full, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_answers_are_those_of_the_vectors),
        cmocka_unit_test(split_faults_have_their_status),
        cmocka_unit_test(split_hashes_have_two_lengths),
        cmocka_unit_test(split_premaster_length_is_the_key_s),
        cmocka_unit_test(split_takes_no_proof_of_tls12),
        cmocka_unit_test(split_premasters_are_rated),
        cmocka_unit_test(split_premasters_are_recorded),
    };
    return cmocka_run_group_tests(tests, answers_open, answers_close);
}
