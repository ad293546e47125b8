/* Requests of random content round trip; random damage to good ones hurts nothing and is judged
 * alike by the parser and by peek. LK_SEED=number repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "core/base/limits.h"
#include "core/wire/header.h"
#include "tests/support/handshake.h"
#include "tests/support/hello.h"
#include "tests/support/request.h"
#include "tests/support/roundtrip.h"
#include "tests/support/vectors.h"

#define ROUNDS 20000

static uint64_t seed;

/* splitmix64: any seed will do. */
static uint64_t draw(void)
{
    uint64_t z = (seed += 0x9e3779b97f4a7c15ull);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static size_t below(size_t bound)
{
    return (size_t)(draw() % bound);
}

static void fill(uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)draw();
}

static int seed_print(void **state)
{
    (void)state;
    const char *given = getenv("LK_SEED");
    uint64_t now = (uint64_t)time(NULL) << 20 | (uint64_t)clock();
    seed = given != NULL ? strtoull(given, NULL, 0) : now;
    printf("LK_SEED=%#llx\n", (unsigned long long)seed);
    fflush(stdout);
    return 0;
}

/* In an allocation of exactly its size, so that a sanitizer sees any step outside. */
static uint8_t checked(uint8_t type, const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    memcpy(exact, bytes, len);
    uint8_t status = lk_request_check(type, lk_bytes_of(exact, len));
    free(exact);
    return status;
}

static void wire_rsa_master_round_trips(void **state)
{
    (void)state;
    uint8_t payload[71 + 1024];
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = 71 + below(1025);
        fill(payload, len);
        payload[0] = 0;
        assert_int_equal(checked(LK_TLS12_RSA_MASTER, payload, len), 0);
    }
}

static struct lk_bytes random_bytes(uint8_t *memory, size_t len)
{
    fill(memory, len);
    return lk_bytes_of(memory, len);
}

static void wire_ecdhe_round_trips(void **state)
{
    (void)state;
    static const uint16_t groups[] = {23, 24, 25, 29, 30};
    uint8_t payload[1024], randoms[64], params[140], point[140], r[66];
    for (int i = 0; i < ROUNDS; i++) {
        const struct lk_group_row *row = lk_group_find(groups[below(5)]);
        struct lk_writer p = lk_writer_of(params, sizeof params);
        lk_writer_u8(&p, 3);
        lk_writer_u16(&p, row->group);
        lk_writer_vec8(&p, random_bytes(point, row->point_bytes));
        fill(randoms, sizeof randoms);
        struct lk_tls12_ecdhe in = {.client_random = randoms, .server_random = randoms + 32,
                                    .sig_and_hash = (uint16_t)draw(), .group = row->group,
                                    .params = lk_bytes_of(params, p.len),
                                    .poo_prf = (uint8_t)below(3)};
        in.poo_point = random_bytes(point, row->point_bytes);
        in.poo_r = random_bytes(r, row->scalar_bytes);
        struct lk_writer w = lk_writer_of(payload, sizeof payload);
        lk_tls12_ecdhe_write(&w, &in);
        assert_false(w.bad);
        struct lk_tls12_ecdhe out;
        assert_int_equal(checked(LK_TLS12_ECDHE, payload, w.len), 0);
        assert_int_equal(lk_tls12_ecdhe_parse(lk_bytes_of(payload, w.len), &out), 0);
        assert_int_equal(out.group, in.group);
        assert_int_equal(out.sig_and_hash, in.sig_and_hash);
        assert_true(lk_bytes_equal(out.params, in.params));
        assert_true(in.poo_prf == 0 || lk_bytes_equal(out.poo_r, in.poo_r));
    }
}

