#include "core/keys/cert_request.h"

#include "core/base/err.h"
#include "core/wire/registry.h"
#include "crypto/hash.h"

static bool is(struct lk_bytes bytes, const void *data, size_t len)
{
    return lk_bytes_equal(bytes, lk_bytes_of(data, len));
}
#define IS(bytes, array) is(bytes, array, sizeof(array))

const char *lk_cert_request_text(enum lk_cert_request_fault fault)
{
    static const char *const texts[LK_CERT_REQUEST_FAULT_COUNT] = {
        [LK_CERT_REQUEST_GOOD] = "good",
        [LK_CERT_REQUEST_FORM] = "it is no CertificationRequestInfo in DER",
        [LK_CERT_REQUEST_VERSION] = "its version is not 1 (the number 0)",
        [LK_CERT_REQUEST_KEY] = "it is for another public key",
        [LK_CERT_REQUEST_PASSWORD] = "a challengePassword is not signed: leave it out",
        [LK_CERT_REQUEST_ATTRIBUTE] =
            "its attributes may be one extensionRequest and nothing else: leave others out",
        [LK_CERT_REQUEST_EXTENSION] =
            "its extensions may be subjectAltName, keyUsage, extendedKeyUsage, basicConstraints, "
            "tlsfeature and subjectKeyIdentifier, each once: leave others out",
        [LK_CERT_REQUEST_USAGE] =
            "an extension asks for more than a certificate of TLS has (basicConstraints CA:FALSE; "
            "keyUsage without keyCertSign and cRLSign; extendedKeyUsage serverAuth, clientAuth, "
            "each once; tlsfeature status_request; subjectKeyIdentifier by RFC 5280 or RFC 7093)",
        [LK_CERT_REQUEST_SUBJECT] =
            "its subject may be that of the key's certificate, empty, or one CN that is among the "
            "certificate's DNS names",
        [LK_CERT_REQUEST_NAME] =
            "its subjectAltName may hold DNS names of the key's certificate alone, each once",
    };
    return texts[fault];
}

bool lk_cert_request_begins(struct lk_bytes text)
{
    static const uint8_t inside[] = {LK_DER_INTEGER, 1, 0, LK_DER_SEQUENCE};
    struct lk_cursor c = lk_cursor_of(text);
    struct lk_bytes info = lk_der_take(&c, LK_DER_SEQUENCE, NULL);
    return lk_cursor_done(&c) && info.len >= sizeof inside &&
           memcmp(info.data, inside, sizeof inside) == 0;
}

/* --- as others might read it ------------------------------------------------------------------ */

enum { BER_INTEGER = 2, BER_SEQUENCE = 16, BER_NUMBER = 0x1f, BER_CLASS = 0xc0 };

/* Is the next tag universal and of this number, in one byte or in many? */
static bool ber_tag(struct lk_cursor *c, uint32_t wanted)
{
    uint8_t first = lk_cursor_u8(c), part;
    uint32_t number = first & BER_NUMBER;
    if ((first & BER_CLASS) != 0) return false;
    if (number != BER_NUMBER) return !c->bad && number == wanted;
    number = 0;
    do {
        part = lk_cursor_u8(c);
        number = (number & 0xffffff) << 7 | (part & 0x7f); /* more is none of the two */
    } while (!c->bad && (part & 0x80) != 0);
    return !c->bad && number == wanted;
}

/* SIZE_MAX: it is told by what stands at the end. */
static size_t ber_length(struct lk_cursor *c)
{
    uint8_t first = lk_cursor_u8(c);
    if (first < 0x80) return first;
    if (first == 0x80) return SIZE_MAX;
    size_t len = 0;
    for (unsigned left = first & 0x7f; !c->bad && left > 0; left--)
        len = (len & SIZE_MAX >> 9) << 8 | lk_cursor_u8(c);
    return len;
}

bool lk_cert_request_resembles(struct lk_bytes text)
{
    struct lk_cursor c = lk_cursor_of(text);
    if (!ber_tag(&c, BER_SEQUENCE)) return false;
    size_t len = ber_length(&c);
    if (c.bad || (len != SIZE_MAX && len != lk_cursor_left(&c))) return false;
    if (!ber_tag(&c, BER_INTEGER)) return false;
    lk_cursor_take(&c, ber_length(&c)); /* of any length: it may hide what nobody chose */
    if (!ber_tag(&c, BER_SEQUENCE)) return false;
    len = ber_length(&c);
    if (len == SIZE_MAX) return !c.bad; /* a subject that ends somewhere */
    lk_cursor_take(&c, len);
    return ber_tag(&c, BER_SEQUENCE); /* the public key */
}

/* --- extensions ------------------------------------------------------------------------------- */

