#include "tools/provider/keyfile.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>

#include "crypto/ct.h"

enum der_tag {
    DER_INTEGER = 0x02,
    DER_OCTETS = 0x04,
    DER_UTF8 = 0x0c,
    DER_SEQUENCE = 0x30,
};

static lk_err fault(char why[LK_KEYFILE_WHY_BYTES], lk_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static lk_err fault(char why[LK_KEYFILE_WHY_BYTES], lk_err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, LK_KEYFILE_WHY_BYTES, format, arguments);
    va_end(arguments);
    return err;
}

/* --- reading ------------------------------------------------------------------------------- */

/* The length of a value: minimal, as DER has it, and of at most two bytes. */
static size_t length_read(struct lk_cursor *c)
{
    size_t first = lk_cursor_u8(c), len = first;
    if (first == 0x81) len = lk_cursor_u8(c);
    if (first == 0x82) len = lk_cursor_u16(c);
    if (first > 0x82 || first == 0x80) c->bad = true;
    if ((first == 0x81 && len < 0x80) || (first == 0x82 && len < 0x100)) c->bad = true;
    return len;
}

/* The value of the next element when it has this tag; *whole, unless NULL: header included. */
static struct lk_bytes element_take(struct lk_cursor *c, enum der_tag tag, struct lk_bytes *whole)
{
    const uint8_t *start = c->at;
    if (lk_cursor_u8(c) != tag) c->bad = true;
    struct lk_bytes value = lk_cursor_take(c, length_read(c));
    if (whole != NULL) *whole = lk_bytes_of(start, (size_t)(c->at - start));
    return value;
}

static bool text_is(struct lk_bytes text, const char *word)
{
    return lk_bytes_equal(text, lk_bytes_of(word, strlen(word)));
}

/* Printable ASCII and UTF-8 beyond it: nothing that could end or forge a line of a log. */
static bool text_is_plain(struct lk_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) return false;
    return true;
}

static bool agent_is_good(struct lk_bytes agent)
{
    return agent.len == 0 ||
           (agent.len >= 2 && agent.len <= LK_KEYFILE_AGENT_MAX &&
            (agent.data[0] == '/' || agent.data[0] == '@') && text_is_plain(agent));
}

/* A row per option: its values, from 1 on, and where in struct lk_keyfile the choice stands. */
static const struct option_row {
    const char *name;
    const char *values[3];
    size_t offset;
} option_rows[] = {
    {"mode", {"full", "sign"}, offsetof(struct lk_keyfile, mode)},
    {"fallback", {"refuse", "sign"}, offsetof(struct lk_keyfile, fallback)},
    {"verify", {"every", "sample"}, offsetof(struct lk_keyfile, verify)},
};
#define OPTION_COUNT (sizeof option_rows / sizeof option_rows[0])
_Static_assert(sizeof(enum lk_keyfile_mode) == sizeof(unsigned), "an option is an unsigned");
_Static_assert(sizeof(enum lk_keyfile_fallback) == sizeof(unsigned), "an option is an unsigned");
_Static_assert(sizeof(enum lk_keyfile_verify) == sizeof(unsigned), "an option is an unsigned");

static unsigned *option_of(struct lk_keyfile *file, const struct option_row *row)
{
    return (unsigned *)(void *)((uint8_t *)file + row->offset);
}

static lk_err option_set(struct lk_keyfile *file, struct lk_bytes name, struct lk_bytes value,
                         char *why)
{
    int shown = name.len < 32 ? (int)name.len : 32;
    const char *text = text_is_plain(name) ? (const char *)name.data : "?";
    if (text[0] == '?') shown = 1;
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        if (!text_is(name, row->name)) continue;
        unsigned *at = option_of(file, row);
        LK_REQUIRE(*at == 0, fault(why, LK_ERR_FORMAT, "option '%s' is there twice", row->name));
        for (unsigned v = 0; row->values[v] != NULL; v++)
            if (text_is(value, row->values[v])) *at = v + 1;
        LK_REQUIRE(*at != 0, fault(why, LK_ERR_UNKNOWN, "option '%s' is neither '%s' nor '%s'",
                                   row->name, row->values[0], row->values[1]));
        return LK_OK;
    }
    return fault(why, LK_ERR_UNKNOWN,
                 "option '%.*s' is not known: the file is of a newer lurk, or damaged", shown,
                 text);
}