/* A plain model of the table: which sequences are a handshake of this type. */
static bool model_accepts(const char *sequence, uint8_t type)
{
    static const struct {
        const char *sequence;
        bool type_4;
    } good[] = {
        {"hHcdk", true},     {"hHcsdk", true},     {"hHcqdCk", true},   {"hHcqdEk", true},
        {"hHcsqdCk", true},  {"hHcsqdEk", true},   {"hHcqdCkv", false}, {"hHcsqdCkv", false},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (strcmp(good[i].sequence, sequence) == 0) return type != 4 || good[i].type_4;
    return false;
}

/* One message of a good sequence is dropped, doubled, moved or replaced, or none is. */
static void sequence_spoil(char *sequence)
{
    size_t len = strlen(sequence), at = below(len), other = below(len);
    char moved = sequence[at];
    switch (below(5)) {
    case 0: memmove(sequence + at, sequence + at + 1, len - at); break;
    case 1: memmove(sequence + at + 1, sequence + at, len - at + 1); break;
    case 2: sequence[at] = sequence[other], sequence[other] = moved; break;
    case 3: sequence[at] = "hHcsqdCEkvxrnV"[below(14)]; break;
    default: break;
    }
}

/* Both sides' certificates are one message on the wire: only the place tells them apart. */
static void certificates_name(char *sequence)
{
    bool done = false;
    for (char *at = sequence; *at != 0; at++) {
        done = done || *at == 'd';
        if (*at == 'c' || *at == 'C') *at = done ? 'C' : 'c';
    }
}

static void wire_handshake_takes_what_the_model_takes(void **state)
{
    (void)state;
    static const char *const starts[] = {"hHcdk", "hHcsqdCkv", "hHcqdEk", "hHcsdk"};
    int taken = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char sequence[32];
        snprintf(sequence, sizeof sequence, "%s", starts[below(4)]);
        sequence_spoil(sequence);
        certificates_name(sequence);
        if (sequence[0] == 0) continue;
        uint8_t type = (uint8_t)(3 + below(3)), payload[8192];
        struct lk_handshake_shape shape = {.sequence = sequence, .type = type,
                                           .datagram = below(2) != 0, .client_ems = type != 3,
                                           .server_ems = type != 3,
                                           .client_extensions = below(2) != 0};
        size_t len = lk_handshake_build(&shape, payload, sizeof payload);
        bool want = model_accepts(sequence, type);
        if ((checked(type, payload, len) == 0) != want)
            fail_msg("sequence %s, type %u", sequence, type);
        taken += want;
    }
    assert_true(taken > ROUNDS / 20);
}

static size_t damage(uint8_t *bytes, size_t len)
{
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
    for (size_t n = 1 + below(4); n > 0 && len > 0; n--) {
        size_t at = below(2) != 0 ? below(len) : below(len < 100 ? len : 100);
        switch (below(4)) {
        case 0: bytes[at] ^= (uint8_t)(1u << below(8)); break;
        case 1: bytes[at] = edges[below(sizeof edges)]; break;
        case 2: len = at; break;
        default: memmove(bytes + at, bytes + at + 1, len - at - 1), len--; break;
        }
    }
    return len;
}

/* lk_request_check stops the program where parser, writer and peek do not agree. */
static void wire_damage_to_the_vectors_is_judged_alike(void **state)
{
    (void)state;
    static const char *const arrays[] = {"rsa", "ecdhe"};
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    int refused = 0;
    for (size_t a = 0; a < 2; a++) {
        const json_t *row;
        size_t k;
        json_array_foreach(lk_vectors_rows(&v, arrays[a]), k, row) {
            struct lk_bytes message = lk_vectors_hex(&v, row, "request");
            for (int i = 0; i < ROUNDS / 20; i++) {
                uint8_t copy[4096];
                size_t len = message.len - LK_HEADER_BYTES;
                memcpy(copy, message.data + LK_HEADER_BYTES, len);
                uint8_t status = checked(message.data[2], copy, damage(copy, len));
                refused += status != 0;
                assert_true(status == 0 || status == 3 || status == 4
                            || (status >= 10 && status <= 12) || status == 14);
            }
        }
    }
    assert_true(refused > 1000);
    lk_vectors_close(&v);
}

/* --- tls13, split ------------------------------------------------------------------------------ */

static uint8_t checked_as(enum lk_exchange_id exchange, const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    memcpy(exact, bytes, len);
    uint8_t status = lk_roundtrip_request(exchange, lk_bytes_of(exact, len));
    free(exact);
    return status;
}

static struct lk_bytes random_entries(uint16_t type, uint8_t *to, size_t room)
{
    struct lk_writer w = lk_writer_of(to, room);
    uint8_t der[40], extensions[8];
    for (size_t n = below(4); n > 0; n--) {
        bool print = type == LK_TLS13_CERT_FINGER_PRINT;
        struct lk_tls13_entry entry = {random_bytes(der, print ? 4 : 1 + below(40)),
                                       random_bytes(extensions, below(9))};
        lk_tls13_entry_write(&w, type, &entry);
    }
    return lk_bytes_of(to, w.len);
}

