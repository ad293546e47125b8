#include "core/wire/tls12.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define BYTES(literal) lk_bytes_of((literal), sizeof(literal) - 1)

/* lurk-tls12.md 8, written out by hand. */
#define PING_ENTRY "\0\0\0\x01" "\x01"
#define RSA_ENTRY                                                                                 \
    "\0\0\0\x17" "\x03"                                                                           \
    "\x01\x00"                                                                                    \
    "\0\0\x06" "\x02\0\0\x02\x30\x00"                                                             \
    "\x01\x00"                                                                                    \
    "\0\x04" "\x00\x9c\x00\x9d"                                                                   \
    "\x02\x00\x01"
#define ECDHE_ENTRY                                                                               \
    "\0\0\0\x19" "\x06"                                                                           \
    "\x01\x00"                                                                                    \
    "\0\0\0"                                                                                      \
    "\x01\x00"                                                                                    \
    "\0\x02" "\xc0\x2f"                                                                           \
    "\0\x02" "\x04\x01"                                                                           \
    "\x02" "\x00\x17"                                                                             \
    "\x02" "\x00\x1d"                                                                             \
    "\x02" "\x01\x02"

static struct lk_tls12_capability rsa_entry(void)
{
    return (struct lk_tls12_capability){
        .type = 3,
        .key_id_types = BYTES("\0"),
        .certificates = BYTES("\x02\0\0\x02\x30\0"),
        .freshness_functs = BYTES("\0"),
        .cipher_suites = BYTES("\0\x9c\0\x9d"),
        .prf_hashes = BYTES("\0\x01"),
    };
}

static struct lk_tls12_capability ecdhe_entry(void)
{
    return (struct lk_tls12_capability){
        .type = 6,
        .key_id_types = BYTES("\0"),
        .freshness_functs = BYTES("\0"),
        .cipher_suites = BYTES("\xc0\x2f"),
        .sig_and_hash = BYTES("\x04\x01"),
        .ecdsa_curves = BYTES("\0\x17"),
        .ecdhe_curves = BYTES("\0\x1d"),
        .poo_prfs = BYTES("\x01\x02"),
    };
}

static void capability_writes_the_layout_of_the_reference(void **state)
{
    (void)state;
    uint8_t out[256];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    struct lk_tls12_capability ping = {.type = 1}, rsa = rsa_entry(), ecdhe = ecdhe_entry();
    lk_tls12_capability_write(&w, &ping);
    lk_tls12_capability_write(&w, &rsa);
    lk_tls12_capability_write(&w, &ecdhe);
    assert_false(w.bad);
    assert_true(lk_bytes_equal(lk_bytes_of(out, w.len), BYTES(PING_ENTRY RSA_ENTRY ECDHE_ENTRY)));
}

static void assert_entry(const struct lk_tls12_capability *a, const struct lk_tls12_capability *b)
{
    assert_int_equal(a->type, b->type);
    assert_true(lk_bytes_equal(a->key_id_types, b->key_id_types));
    assert_true(lk_bytes_equal(a->certificates, b->certificates));
    assert_true(lk_bytes_equal(a->freshness_functs, b->freshness_functs));
    assert_true(lk_bytes_equal(a->cipher_suites, b->cipher_suites));
    assert_true(lk_bytes_equal(a->prf_hashes, b->prf_hashes));
    assert_true(lk_bytes_equal(a->sig_and_hash, b->sig_and_hash));
    assert_true(lk_bytes_equal(a->ecdsa_curves, b->ecdsa_curves));
    assert_true(lk_bytes_equal(a->ecdhe_curves, b->ecdhe_curves));
    assert_true(lk_bytes_equal(a->poo_prfs, b->poo_prfs));
}