static lk_err options_parse(struct lk_bytes options, struct lk_keyfile *out, char *why)
{
    struct lk_cursor c = lk_cursor_of(options);
    while (!c.bad && lk_cursor_left(&c) > 0) {
        struct lk_cursor pair = lk_cursor_of(element_take(&c, DER_SEQUENCE, NULL));
        struct lk_bytes name = element_take(&pair, DER_UTF8, NULL);
        struct lk_bytes value = element_take(&pair, DER_UTF8, NULL);
        LK_REQUIRE(!c.bad && lk_cursor_done(&pair),
                   fault(why, LK_ERR_FORMAT, "an option is no pair of name and value"));
        LK_TRY(option_set(out, name, value, why));
    }
    return LK_OK;
}

void lk_keyfile_init(struct lk_keyfile *file, struct lk_bytes spki)
{
    *file = (struct lk_keyfile){.spki = spki};
    lk_sha256(spki.data, spki.len, file->key_id);
}

bool lk_keyfile_is(struct lk_bytes der)
{
    struct lk_cursor c = lk_cursor_of(der);
    if (lk_cursor_u8(&c) != DER_SEQUENCE) return false;
    length_read(&c);
    element_take(&c, DER_INTEGER, NULL);
    /* A PKCS#8 key has an AlgorithmIdentifier here, which begins with the object identifier. */
    if (lk_cursor_u8(&c) != DER_SEQUENCE) return false;
    length_read(&c);
    return lk_cursor_u8(&c) == DER_SEQUENCE && !c.bad;
}

/* The version, before what depends on it. */
static lk_err version_judge(struct lk_bytes version, char *why)
{
    LK_REQUIRE(version.len == 1, fault(why, LK_ERR_FORMAT, "its version is no small number"));
    LK_REQUIRE(version.data[0] == LK_KEYFILE_VERSION,
               fault(why, LK_ERR_UNKNOWN, "it has version %u, this lurk reads version %u",
                     version.data[0], LK_KEYFILE_VERSION));
    return LK_OK;
}

lk_err lk_keyfile_parse(struct lk_bytes der, struct lk_keyfile *out, char why[LK_KEYFILE_WHY_BYTES])
{
    why[0] = 0;
    LK_REQUIRE(der.len <= LK_KEYFILE_BYTES_MAX,
               fault(why, LK_ERR_FORMAT, "it is longer than %u bytes", LK_KEYFILE_BYTES_MAX));
    struct lk_cursor outer = lk_cursor_of(der);
    struct lk_cursor c = lk_cursor_of(element_take(&outer, DER_SEQUENCE, NULL));
    LK_REQUIRE(lk_cursor_done(&outer),
               fault(why, LK_ERR_FORMAT, "it is no DER sequence, cut short, or more follows it"));
    struct lk_bytes version = element_take(&c, DER_INTEGER, NULL), spki;
    LK_REQUIRE(!c.bad, fault(why, LK_ERR_FORMAT, "it does not begin with a version"));
    LK_TRY(version_judge(version, why));
    element_take(&c, DER_SEQUENCE, &spki);
    LK_REQUIRE(!c.bad, fault(why, LK_ERR_FORMAT, "it has no public key behind the version"));
    struct lk_bytes key_id = element_take(&c, DER_OCTETS, NULL);
    LK_REQUIRE(!c.bad && key_id.len == sizeof out->key_id,
               fault(why, LK_ERR_FORMAT, "it has no key id of 32 bytes behind the public key"));
    struct lk_bytes agent = element_take(&c, DER_UTF8, NULL);
    struct lk_bytes options = element_take(&c, DER_SEQUENCE, NULL);
    LK_REQUIRE(lk_cursor_done(&c),
               fault(why, LK_ERR_FORMAT, "agent and options do not end it as they should"));
    lk_keyfile_init(out, spki);
    LK_REQUIRE(lk_ct_equal(out->key_id, key_id.data, sizeof out->key_id),
               fault(why, LK_ERR_KEY, "its key id is not that of the public key in it"));
    LK_REQUIRE(agent_is_good(agent),
               fault(why, LK_ERR_FORMAT,
                     "its agent is neither \"/path\" nor \"@name\" of at most "
                     "%u bytes",
                     LK_KEYFILE_AGENT_MAX));
    out->agent = agent;
    return options_parse(options, out, why);
}