static void wire_cert_verify_round_trips(void **state)
{
    (void)state;
    static const char *const sequences[] = {"hHe", "hHeq", "hRhHe", "hRhHeq"};
    uint8_t payload[4096], messages[2048], secret[80], entries[256], id[4], random[32];
    for (int i = 0; i < ROUNDS; i++) {
        struct lk_hello_shape shape = {.sequence = sequences[below(4)], .server_random = random,
                                       .no_server_share = below(2) == 0,
                                       .suite = (uint16_t)(0x1301 + below(5)),
                                       .session_id_bytes = (uint8_t)below(33)};
        fill(random, sizeof random);
        struct lk_tls13_cert_verify out, in = {
            .last = below(2) == 0, .session_id = id, .freshness = (uint8_t)below(3),
            .ephemeral.method = (uint8_t)(1 + below(2)), .secret_request = (uint16_t)draw(),
            .certificate.type = (uint16_t)(128 + below(3)), .sig_algo = (uint16_t)draw()};
        if (in.ephemeral.method == LK_TLS13_E_GENERATED) {
            in.ephemeral.group = (uint16_t)draw();
            in.ephemeral.bytes = random_bytes(secret, below(81));
        }
        fill(id, sizeof id);
        in.messages = lk_bytes_of(messages, lk_hello_build(&shape, messages, sizeof messages));
        if (in.certificate.type != LK_TLS13_CERT_NONE)
            in.certificate.entries = random_entries(in.certificate.type, entries, sizeof entries);
        struct lk_writer w = lk_writer_of(payload, sizeof payload);
        lk_tls13_cert_verify_write(&w, &in);
        assert_false(w.bad);
        assert_int_equal(checked_as(LK_X_TLS13_S_INIT_CERT_VERIFY, payload, w.len), 0);
        assert_int_equal(lk_tls13_cert_verify_parse(lk_bytes_of(payload, w.len), &out), 0);
        assert_int_equal(out.ephemeral.group, in.ephemeral.group);
        assert_true(lk_bytes_equal(out.ephemeral.bytes, in.ephemeral.bytes));
        assert_true(lk_bytes_equal(out.certificate.entries, in.certificate.entries));
        assert_int_equal(out.secret_request, in.secret_request);
        assert_int_equal(out.sig_algo, in.sig_algo);
        assert_memory_equal(out.handshake.server_random, random, sizeof random);
        assert_int_equal(out.handshake.server_share.len, shape.no_server_share ? 0 : 32);
    }
}

static void wire_sign_ske_round_trips(void **state)
{
    (void)state;
    static const uint16_t groups[] = {23, 24, 25, 29, 30};
    uint8_t payload[2048], randoms[64], params[800], value[256], point[256], r[256];
    for (int i = 0; i < ROUNDS; i++) {
        const struct lk_group_row *row = lk_group_find(groups[below(5)]);
        bool dhe = below(2) == 0;
        size_t p_bytes = 1 + below(256);
        struct lk_writer p = lk_writer_of(params, sizeof params);
        if (dhe) {
            lk_writer_vec16(&p, random_bytes(value, p_bytes));
            lk_writer_vec16(&p, random_bytes(value, below(4)));
            lk_writer_vec16(&p, random_bytes(value, below(257)));
        } else {
            lk_writer_u8(&p, 3);
            lk_writer_u16(&p, row->group);
            lk_writer_vec8(&p, random_bytes(value, row->point_bytes));
        }
        fill(randoms, sizeof randoms);
        struct lk_split_sign_ske out, in = {.client_random = randoms, .server_random = randoms + 32,
                                            .sig_and_hash = (uint16_t)draw(),
                                            .kx = dhe ? LK_SPLIT_DHE : LK_SPLIT_ECDHE,
                                            .common.freshness = (uint8_t)draw(),
                                            .params = lk_bytes_of(params, p.len),
                                            .poo_prf = (uint8_t)below(3)};
        in.poo_point = random_bytes(point, dhe ? p_bytes : row->point_bytes);
        in.poo_r = random_bytes(r, dhe ? p_bytes : row->scalar_bytes);
        struct lk_writer w = lk_writer_of(payload, sizeof payload);
        lk_split_sign_ske_write(&w, &in);
        assert_false(w.bad);
        assert_int_equal(checked_as(LK_X_SPLIT_SIGN_SKE, payload, w.len), 0);
        assert_int_equal(lk_split_sign_ske_parse(lk_bytes_of(payload, w.len), &out), 0);
        assert_true(lk_bytes_equal(out.params, in.params));
        assert_int_equal(out.common.freshness, in.common.freshness);
        assert_int_equal(out.group, dhe ? 0 : row->group);
        assert_true(in.poo_prf == 0 || lk_bytes_equal(out.poo_r, in.poo_r));
    }
}