static bool alt_names_take(struct lk_bytes value, struct lk_cert_request *out)
{
    return lk_alt_names_read(value, &out->alt_names);
}

/* A named list of bits has no zeros at its end (X.690 11.2.2): of five bits, one byte. */
static bool key_usage_good(struct lk_bytes value, struct lk_cert_request *out)
{
    (void)out;
    enum { SIGN_CERTIFICATES = 0x04, SIGN_LISTS = 0x02, ENCIPHER_ONLY = 0x01 };
    struct lk_cursor c = lk_cursor_of(value);
    struct lk_bytes bits = lk_der_take(&c, LK_DER_BIT_STRING, NULL);
    if (!lk_cursor_done(&c) || bits.len != 2 || bits.data[1] == 0) return false;
    if (bits.data[0] != __builtin_ctz(bits.data[1])) return false;
    return (bits.data[1] & (SIGN_CERTIFICATES | SIGN_LISTS | ENCIPHER_ONLY)) == 0;
}

static bool ext_key_usage_good(struct lk_bytes value, struct lk_cert_request *out)
{
    static const uint8_t server[] = {0x2b, 6, 1, 5, 5, 7, 3, 1},
                         client[] = {0x2b, 6, 1, 5, 5, 7, 3, 2};
    (void)out;
    struct lk_cursor c = lk_cursor_of(value);
    struct lk_cursor list = lk_cursor_of(lk_der_take(&c, LK_DER_SEQUENCE, NULL));
    bool for_server = false, for_client = false;
    if (lk_cursor_left(&list) == 0) return false;
    while (!list.bad && lk_cursor_left(&list) > 0) {
        struct lk_bytes purpose = lk_der_take(&list, LK_DER_OID, NULL);
        bool *seen = IS(purpose, server) ? &for_server : IS(purpose, client) ? &for_client : NULL;
        if (seen == NULL || *seen) return false;
        *seen = true;
    }
    return lk_cursor_done(&c) && !list.bad;
}

static bool not_an_authority(struct lk_bytes value, struct lk_cert_request *out)
{
    static const uint8_t no[] = {LK_DER_SEQUENCE, 0};
    (void)out;
    return IS(value, no);
}

static bool must_staple(struct lk_bytes value, struct lk_cert_request *out)
{
    static const uint8_t status_request[] = {LK_DER_SEQUENCE, 3, LK_DER_INTEGER, 1, 5};
    (void)out;
    return IS(value, status_request);
}

/* Is it the front of this digest of these bytes? */
static bool is_digest(struct lk_bytes identifier, enum lk_hash hash, struct lk_bytes of, size_t len)
{
    uint8_t digest[LK_HASH_BYTES_MAX];
    lk_hash(hash, of.data, of.len, digest);
    return is(identifier, digest, len);
}

/* As RFC 5280 4.2.1.2 (1) and RFC 7093 2 make them of the key: SHA-1 of the bits, as many bytes of
 * a longer digest of them, or the digest of the whole. Free bytes would be the edge's own words. */
static bool key_identifier_good(struct lk_bytes value, struct lk_cert_request *out)
{
    struct lk_cursor c = lk_cursor_of(value), whole = lk_cursor_of(out->spki);
    struct lk_bytes identifier = lk_der_take(&c, LK_DER_OCTET_STRING, NULL);
    struct lk_cursor key = lk_cursor_of(lk_der_take(&whole, LK_DER_SEQUENCE, NULL));
    lk_der_take(&key, LK_DER_SEQUENCE, NULL); /* the algorithm */
    struct lk_cursor bits = lk_cursor_of(lk_der_take(&key, LK_DER_BIT_STRING, NULL));
    bool no_bits_left = lk_cursor_u8(&bits) == 0;
    struct lk_bytes of = lk_cursor_take(&bits, lk_cursor_left(&bits));
    if (!lk_cursor_done(&c) || !lk_cursor_done(&key) || bits.bad || !no_bits_left) return false;
    uint8_t digest[LK_SHA1_BYTES];
    lk_sha1(of.data, of.len, digest);
    bool good = IS(identifier, digest);
    for (unsigned hash = 0; !good && hash < LK_HASH_COUNT; hash++)
        good = is_digest(identifier, hash, of, LK_SHA1_BYTES) ||
               is_digest(identifier, hash, out->spki, lk_hash_bytes(hash));
    return good;
}

