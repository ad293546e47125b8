/* The names of a certificate, in order: what is read, what is found, how long it takes. */
#include "core/keys/cert_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "core/keys/cert_request.h"
#include "tests/support/der_text.h"

#define SPKI "30{ 30{ 06032b6570 } 03{ 00 'thirty-two bytes of a public key' } }"
#define SUBJECT "30{ 31{ 30{ 0603550403 0c{ 'x' } } } }"
#define CERTIFICATE(names)                                                                         \
    "30{ 30{ a0{ 020102 } 020105 30{ 06032b6570 } 30{} 30{} " SUBJECT " " SPKI                     \
    " a3{ 30{ 30{ 0603551d11 04{ 30{ " names " } } } } } } 30{ 06032b6570 } 03{ 00 } }"
#define DNS(text) "82{ '" text "' } "

static struct lk_bytes der_of(const char *text, struct lk_der_text *room)
{
    return lk_der_text(text, lk_bytes_of(NULL, 0), room);
}

static uint32_t find(const struct lk_cert_names *names, const char *text)
{
    return lk_cert_names_find(names, lk_bytes_of((const uint8_t *)text, strlen(text)));
}

static void cert_names_are_in_order_each_once(void **state)
{
    (void)state;
    static const char *const sorted[] = {"b.example", "c.example", "*.a.example", "aa.a.example"};
    struct lk_der_text room;
    struct lk_cert_names *names;
    struct lk_bytes der = der_of(CERTIFICATE(DNS("c.example") DNS("aa.A.example") DNS("C.Example")
                                             "8704c0000201 81{ 'd.example' } " DNS("*.a.example")
                                             DNS("b.example") DNS("b.example")), &room);
    assert_int_equal(lk_cert_names_new(der, &names), LK_OK);
    assert_int_equal(names->count, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(find(names, sorted[i]), i);
    assert_int_equal(find(names, "C.EXAMPLE"), 1);
    assert_int_equal(find(names, "d.example"), LK_CERT_NAMES_MAX); /* a mailbox */
    assert_int_equal(find(names, "a.example"), LK_CERT_NAMES_MAX);
    assert_int_equal(find(names, "bb.a.example"), LK_CERT_NAMES_MAX); /* the wildcard is a name */
    assert_int_equal(find(names, ""), LK_CERT_NAMES_MAX);
    assert_int_equal(names->subject.len, 2 + 2 + 2 + 5 + 3);
    free(names);
}

static void cert_names_may_be_none(void **state)
{
    (void)state;
    struct lk_der_text room;
    struct lk_cert_names *names;
    assert_int_equal(lk_cert_names_new(der_of(CERTIFICATE("8704c0000201"), &room), &names), LK_OK);
    assert_int_equal(names->count, 0);
    assert_int_equal(find(names, "b.example"), LK_CERT_NAMES_MAX);
    free(names);
}

static void cert_names_are_read_to_their_last_byte(void **state)
{
    (void)state;
    static const char *const broken[] = {
        CERTIFICATE(DNS("b.example") " 820c 'www' "), CERTIFICATE("820c 'www' "), CERTIFICATE("82 "),
        CERTIFICATE(""), CERTIFICATE(DNS("b.example") "8780 "), SPKI, "", "30{ 30{} }"};
    struct lk_der_text room;
    struct lk_cert_names *names;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        if (lk_cert_names_new(der_of(broken[i], &room), &names) != LK_ERR_FORMAT)
            fail_msg("%s", broken[i]);
    struct lk_bytes whole = der_of(CERTIFICATE(DNS("b.example")), &room);
    for (size_t len = 0; len < whole.len; len++) {
        uint8_t *cut = malloc(len + 1);
        memcpy(cut + 1, whole.data, len);
        assert_int_equal(lk_cert_names_new(lk_bytes_of(cut + 1, len), &names), LK_ERR_FORMAT);
        free(cut);
    }
}

/* --- many --------------------------------------------------------------------------------------- */

#define NAME_BYTES 16 /* header included */
#define ROOM ((LK_CERT_NAMES_MAX + 1) * NAME_BYTES + 256)

/* An element of more than 64 KiB: its length has three bytes. */
static size_t element(struct lk_writer *w, uint8_t tag)
{
    lk_writer_u8(w, tag);
    lk_writer_u8(w, 0x83);
    return lk_writer_reserve(w, 3);
}

/* From the highest number down. */
static void names_write(struct lk_writer *w, unsigned count)
{
    for (unsigned i = count; i-- > 0;) {
        char name[32];
        (void)snprintf(name, sizeof name, "\x82\x0e%06u.example", i);
        lk_writer_put(w, name, NAME_BYTES);
    }
}

static lk_err names_of_many(unsigned count, uint8_t *data, struct lk_cert_names **out)
{
    static const uint8_t front[] = {2, 1, 5, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0},
                         alt_names[] = {6, 3, 0x55, 0x1d, 0x11}, end[] = {0x30, 0, 3, 1, 0};
    static const uint8_t tags[] = {LK_DER_CONTEXT_3, 0x30, 0x30, LK_DER_OCTET_STRING, 0x30};
    struct lk_writer w = lk_writer_of(data, ROOM);
    size_t place[5], outer = element(&w, 0x30), tbs = element(&w, 0x30);
    lk_writer_put(&w, front, sizeof front);
    for (size_t i = 0; i < sizeof tags; i++) {
        if (i == 3) lk_writer_put(&w, alt_names, sizeof alt_names);
        place[i] = element(&w, tags[i]);
    }
    names_write(&w, count);
    for (size_t i = sizeof tags; i-- > 0;)
        lk_writer_fill(&w, place[i], 3);
    lk_writer_fill(&w, tbs, 3);
    lk_writer_put(&w, end, sizeof end);
    lk_writer_fill(&w, outer, 3);
    assert_false(w.bad);
    return lk_cert_names_new(lk_bytes_of(data, w.len), out);
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* All names of a certificate that has as many as it may, which is what fits in a message: half a millisecond here, where
 * looking at each for each took 180. */
static void cert_names_are_found_at_once_however_many(void **state)
{
    (void)state;
    uint8_t *data = malloc(ROOM), *wanted = malloc(ROOM);
    struct lk_cert_names *names = NULL;
    assert_int_equal(names_of_many(LK_CERT_NAMES_MAX + 1, data, &names), LK_ERR_RANGE);
    assert_int_equal(names_of_many(LK_CERT_NAMES_MAX, data, &names), LK_OK);
    assert_int_equal(names->count, LK_CERT_NAMES_MAX);
    struct lk_writer w = lk_writer_of(wanted, ROOM);
    names_write(&w, LK_CERT_NAMES_MAX);
    static const uint8_t no_subject[] = {0x30, 0};
    struct lk_cert_request request = {.subject = lk_bytes_of(no_subject, 2), .alt_names = lk_bytes_of(wanted, w.len)};
    uint64_t best_ns = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        uint64_t began_ns = cpu_ns();
        assert_int_equal(lk_cert_request_judge(&request, lk_bytes_of(NULL, 0), names), LK_CERT_REQUEST_GOOD);
        uint64_t took_ns = cpu_ns() - began_ns;
        if (took_ns < best_ns) best_ns = took_ns;
    }
    if (best_ns > 20000000) fail_msg("%llu us", (unsigned long long)best_ns / 1000);
    names_write(&w, 1); /* one of them again */
    request.alt_names.len = w.len;
    assert_int_equal(lk_cert_request_judge(&request, lk_bytes_of(NULL, 0), names), LK_CERT_REQUEST_NAME);
    free(names);
    free(wanted);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cert_names_are_in_order_each_once),
        cmocka_unit_test(cert_names_may_be_none),
        cmocka_unit_test(cert_names_are_read_to_their_last_byte),
        cmocka_unit_test(cert_names_are_found_at_once_however_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