static void damage_array(const char *file, const char *array, uint32_t statuses)
{
    struct lk_vectors v;
    const json_t *row;
    size_t k;
    int refused = 0;
    if (!lk_vectors_open(&v, file)) skip();
    json_array_foreach(lk_vectors_rows(&v, array), k, row) {
        struct lk_bytes message = lk_vectors_hex(&v, row, "request");
        int exchange = lk_exchange_find(message.data[0], message.data[1], message.data[2]);
        for (int i = 0; exchange >= 0 && i < ROUNDS / 10; i++) {
            uint8_t copy[4096];
            size_t len = message.len - LK_HEADER_BYTES;
            memcpy(copy, message.data + LK_HEADER_BYTES, len);
            uint8_t status = checked_as((enum lk_exchange_id)exchange, copy, damage(copy, len));
            refused += status != 0;
            assert_true((statuses >> status & 1) != 0);
        }
    }
    assert_true(refused > ROUNDS / 20);
    lk_vectors_close(&v);
}

static void wire_damage_to_tls13_is_a_fault_or_none(void **state)
{
    (void)state;
    damage_array("lurk/tls13.json", "s_init_cert_verify",
                 1u | 1u << 3 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 12);
}

static void wire_damage_to_split_is_a_fault_or_none(void **state)
{
    (void)state;
    damage_array("lurk/split.json", "tests",
                 1u | 1u << 3 | 1u << 4 | 1u << 8 | 1u << 9 | 1u << 12);
}

/* However a stream is split, the same messages come out. */
static void wire_stream_is_cut_alike_in_any_pieces(void **state)
{
    (void)state;
    static uint8_t stream[64 * 400];
    for (int round = 0; round < 200; round++) {
        size_t len = 0, lengths[64], count = 1 + below(64);
        for (size_t i = 0; i < count; i++) {
            lengths[i] = LK_HEADER_BYTES + below(300);
            struct lk_header header = {.designation = 1, .version = 1, .id = draw(),
                                       .length = (uint32_t)lengths[i]};
            struct lk_writer w = lk_writer_of(stream + len, lengths[i]);
            lk_header_write(&w, &header);
            fill(stream + len + LK_HEADER_BYTES, lengths[i] - LK_HEADER_BYTES);
            len += lengths[i];
        }
        size_t at = 0, have = 0, got = 0;
        while (got < count) {
            struct lk_bytes message;
            enum lk_cut cut = lk_header_next(lk_bytes_of(stream + at, have - at),
                                             LK_MESSAGE_BYTES_MAX, &message);
            assert_int_not_equal(cut, LK_CUT_LOST);
            if (cut == LK_CUT_MORE) {
                assert_true(have < len);
                have += 1 + below(len - have);
                continue;
            }
            assert_int_equal(message.len, lengths[got++]);
            at += message.len;
        }
        assert_int_equal(at, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_rsa_master_round_trips),
        cmocka_unit_test(wire_ecdhe_round_trips),
        cmocka_unit_test(wire_handshake_takes_what_the_model_takes),
        cmocka_unit_test(wire_damage_to_the_vectors_is_judged_alike),
        cmocka_unit_test(wire_cert_verify_round_trips),
        cmocka_unit_test(wire_sign_ske_round_trips),
        cmocka_unit_test(wire_damage_to_tls13_is_a_fault_or_none),
        cmocka_unit_test(wire_damage_to_split_is_a_fault_or_none),
        cmocka_unit_test(wire_stream_is_cut_alike_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, seed_print, NULL);
}