static void capability_entries_come_off_the_front(void **state)
{
    (void)state;
    struct lk_cursor c = lk_cursor_of(BYTES(PING_ENTRY RSA_ENTRY ECDHE_ENTRY));
    struct lk_tls12_capability got, rsa = rsa_entry(), ecdhe = ecdhe_entry();
    assert_true(lk_tls12_capability_parse(&c, &got));
    assert_int_equal(got.type, 1);
    assert_true(lk_tls12_capability_parse(&c, &got));
    assert_entry(&got, &rsa);
    assert_true(lk_tls12_capability_parse(&c, &got));
    assert_entry(&got, &ecdhe);
    assert_true(lk_cursor_done(&c));
    assert_false(lk_tls12_capability_parse(&c, &got));
}

static void capability_truncated_anywhere_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {{PING_ENTRY, sizeof PING_ENTRY - 1},
                {RSA_ENTRY, sizeof RSA_ENTRY - 1},
                {ECDHE_ENTRY, sizeof ECDHE_ENTRY - 1}};
    for (size_t i = 0; i < 3; i++)
        for (size_t len = 0; len < rows[i].len; len++) {
            uint8_t *exact = malloc(len > 0 ? len : 1);
            memcpy(exact, rows[i].bytes, len);
            struct lk_cursor c = lk_cursor_of(lk_bytes_of(exact, len));
            struct lk_tls12_capability got;
            assert_false(lk_tls12_capability_parse(&c, &got));
            if (len > 4) { /* the same with a count that says so: the fields do not fit in it */
                exact[3] = (uint8_t)(len - 4);
                c = lk_cursor_of(lk_bytes_of(exact, len));
                assert_false(lk_tls12_capability_parse(&c, &got));
            }
            free(exact);
        }
}

static void capability_faults_are_refused(void **state)
{
    (void)state;
    const struct lk_bytes rows[] = {
        BYTES("\0\0\0\0"),               /* no type */
        BYTES("\0\0\0\x01\x07"),         /* no such type */
        BYTES("\0\0\0\x02\x01\x00"),     /* a body where none is */
        BYTES("\xff\xff\xff\xff\x01"),   /* 4 GiB */
        BYTES("\x80\0\0\x01\x01"),
        BYTES("\0\0\0\x0a\x02\x00\0\0\0\x00\0\x01\x00\x00"),  /* half a suite */
        BYTES("\0\0\0\x0a\x02\x00\0\0\0\x00\0\0\x00x"),        /* a byte behind */
        BYTES("\0\0\0\x0f\x02\x00\0\0\x06\x01\0\0\x02\x30\0\x00\0\0\x00"), /* certificate type 1 */
        BYTES("\0\0\0\x0d\x02\x00\0\0\x04\0\0\0\0\x00\0\0\x00"),           /* an empty one */
        BYTES("\0\0\0\x0e\x02\x00\0\0\x05\0\0\0\x02\x30\x00\0\0\x00"),     /* one that is cut */
    };
    struct lk_tls12_capability got; /* the entry that each of the longer rows spoils in one place */
    struct lk_cursor good = lk_cursor_of(BYTES("\0\0\0\x09\x02\x00\0\0\0\x00\0\0\x00"));
    assert_true(lk_tls12_capability_parse(&good, &got));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_cursor c = lk_cursor_of(rows[i]);
        if (lk_tls12_capability_parse(&c, &got)) fail_msg("row %zu", i);
    }
}

static void capability_too_long_for_its_counts_is_not_written(void **state)
{
    (void)state;
    static uint8_t out[70000], long_list[300];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    struct lk_tls12_capability rsa = rsa_entry();
    rsa.prf_hashes = lk_bytes_of(long_list, sizeof long_list);
    lk_tls12_capability_write(&w, &rsa);
    assert_true(w.bad);
    w = lk_writer_of(out, sizeof out);
    lk_tls12_capability_write(&w, &(struct lk_tls12_capability){.type = 7});
    assert_true(w.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capability_writes_the_layout_of_the_reference),
        cmocka_unit_test(capability_entries_come_off_the_front),
        cmocka_unit_test(capability_truncated_anywhere_is_refused),
        cmocka_unit_test(capability_faults_are_refused),
        cmocka_unit_test(capability_too_long_for_its_counts_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