static const struct extension_row {
    uint8_t oid[8], oid_bytes;
    bool (*good)(struct lk_bytes value, struct lk_cert_request *out);
} extensions[] = {
    {{0x55, 0x1d, 0x11}, 3, alt_names_take},          {{0x55, 0x1d, 0x0f}, 3, key_usage_good},
    {{0x55, 0x1d, 0x25}, 3, ext_key_usage_good},      {{0x55, 0x1d, 0x13}, 3, not_an_authority},
    {{0x2b, 6, 1, 5, 5, 7, 1, 0x18}, 8, must_staple}, {{0x55, 0x1d, 0x0e}, 3, key_identifier_good},
};
#define EXTENSIONS (sizeof extensions / sizeof extensions[0])

static size_t extension_find(struct lk_bytes oid)
{
    size_t i = 0;
    while (i < EXTENSIONS && !is(oid, extensions[i].oid, extensions[i].oid_bytes))
        i++;
    return i;
}

static enum lk_cert_request_fault extensions_read(struct lk_bytes list_bytes,
                                                  struct lk_cert_request *out)
{
    struct lk_cursor list = lk_cursor_of(list_bytes);
    struct lk_der_extension one;
    uint32_t seen = 0;
    while (lk_der_extension_next(&list, &one)) {
        size_t i = extension_find(one.oid);
        LK_REQUIRE(i < EXTENSIONS && (seen >> i & 1) == 0, LK_CERT_REQUEST_EXTENSION);
        LK_REQUIRE(extensions[i].good(one.value, out), LK_CERT_REQUEST_USAGE);
        seen |= UINT32_C(1) << i;
    }
    return list.bad || seen == 0 ? LK_CERT_REQUEST_FORM : LK_CERT_REQUEST_GOOD;
}

/* --- the request ------------------------------------------------------------------------------ */

/* Attribute ::= SEQUENCE { type, values SET SIZE(1..MAX) }, of which there is one here. */
static enum lk_cert_request_fault attributes_read(struct lk_bytes attributes,
                                                  struct lk_cert_request *out)
{
    static const uint8_t extension_request[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14},
                         password[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7};
    struct lk_cursor list = lk_cursor_of(attributes);
    if (attributes.len == 0) return LK_CERT_REQUEST_GOOD;
    struct lk_cursor one = lk_cursor_of(lk_der_take(&list, LK_DER_SEQUENCE, NULL));
    struct lk_bytes type = lk_der_take(&one, LK_DER_OID, NULL);
    struct lk_cursor values = lk_cursor_of(lk_der_take(&one, LK_DER_SET, NULL));
    LK_REQUIRE(lk_cursor_done(&one) && !list.bad, LK_CERT_REQUEST_FORM);
    LK_REQUIRE(!IS(type, password), LK_CERT_REQUEST_PASSWORD);
    LK_REQUIRE(IS(type, extension_request), LK_CERT_REQUEST_ATTRIBUTE);
    struct lk_bytes value = lk_der_take(&values, LK_DER_SEQUENCE, NULL);
    LK_REQUIRE(lk_cursor_done(&values), LK_CERT_REQUEST_FORM);
    enum lk_cert_request_fault fault = extensions_read(value, out);
    LK_REQUIRE(fault == LK_CERT_REQUEST_GOOD, fault);
    return lk_cursor_left(&list) == 0 ? LK_CERT_REQUEST_GOOD : LK_CERT_REQUEST_ATTRIBUTE;
}

enum lk_cert_request_fault lk_cert_request_parse(struct lk_bytes info, struct lk_cert_request *out)
{
    *out = (struct lk_cert_request){.alt_names = lk_bytes_of(NULL, 0)};
    struct lk_cursor outer = lk_cursor_of(info);
    struct lk_cursor c = lk_cursor_of(lk_der_take(&outer, LK_DER_SEQUENCE, NULL));
    struct lk_bytes version = lk_der_take(&c, LK_DER_INTEGER, NULL);
    lk_der_take(&c, LK_DER_SEQUENCE, &out->subject);
    lk_der_take(&c, LK_DER_SEQUENCE, &out->spki);
    struct lk_bytes attributes = lk_der_take(&c, LK_DER_CONTEXT_0, NULL);
    LK_REQUIRE(lk_cursor_done(&outer) && lk_cursor_done(&c), LK_CERT_REQUEST_FORM);
    LK_REQUIRE(version.len == 1 && version.data[0] == 0, LK_CERT_REQUEST_VERSION);
    return attributes_read(attributes, out);
}

/* --- names ------------------------------------------------------------------------------------ */

