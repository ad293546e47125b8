/* What a certificate request may hold, byte by byte. Requests and the certificate that bounds them are
 * written down as DER (der_text.h); that they mean what is said beside them, libcrypto agrees. */
#include "core/keys/cert_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <openssl/x509v3.h>

#include "tests/support/der_text.h"

/* An Ed25519 public key; which one does not matter. */
#define SPKI "30{ 30{ 06032b6570 } 03{ 00 'thirty-two bytes of a public key' } }"
#define OTHER "30{ 30{ 06032b6570 } 03{ 00 'another thirty-two bytes of a ke' } }"

#define CN(tag, text) "31{ 30{ 0603550403 " tag "{ '" text "' } } }"
#define ORGANIZATION(tag, text) "31{ 30{ 060355040a " tag "{ '" text "' } } }"
#define EXT(oid, value) "30{ 06{ " oid " } 04{ " value " } }"
#define CRITICAL(oid, value) "30{ 06{ " oid " } 0101ff 04{ " value " } }"
#define ALT "551d11"
#define DNS(text) "82{ '" text "' }"
#define NAMES(names) EXT(ALT, "30{ " names " }")
#define USAGE(bits) EXT("551d0f", bits)
#define PURPOSE(oids) EXT("551d25", "30{ " oids " }")
#define SERVER "06082b06010505070301"
#define CLIENT "06082b06010505070302"
#define REQUEST_OID "06092a864886f70d01090e"
#define EXTENSIONS(list) "a0{ 30{ " REQUEST_OID " 31{ 30{ " list " } } } }"

#define SUBJECT ORGANIZATION("0c", "Shop") CN("0c", "www.example")

/* O=Shop, CN=www.example; www.example, *.example, an address, shop.example. */
static const char certificate_text[] =
    "30{ 30{ a0{ 020102 } 020105 30{ 06032b6570 } 30{ " CN("0c", "ca") " }"
    " 30{ 17{ '200101000000Z' } 17{ '491231235959Z' } } 30{ " SUBJECT " } " SPKI
    " a3{ 30{ " EXT("551d13", "30{}") CRITICAL(ALT, "30{ " DNS("www.example") DNS("*.example")
    " 8704c0000201 " DNS("shop.example") " }") " } } } 30{ 06032b6570 } 03{ 00 } }";

#define INFO(subject, attributes) "30{ 020100 30{ " subject " } " SPKI " " attributes " }"