/* --- writing ------------------------------------------------------------------------------- */

static void header_write(struct lk_writer *w, enum der_tag tag, size_t len)
{
    lk_writer_u8(w, (uint8_t)tag);
    if (len >= 0x100) {
        lk_writer_u8(w, 0x82);
        lk_writer_u16(w, (uint16_t)len);
        if (len > UINT16_MAX) w->bad = true;
        return;
    }
    if (len >= 0x80) lk_writer_u8(w, 0x81);
    lk_writer_u8(w, (uint8_t)len);
}

static void element_write(struct lk_writer *w, enum der_tag tag, struct lk_bytes value)
{
    header_write(w, tag, value.len);
    lk_writer_put(w, value.data, value.len);
}

static struct lk_bytes written(const struct lk_writer *w)
{
    return lk_bytes_of(w->base, w->len);
}

static void text_write(struct lk_writer *w, const char *text)
{
    element_write(w, DER_UTF8, lk_bytes_of(text, strlen(text)));
}

static void options_write(struct lk_writer *w, const struct lk_keyfile *in)
{
    struct lk_keyfile copy = *in;
    uint8_t all[128], one[64];
    struct lk_writer list = lk_writer_of(all, sizeof all);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        unsigned value = *option_of(&copy, row);
        if (value == 0) continue;
        struct lk_writer pair = lk_writer_of(one, sizeof one);
        text_write(&pair, row->name);
        text_write(&pair, row->values[value - 1]);
        element_write(&list, DER_SEQUENCE, written(&pair));
    }
    element_write(w, DER_SEQUENCE, written(&list));
}

void lk_keyfile_write(struct lk_writer *w, const struct lk_keyfile *in)
{
    static const uint8_t version = LK_KEYFILE_VERSION;
    uint8_t inside[LK_KEYFILE_BYTES_MAX];
    struct lk_writer c = lk_writer_of(inside, sizeof inside - 4); /* its own header */
    element_write(&c, DER_INTEGER, lk_bytes_of(&version, 1));
    lk_writer_put(&c, in->spki.data, in->spki.len);
    element_write(&c, DER_OCTETS, lk_bytes_of(in->key_id, sizeof in->key_id));
    element_write(&c, DER_UTF8, in->agent);
    options_write(&c, in);
    element_write(w, DER_SEQUENCE, written(&c));
    if (c.bad) w->bad = true;
}

/* --- PEM ----------------------------------------------------------------------------------- */

bool lk_keyfile_pem_read(BIO *in, uint8_t **der, size_t *len)
{
    char *label = NULL, *header = NULL;
    unsigned char *data = NULL;
    long count = 0;
    *der = NULL;
    *len = 0;
    ERR_set_mark();
    bool found = PEM_read_bio(in, &label, &header, &data, &count) == 1;
    ERR_pop_to_mark();
    bool ours = found && (strcmp(label, LK_KEYFILE_LABEL) == 0 ||
                          (strcmp(label, LK_KEYFILE_LABEL_STANDARD) == 0 &&
                           lk_keyfile_is(lk_bytes_of(data, (size_t)count))));
    if (ours) {
        *der = data;
        *len = (size_t)count;
    } else if (found) {
        OPENSSL_clear_free(data, (size_t)count); /* it may be a key that is no key file */
    }
    OPENSSL_free(label);
    OPENSSL_free(header);
    return found;
}

bool lk_keyfile_pem_write(BIO *out, const struct lk_keyfile *in, const char *label)
{
    uint8_t der[LK_KEYFILE_BYTES_MAX];
    struct lk_writer w = lk_writer_of(der, sizeof der);
    lk_keyfile_write(&w, in);
    if (w.bad) return false;
    ERR_set_mark();
    bool good = PEM_write_bio(out, label, "", der, (long)w.len) > 0;
    ERR_pop_to_mark();
    return good;
}