/* Each of them is one of the certificate's, and none stands there twice. */
static bool names_within(struct lk_bytes wanted, const struct lk_cert_names *has)
{
    uint64_t seen[LK_CERT_NAMES_MAX / 64] = {0};
    struct lk_cursor c = lk_cursor_of(wanted);
    uint8_t tag;
    while (!c.bad && lk_cursor_left(&c) > 0) {
        struct lk_bytes one = lk_der_any(&c, &tag);
        if (c.bad || tag != LK_DER_DNS_NAME) return false;
        uint32_t at = lk_cert_names_find(has, one);
        if (at == LK_CERT_NAMES_MAX || (seen[at / 64] >> at % 64 & 1) != 0) return false;
        seen[at / 64] |= UINT64_C(1) << at % 64;
    }
    return !c.bad;
}

/* ASCII is the same in each of these, and who issued the certificate may have chosen another than
 * who asks. Other bytes are other letters in another kind, or none. */
static bool is_ascii_text(uint8_t tag, struct lk_bytes value)
{
    bool ascii = tag == LK_DER_UTF8_STRING || tag == LK_DER_PRINTABLE_STRING ||
                 tag == LK_DER_IA5_STRING;
    for (size_t i = 0; ascii && i < value.len; i++)
        ascii = value.data[i] < 0x80;
    return ascii;
}

/* AttributeTypeAndValue. */
struct attribute {
    struct lk_bytes type, value;
    uint8_t tag;
};

static struct attribute attribute_take(struct lk_cursor *c)
{
    struct lk_cursor one = lk_cursor_of(lk_der_take(c, LK_DER_SEQUENCE, NULL));
    struct attribute a = {.type = lk_der_take(&one, LK_DER_OID, NULL)};
    a.value = lk_der_any(&one, &a.tag);
    if (!lk_cursor_done(&one)) c->bad = true;
    return a;
}

static bool same_attribute(const struct attribute *a, const struct attribute *b)
{
    bool tags = a->tag == b->tag ||
                (is_ascii_text(a->tag, a->value) && is_ascii_text(b->tag, b->value));
    return tags && lk_bytes_equal(a->type, b->type) && lk_bytes_equal(a->value, b->value);
}

/* Two sets of a Name; DER has sorted them, which kinds of strings may change: of those of several
 * attributes only the same bytes are the same. */
static bool same_set(struct lk_bytes a_set, struct lk_bytes b_set)
{
    struct lk_cursor a = lk_cursor_of(a_set), b = lk_cursor_of(b_set);
    if (lk_bytes_equal(a_set, b_set)) return true;
    struct attribute one = attribute_take(&a), other = attribute_take(&b);
    return lk_cursor_done(&a) && lk_cursor_done(&b) && same_attribute(&one, &other);
}

static struct lk_cursor name_open(struct lk_bytes name)
{
    struct lk_cursor c = lk_cursor_of(name);
    return lk_cursor_of(lk_der_take(&c, LK_DER_SEQUENCE, NULL));
}

static bool same_subject(struct lk_bytes a_name, struct lk_bytes b_name)
{
    struct lk_cursor a = name_open(a_name), b = name_open(b_name);
    while (!a.bad && !b.bad && lk_cursor_left(&a) > 0 && lk_cursor_left(&b) > 0) {
        struct lk_bytes a_set = lk_der_take(&a, LK_DER_SET, NULL);
        struct lk_bytes b_set = lk_der_take(&b, LK_DER_SET, NULL);
        if (!same_set(a_set, b_set)) return false;
    }
    return lk_cursor_done(&a) && lk_cursor_done(&b);
}

static bool is_common_name_of(struct lk_bytes subject,
                              const struct lk_cert_names *has)
{
    static const uint8_t common_name[] = {0x55, 4, 3};
    struct lk_cursor name = name_open(subject);
    struct lk_cursor set = lk_cursor_of(lk_der_take(&name, LK_DER_SET, NULL));
    struct attribute one = attribute_take(&set);
    return lk_cursor_done(&name) && lk_cursor_done(&set) && IS(one.type, common_name) &&
           is_ascii_text(one.tag, one.value) &&
           lk_cert_names_find(has, one.value) != LK_CERT_NAMES_MAX;
}

static bool subject_good(struct lk_bytes subject, const struct lk_cert_names *has)
{
    static const uint8_t empty[] = {LK_DER_SEQUENCE, 0};
    return IS(subject, empty) || same_subject(subject, has->subject) ||
           is_common_name_of(subject, has);
}

enum lk_cert_request_fault lk_cert_request_judge(const struct lk_cert_request *request,
                                                 struct lk_bytes spki,
                                                 const struct lk_cert_names *has)
{
    LK_REQUIRE(lk_bytes_equal(request->spki, spki), LK_CERT_REQUEST_KEY);
    LK_REQUIRE(subject_good(request->subject, has), LK_CERT_REQUEST_SUBJECT);
    return names_within(request->alt_names, has) ? LK_CERT_REQUEST_GOOD : LK_CERT_REQUEST_NAME;
}