static const struct row {
    const char *what, *text;
    enum lk_cert_request_fault want;
} rows[] = {
    {"nothing asked for", INFO("", "a0{}"), LK_CERT_REQUEST_GOOD},
    {"the certificate's subject", INFO(SUBJECT, "a0{}"), LK_CERT_REQUEST_GOOD},
    {"the same in other strings", INFO(ORGANIZATION("13", "Shop") CN("16", "www.example"), "a0{}"),
     LK_CERT_REQUEST_GOOD},
    {"one CN of the names", INFO(CN("0c", "shop.example"), "a0{}"), LK_CERT_REQUEST_GOOD},
    {"one CN in capitals", INFO(CN("13", "SHOP.Example"), "a0{}"), LK_CERT_REQUEST_GOOD},
    {"its wildcard", INFO(CN("0c", "*.example"), "a0{}"), LK_CERT_REQUEST_GOOD},
    {"all names", INFO("", EXTENSIONS(NAMES(DNS("shop.example") DNS("WWW.example") DNS("*.example")))),
     LK_CERT_REQUEST_GOOD},
    {"one name", INFO(CN("0c", "www.example"), EXTENSIONS(NAMES(DNS("www.example")))), LK_CERT_REQUEST_GOOD},
    {"critical names", INFO("", EXTENSIONS(CRITICAL(ALT, "30{ " DNS("www.example") " }"))), LK_CERT_REQUEST_GOOD},
    {"each extension",
     INFO("", EXTENSIONS(CRITICAL("551d0f", "030205a0") PURPOSE(SERVER CLIENT) EXT("551d13", "30{}")
          EXT("2b06010505070118", "30{ 020105 }") EXT("551d0e", "04{ a66235c00dccd5886a66e650f618f175fa3c42be }")
          NAMES(DNS("www.example")))), LK_CERT_REQUEST_GOOD},
    {"nonRepudiation, digitalSignature, keyEncipherment", INFO("", EXTENSIONS(USAGE("030205e0"))), LK_CERT_REQUEST_GOOD},

    {"empty", "", LK_CERT_REQUEST_FORM},
    {"bytes behind it", INFO("", "a0{}") " 00", LK_CERT_REQUEST_FORM},
    {"an element behind the attributes", INFO("", "a0{} a0{}"), LK_CERT_REQUEST_FORM},
    {"no attributes", INFO("", ""), LK_CERT_REQUEST_FORM},
    {"attributes as a SET", INFO("", "31{}"), LK_CERT_REQUEST_FORM},
    {"a set of its own", "31{ 020100 30{} " SPKI " a0{} }", LK_CERT_REQUEST_FORM},
    {"no version", "30{ 30{} " SPKI " a0{} }", LK_CERT_REQUEST_FORM},
    {"version 1", "30{ 020101 30{} " SPKI " a0{} }", LK_CERT_REQUEST_VERSION},
    {"version 0 in two bytes", "30{ 02020000 30{} " SPKI " a0{} }", LK_CERT_REQUEST_VERSION},
    {"no bytes of a version", "30{ 0200 30{} " SPKI " a0{} }", LK_CERT_REQUEST_VERSION},
    {"a length that is not minimal", "308138 020100 3000 " SPKI " a0{}", LK_CERT_REQUEST_FORM},
    {"an indefinite length", "3080 020100 30{} " SPKI " a0{} 0000", LK_CERT_REQUEST_FORM},
    {"a length past the end", "307f 020100 30{} " SPKI " a0{}", LK_CERT_REQUEST_FORM},
    {"an inner length past the end", "30{ 020100 30{} 307f 30{ 06032b6570 } }", LK_CERT_REQUEST_FORM},
    {"another key", "30{ 020100 30{} " OTHER " a0{} }", LK_CERT_REQUEST_KEY},
    {"no key", "30{ 020100 30{} 30{} a0{} }", LK_CERT_REQUEST_KEY},

    {"another name", INFO(CN("0c", "bank.example"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"a name that is longer", INFO(CN("0c", "www.example.net"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"a name with a zero", INFO("31{ 30{ 0603550403 0c{ 'www.example' 00 } } }", "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"no name", INFO(CN("0c", ""), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"what the wildcard covers", INFO(CN("0c", "a.example"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"a CN in wide characters", INFO("31{ 30{ 0603550403 1e{ 'www.example' } } }", "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"a name as an organization", INFO(ORGANIZATION("0c", "www.example"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"a part of the subject", INFO(ORGANIZATION("0c", "Shop"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"another organization", INFO(ORGANIZATION("0c", "Bank") CN("0c", "www.example"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"more than the subject", INFO(SUBJECT CN("0c", "www.example"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"the subject turned round", INFO(CN("0c", "www.example") ORGANIZATION("0c", "Shop"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"two CN", INFO(CN("0c", "www.example") CN("0c", "shop.example"), "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"two attributes in one set",
     INFO("31{ 30{ 0603550403 0c{ 'www.example' } } 30{ 0603550403 0c{ 'bank' } } }", "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"more behind the value", INFO("31{ 30{ 0603550403 0c{ 'www.example' } 0500 } }", "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"no set", INFO("30{ 0603550403 0c{ 'www.example' } }", "a0{}"), LK_CERT_REQUEST_SUBJECT},
    {"an empty set", INFO("31{}", "a0{}"), LK_CERT_REQUEST_SUBJECT},

    {"a name too many", INFO("", EXTENSIONS(NAMES(DNS("www.example") DNS("bank.example")))), LK_CERT_REQUEST_NAME},
    {"a name twice", INFO("", EXTENSIONS(NAMES(DNS("www.example") DNS("WWW.example")))), LK_CERT_REQUEST_NAME},
    {"more names than there are",
     INFO("", EXTENSIONS(NAMES(DNS("www.example") DNS("www.example") DNS("www.example") DNS("www.example") DNS("www.example")))),
     LK_CERT_REQUEST_NAME},
    {"what the wildcard covers", INFO("", EXTENSIONS(NAMES(DNS("a.example")))), LK_CERT_REQUEST_NAME},
    {"the certificate's address", INFO("", EXTENSIONS(NAMES("8704c0000201"))), LK_CERT_REQUEST_NAME},
    {"a mailbox", INFO("", EXTENSIONS(NAMES("81{ 'www.example' }"))), LK_CERT_REQUEST_NAME},
    {"another kind of name", INFO("", EXTENSIONS(NAMES("a2{ 'www.example' }"))), LK_CERT_REQUEST_NAME},
    {"no bytes of a name", INFO("", EXTENSIONS(NAMES("8200"))), LK_CERT_REQUEST_NAME},
    {"a name past its end", INFO("", EXTENSIONS(EXT(ALT, "30{ 820c 'www.example' }"))), LK_CERT_REQUEST_NAME},
    {"no names", INFO("", EXTENSIONS(NAMES(""))), LK_CERT_REQUEST_USAGE},
    {"bytes behind the names", INFO("", EXTENSIONS(EXT(ALT, "30{ " DNS("www.example") " } 00"))), LK_CERT_REQUEST_USAGE},

    {"a challengePassword", INFO("", "a0{ 30{ 06092a864886f70d010907 31{ 0c{ 'secret' } } } }"), LK_CERT_REQUEST_PASSWORD},
    {"an unstructured name", INFO("", "a0{ 30{ 06092a864886f70d010902 31{ 0c{ 'x' } } } }"), LK_CERT_REQUEST_ATTRIBUTE},
    {"one of Microsoft's extensions", INFO("", "a0{ 30{ 060a2b06010401823702010e 31{ 30{ " NAMES(DNS("www.example")) " } } } }"),
     LK_CERT_REQUEST_ATTRIBUTE},
    {"extensions twice", INFO("", "a0{ 30{ " REQUEST_OID " 31{ 30{ " NAMES(DNS("www.example")) " } } } 30{ " REQUEST_OID
     " 31{ 30{ " NAMES(DNS("bank.example")) " } } } }"), LK_CERT_REQUEST_ATTRIBUTE},
    {"a password behind the extensions", INFO("", "a0{ 30{ " REQUEST_OID " 31{ 30{ " NAMES(DNS("www.example"))
     " } } } 30{ 06092a864886f70d010907 31{ 0c{ 'secret' } } } }"), LK_CERT_REQUEST_ATTRIBUTE},
    {"two lists of extensions", INFO("", "a0{ 30{ " REQUEST_OID " 31{ 30{ " NAMES(DNS("www.example")) " } 30{ "
     NAMES(DNS("bank.example")) " } } } }"), LK_CERT_REQUEST_FORM},
    {"no list of extensions", INFO("", "a0{ 30{ " REQUEST_OID " 31{} } }"), LK_CERT_REQUEST_FORM},
    {"an empty list", INFO("", EXTENSIONS("")), LK_CERT_REQUEST_FORM},
    {"a list that is a set", INFO("", "a0{ 30{ " REQUEST_OID " 31{ 31{ " NAMES(DNS("www.example")) " } } } }"), LK_CERT_REQUEST_FORM},
    {"an attribute without values", INFO("", "a0{ 30{ " REQUEST_OID " } }"), LK_CERT_REQUEST_FORM},
    {"an attribute with more", INFO("", "a0{ 30{ " REQUEST_OID " 31{ 30{ " NAMES(DNS("www.example")) " } } 0500 } }"),
     LK_CERT_REQUEST_FORM},

    {"an extension twice", INFO("", EXTENSIONS(NAMES(DNS("www.example")) NAMES(DNS("shop.example")))), LK_CERT_REQUEST_EXTENSION},
    {"name constraints", INFO("", EXTENSIONS(EXT("551d1e", "30{}"))), LK_CERT_REQUEST_EXTENSION},
    {"delegated credentials", INFO("", EXTENSIONS(EXT("2b0601040182da4b2c", "0500"))), LK_CERT_REQUEST_EXTENSION},
    {"critical that is neither", INFO("", EXTENSIONS("30{ 06{ " ALT " } 010101 04{ 30{ " DNS("www.example") " } } }")),
     LK_CERT_REQUEST_FORM},
    {"a default that is written", INFO("", EXTENSIONS("30{ 06{ " ALT " } 010100 04{ 30{ " DNS("www.example") " } } }")),
     LK_CERT_REQUEST_FORM},
    {"an extension with more", INFO("", EXTENSIONS("30{ 06{ " ALT " } 04{ 30{ " DNS("www.example") " } } 0500 }")), LK_CERT_REQUEST_FORM},
    {"an authority", INFO("", EXTENSIONS(EXT("551d13", "30{ 0101ff }"))), LK_CERT_REQUEST_USAGE},
    {"no authority, said at length", INFO("", EXTENSIONS(EXT("551d13", "30{ 010100 }"))), LK_CERT_REQUEST_USAGE},
    {"a length of a path", INFO("", EXTENSIONS(EXT("551d13", "30{ 020100 }"))), LK_CERT_REQUEST_USAGE},
    {"keyCertSign", INFO("", EXTENSIONS(USAGE("03020284"))), LK_CERT_REQUEST_USAGE},
    {"cRLSign", INFO("", EXTENSIONS(USAGE("03020182"))), LK_CERT_REQUEST_USAGE},
    {"encipherOnly", INFO("", EXTENSIONS(USAGE("03020089"))), LK_CERT_REQUEST_USAGE},
    {"decipherOnly", INFO("", EXTENSIONS(USAGE("0303078080"))), LK_CERT_REQUEST_USAGE},
    {"bits with zeros at their end", INFO("", EXTENSIONS(USAGE("030204a0"))), LK_CERT_REQUEST_USAGE},
    {"no bits", INFO("", EXTENSIONS(USAGE("030100"))), LK_CERT_REQUEST_USAGE},
    {"bits that are all zero", INFO("", EXTENSIONS(USAGE("03020700"))), LK_CERT_REQUEST_USAGE},
    {"code signing", INFO("", EXTENSIONS(PURPOSE(SERVER "06082b06010505070303"))), LK_CERT_REQUEST_USAGE},
    {"any purpose", INFO("", EXTENSIONS(PURPOSE("0604551d2500"))), LK_CERT_REQUEST_USAGE},
    {"no purpose", INFO("", EXTENSIONS(PURPOSE(""))), LK_CERT_REQUEST_USAGE},
    {"another TLS feature", INFO("", EXTENSIONS(EXT("2b06010505070118", "30{ 020111 }"))), LK_CERT_REQUEST_USAGE},
    {"another key's identifier", INFO("", EXTENSIONS(EXT("551d0e", "04{ 'twenty bytes of SHA1' }"))), LK_CERT_REQUEST_USAGE},
    {"a part of the identifier", INFO("", EXTENSIONS(EXT("551d0e", "04{ a66235c00dccd588 }"))), LK_CERT_REQUEST_USAGE},
    {"more than the identifier", INFO("", EXTENSIONS(EXT("551d0e", "04{ a66235c00dccd5886a66e650f618f175fa3c42be 00 }"))),
     LK_CERT_REQUEST_USAGE},
    {"a purpose twice", INFO("", EXTENSIONS(PURPOSE(SERVER SERVER))), LK_CERT_REQUEST_USAGE},
    {"a purpose twice, another between", INFO("", EXTENSIONS(PURPOSE(CLIENT SERVER CLIENT))), LK_CERT_REQUEST_USAGE},
    {"an identifier of a key that has no bits",
     "30{ 020100 30{} 30{ 30{ 06032b6570 } 03{ 04 'bits' } } " EXTENSIONS(EXT("551d0e", "0400")) " }", LK_CERT_REQUEST_USAGE},
    {"no key identifier", INFO("", EXTENSIONS(EXT("551d0e", "0400"))), LK_CERT_REQUEST_USAGE},
};

struct bench {
    struct lk_der_text spki_room, certificate_room;
    struct lk_bytes spki, certificate;
    struct lk_cert_names *names; /* of it */
};

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    const struct lk_bytes none = lk_bytes_of(NULL, 0);
    *state = b;
    b->spki = lk_der_text(SPKI, none, &b->spki_room);
    b->certificate = lk_der_text(certificate_text, none, &b->certificate_room);
    return lk_cert_names_new(b->certificate, &b->names) == LK_OK ? 0 : -1;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    free(b->names);
    free(b);
    return 0;
}

static enum lk_cert_request_fault fault_of(const struct bench *b, struct lk_bytes info)
{
    struct lk_cert_request request;
    enum lk_cert_request_fault fault = lk_cert_request_parse(info, &request);
    if (fault != LK_CERT_REQUEST_GOOD) return fault;
    return lk_cert_request_judge(&request, b->spki, b->names);
}

static void cert_request_holds_what_is_listed_alone(void **state)
{
    const struct bench *b = *state;
    struct lk_der_text room;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_bytes info = lk_der_text(rows[i].text, b->spki, &room);
        enum lk_cert_request_fault fault = fault_of(b, info);
        if (fault != rows[i].want) fail_msg("%s: %u %s", rows[i].what, fault, lk_cert_request_text(fault));
    }
}

/* What is good here is a request to libcrypto too, and the certificate one. */
static void cert_request_is_one_to_openssl(void **state)
{
    const struct bench *b = *state;
    struct lk_der_text room;
    const unsigned char *at = b->certificate.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)b->certificate.len);
    assert_non_null(certificate);
    assert_int_equal(X509_check_host(certificate, "shop.example", 0, 0, NULL), 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].want != LK_CERT_REQUEST_GOOD) continue;
        char text[LK_DER_TEXT_BYTES];
        snprintf(text, sizeof text, "30{ %s 30{ 06032b6570 } 03{ 00 } }", rows[i].text);
        struct lk_bytes whole = lk_der_text(text, b->spki, &room);
        at = whole.data;
        X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)whole.len);
        if (request == NULL) fail_msg("%s", rows[i].what);
        X509_REQ_free(request);
    }
    X509_free(certificate);
}

static const char whole[] = INFO(SUBJECT, EXTENSIONS(NAMES(DNS("www.example") DNS("shop.example")) USAGE("030205a0")));

/* In an allocation that ends where the bytes do. */
static void cert_request_cut_anywhere_has_no_form(void **state)
{
    const struct bench *b = *state;
    struct lk_der_text room;
    struct lk_bytes info = lk_der_text(whole, b->spki, &room);
    for (size_t len = 0; len < info.len; len++) {
        uint8_t *cut = malloc(len + 1);
        memcpy(cut + 1, info.data, len);
        if (fault_of(b, lk_bytes_of(cut + 1, len)) != LK_CERT_REQUEST_FORM) fail_msg("cut to %zu", len);
        free(cut);
    }
}

/* Any one byte of it: the request is refused, or still names what it may. */
static void cert_request_with_any_byte_changed_names_no_more(void **state)
{
    const struct bench *b = *state;
    struct lk_der_text room;
    struct lk_bytes info = lk_der_text(whole, b->spki, &room);
    unsigned good = 0;
    for (size_t at = 0; at < info.len; at++) {
        uint8_t was = room.data[at];
        for (unsigned value = 0; value < 256; value++) {
            room.data[at] = (uint8_t)value;
            if (value != was && fault_of(b, info) == LK_CERT_REQUEST_GOOD) good++;
        }
        room.data[at] = was;
    }
    /* Capitals of www.example and shop.example; two strings of the subject in two other kinds; usages whose
     * last is the third, of which there are four. */
    assert_int_equal(good, 10 + 11 + 2 * 2 + 3);
}

static void cert_request_begins_as_nothing_else_does(void **state)
{
    const struct bench *b = *state;
    struct lk_der_text room;
    static const struct {
        const char *text;
        bool want;
    } begins[] = {
        {whole, true},
        {INFO("", "a0{}"), true},
        {"30{ 020100 30{} }", true},
        {"30{ 020101 30{} }", false},
        {"30{ 020100 31{} }", false},
        {"30{ 020100 30{} } 00", false},
        {"307f 020100 30{}", false},
        {"3005 020100", false},
        {"30{ 020100 }", false},
        {"", false},
        {"20 20 20 20", false},
    };
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (lk_cert_request_begins(lk_der_text(begins[i].text, b->spki, &room)) != begins[i].want)
            fail_msg("%s", begins[i].text);
}

/* Lengths and tags of more bytes than they need, a length that is told by its end, any version: libcrypto reads
 * them all as the request they are. What differs in more than its form is none. */
static void cert_request_resembles_one_in_any_form(void **state)
{
    const struct bench *b = *state;
    struct lk_der_text room;
    static const struct {
        const char *text;
        bool want;
    } forms[] = {
        {"30{ 020100 30{} K a0{} }", true},
        {"30{ 020105 30{} K a0{} }", true},
        {"30 81 33 020100 30{} K a0{}", true},
        {"30 82 0033 020100 30{} K a0{}", true},
        {"30 84 00000033 020100 30{} K a0{}", true},
        {"30 80 020100 30{} K a0{} 0000", true},
        {"30 35 02 81 01 00 30 81 00 K a0{}", true},
        {"3f 10 33 020100 30{} K a0{}", true},
        {"3f 80 10 34 1f 02 01 00 30{} K a0{}", true},
        {"30 36 020100 3f 80 80 10 00 K a0{}", true},
        {"30 35 020100 30 80 0000 K a0{}", true},
        {"30 37 02 05 0102030405 30{} K a0{}", true},
        {"30 32 020100 30{} K a0{}", false},
        {"30 34 020100 30{} K a0{}", false},
        {"31{ 020100 30{} K a0{} }", false},
        {"30{ 030100 30{} K a0{} }", false},
        {"30{ 020100 31{} K a0{} }", false},
        {"30{ 020100 30{} 31{} a0{} }", false},
        {"30{ 020100 30{} }", false},
        {"30 0a 020100 30 7f 30{} a0{}", false},
        {"70{ 020100 30{} K a0{} }", false},
        {"3f 11 33 020100 30{} K a0{}", false},
        {"30", false},
        {"30 02 0201", false},
        {"", false},
        {"20 20 20 20 20 20 20", false},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct lk_bytes info = lk_der_text(forms[i].text, b->spki, &room);
        if (lk_cert_request_resembles(info) != forms[i].want) fail_msg("%s", forms[i].text);
        if (!forms[i].want) continue;
        uint8_t request[256] = {0x30, 0x80}, end[] = {0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 1, 0, 0, 0};
        memcpy(request + 2, info.data, info.len);
        memcpy(request + 2 + info.len, end, sizeof end);
        const unsigned char *at = request;
        X509_REQ *read = d2i_X509_REQ(NULL, &at, (long)(2 + info.len + sizeof end));
        if (read == NULL) fail_msg("libcrypto does not take %s", forms[i].text);
        X509_REQ_free(read);
    }
}

/* Names that cannot be read to their end, and those before what cannot. */
static void cert_request_needs_names_that_can_be_read(void **state)
{
    const struct bench *b = *state;
    static const char *const wanted[] = {INFO("", EXTENSIONS(EXT(ALT, "30{ " DNS("www.example") " 820c 'www' }"))),
                                         INFO("", EXTENSIONS(EXT(ALT, "30{ 820c 'www' }")))};
    struct lk_der_text room;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_int_equal(fault_of(b, lk_der_text(wanted[i], b->spki, &room)), LK_CERT_REQUEST_NAME);
}

/* RFC 5280 4.2.1.2 (1), RFC 7093 2: by libcrypto, of the key's bits and of the whole. */
static void cert_request_may_hold_an_identifier_of_the_key(void **state)
{
    const struct bench *b = *state;
    static const struct {
        const char *hash;
        bool whole;
        size_t bytes;
        enum lk_cert_request_fault want;
    } kinds[] = {{"SHA1", false, 20, LK_CERT_REQUEST_GOOD},    {"SHA256", false, 20, LK_CERT_REQUEST_GOOD},
                 {"SHA384", false, 20, LK_CERT_REQUEST_GOOD},  {"SHA512", false, 20, LK_CERT_REQUEST_GOOD},
                 {"SHA256", true, 32, LK_CERT_REQUEST_GOOD},   {"SHA384", true, 48, LK_CERT_REQUEST_GOOD},
                 {"SHA512", true, 64, LK_CERT_REQUEST_GOOD},   {"SHA256", false, 32, LK_CERT_REQUEST_USAGE},
                 {"SHA256", false, 19, LK_CERT_REQUEST_USAGE}, {"SHA512", true, 63, LK_CERT_REQUEST_USAGE}};
    static const char bits[] = "thirty-two bytes of a public key";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct lk_der_text room;
        uint8_t digest[64];
        char hex[129] = "", text[1024];
        struct lk_bytes of = kinds[i].whole ? b->spki : lk_bytes_of((const uint8_t *)bits, sizeof bits - 1);
        assert_int_equal(EVP_Q_digest(NULL, kinds[i].hash, NULL, of.data, of.len, digest, NULL), 1);
        for (size_t n = 0; n < kinds[i].bytes; n++)
            (void)snprintf(hex + 2 * n, 3, "%02x", digest[n]);
        (void)snprintf(text, sizeof text, INFO("", EXTENSIONS(EXT("551d0e", "04{ %s }"))), hex);
        if (fault_of(b, lk_der_text(text, b->spki, &room)) != kinds[i].want)
            fail_msg("%s, %zu bytes", kinds[i].hash, kinds[i].bytes);
    }
}

/* 0xc3 0xa4 is a letter in UTF-8, and nothing in the other kinds of strings. */
static void cert_request_keeps_the_kind_of_what_is_not_ascii(void **state)
{
    const struct bench *b = *state;
#define STRANGE(tag, oid) "31{ 30{ 0603" oid " " tag "{ 'B' c3a4 'r' } } }"
#define OF(names, subject)                                                                              \
    "30{ 30{ a0{ 020102 } 020105 30{ 06032b6570 } 30{} 30{} 30{ " subject " } " SPKI                    \
    " a3{ 30{ " EXT(ALT, "30{ " names " }") " } } } 30{ 06032b6570 } 03{ 00 } }"
    static const struct {
        const char *subject;
        enum lk_cert_request_fault want;
    } asked[] = {{STRANGE("0c", "55040a"), LK_CERT_REQUEST_GOOD},
                 {STRANGE("13", "55040a"), LK_CERT_REQUEST_SUBJECT},
                 {STRANGE("16", "55040a"), LK_CERT_REQUEST_SUBJECT},
                 {STRANGE("0c", "550403"), LK_CERT_REQUEST_SUBJECT}};
    struct lk_der_text room, certificate_room;
    struct lk_cert_names *names;
    struct lk_bytes certificate = lk_der_text(OF("82{ 'B' c3a4 'r' }", STRANGE("0c", "55040a")), b->spki, &certificate_room);
    assert_int_equal(lk_cert_names_new(certificate, &names), LK_OK);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        char text[1024];
        struct lk_cert_request request;
        (void)snprintf(text, sizeof text, "30{ 020100 30{ %s } " SPKI " a0{} }", asked[i].subject);
        assert_int_equal(lk_cert_request_parse(lk_der_text(text, b->spki, &room), &request), LK_CERT_REQUEST_GOOD);
        if (lk_cert_request_judge(&request, b->spki, names) != asked[i].want) fail_msg("%s", asked[i].subject);
    }
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cert_request_holds_what_is_listed_alone),
        cmocka_unit_test(cert_request_is_one_to_openssl),
        cmocka_unit_test(cert_request_cut_anywhere_has_no_form),
        cmocka_unit_test(cert_request_with_any_byte_changed_names_no_more),
        cmocka_unit_test(cert_request_begins_as_nothing_else_does),
        cmocka_unit_test(cert_request_resembles_one_in_any_form),
        cmocka_unit_test(cert_request_needs_names_that_can_be_read),
        cmocka_unit_test(cert_request_may_hold_an_identifier_of_the_key),
        cmocka_unit_test(cert_request_keeps_the_kind_of_what_is_not_ascii),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
