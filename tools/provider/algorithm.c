#include "tools/provider/algorithm.h"

#include "core/keys/der.h"
#include "core/keys/scheme.h"

#define OID(name, ...) static const uint8_t name[] = {__VA_ARGS__}
OID(rsa, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1,
    11); /* sha256WithRSAEncryption; 384 and 512 next */
OID(rsa_pss, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10);
OID(mgf1, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8);
OID(ecdsa, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2); /* ecdsa-with-SHA256; the same */
OID(sha2, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1);  /* sha256; the same */
OID(ed25519, 0x2b, 0x65, 0x70);
OID(ed448, 0x2b, 0x65, 0x71);

/* An element is opened by its tag, and closed when its value is there: all are short. */
static size_t open_element(struct lk_writer *w, uint8_t tag)
{
    lk_writer_u8(w, tag);
    return lk_writer_reserve(w, 1);
}

static void close_element(struct lk_writer *w, size_t place)
{
    lk_writer_fill(w, place, 1);
}

/* Its last arc grows with the hash. */
static void put_oid(struct lk_writer *w, const uint8_t *oid, size_t len, unsigned hash)
{
    size_t place = open_element(w, LK_DER_OID);
    lk_writer_put(w, oid, len - 1);
    lk_writer_u8(w, (uint8_t)(oid[len - 1] + hash));
    close_element(w, place);
}
#define PUT_OID(w, oid, hash) put_oid(w, oid, sizeof(oid), hash)

static void put_null(struct lk_writer *w)
{
    enum { DER_NULL = 0x05 };
    close_element(w, open_element(w, DER_NULL));
}

static void put_hash(struct lk_writer *w, unsigned hash)
{
    size_t place = open_element(w, LK_DER_SEQUENCE);
    PUT_OID(w, sha2, hash);
    put_null(w);
    close_element(w, place);
}

/* RSASSA-PSS-params: hash, MGF1 with the same, a salt as long as it is. */
static void put_pss(struct lk_writer *w, unsigned hash)
{
    static const uint8_t salt_bytes[] = {32, 48, 64};
    enum { HASH = 0xa0, MASK = 0xa1, SALT = 0xa2 };
    size_t params = open_element(w, LK_DER_SEQUENCE), part = open_element(w, HASH);
    put_hash(w, hash);
    close_element(w, part);
    part = open_element(w, MASK);
    size_t mask = open_element(w, LK_DER_SEQUENCE);
    PUT_OID(w, mgf1, 0);
    put_hash(w, hash);
    close_element(w, mask);
    close_element(w, part);
    part = open_element(w, SALT);
    size_t number = open_element(w, LK_DER_INTEGER);
    lk_writer_u8(w, salt_bytes[hash]);
    close_element(w, number);
    close_element(w, part);
    close_element(w, params);
}

static void put_eddsa(struct lk_writer *w, uint16_t scheme)
{
    enum { ED25519 = 0x0807 };
    if (scheme == ED25519)
        PUT_OID(w, ed25519, 0);
    else
        PUT_OID(w, ed448, 0);
}

bool lk_algorithm_of(uint16_t scheme, uint8_t out[LK_ALGORITHM_BYTES], size_t *len)
{
    const struct lk_scheme_row *row = lk_scheme_find(scheme);
    struct lk_writer w = lk_writer_of(out, LK_ALGORITHM_BYTES);
    if (row == NULL) return false;
    size_t whole = open_element(&w, LK_DER_SEQUENCE);
    if (row->form == LK_SCHEME_PKCS1) {
        PUT_OID(&w, rsa, row->hash);
        put_null(&w);
    } else if (row->form == LK_SCHEME_PSS) {
        PUT_OID(&w, rsa_pss, 0);
        put_pss(&w, row->hash);
    } else if (row->form == LK_SCHEME_DIGEST) {
        PUT_OID(&w, ecdsa, row->hash);
    } else {
        put_eddsa(&w, scheme);
    }
    close_element(&w, whole);
    *len = w.len;
    return !w.bad;
}
