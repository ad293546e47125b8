#include "core/keys/certs.h"

#include <stdlib.h>

#include "core/base/limits.h"
#include "core/keys/certificate.h"

static bool carries(struct lk_bytes der, struct lk_bytes spki)
{
    struct lk_bytes key;
    return lk_certificate_spki(der, &key) && lk_bytes_equal(key, spki);
}

/* The next one; the same certificate may stand in two chains. */
static lk_err cert_add(struct lk_certs *certs, struct lk_bytes der, bool own)
{
    uint8_t digest[LK_SHA256_BYTES];
    lk_sha256(der.data, der.len, digest);
    const struct lk_cert *other = lk_certs_find(certs, digest);
    LK_REQUIRE(other == NULL || lk_bytes_equal(other->der, der), LK_ERR_COLLISION);
    struct lk_cert *cert = &certs->cert[certs->count++];
    *cert = (struct lk_cert){.der = der, .own = own};
    memcpy(cert->fingerprint, digest, sizeof cert->fingerprint);
    return LK_OK;
}

static lk_err certs_fill(struct lk_certs *certs, struct lk_bytes chain, struct lk_bytes spki)
{
    uint32_t own = 0;
    struct lk_cursor c = lk_cursor_of(chain);
    while (lk_cursor_left(&c) > 0) {
        struct lk_bytes der = lk_cursor_vec24(&c);
        bool begins = certs->count == 0 || carries(der, spki);
        own += begins;
        LK_REQUIRE(own <= LK_KEY_CERTIFICATES_MAX, LK_ERR_FULL);
        LK_TRY(cert_add(certs, der, begins));
    }
    return cert_add(certs, spki, true);
}

lk_err lk_certs_new(struct lk_bytes chain, struct lk_bytes spki, struct lk_certs **out)
{
    uint32_t count = 0;
    struct lk_cursor c = lk_cursor_of(chain);
    while (!c.bad && lk_cursor_left(&c) > 0) {
        (void)lk_cursor_vec24(&c);
        count++;
    }
    LK_REQUIRE(!c.bad, LK_ERR_FORMAT);
    struct lk_certs *certs = malloc(sizeof *certs + (count + 1) * sizeof certs->cert[0]);
    LK_REQUIRE(certs != NULL, LK_ERR_MEMORY);
    certs->count = 0;
    lk_err err = certs_fill(certs, chain, spki);
    if (err != LK_OK) {
        free(certs);
        return err;
    }
    *out = certs;
    return LK_OK;
}

/* Behind the chains stands the public key. */
const struct lk_cert *lk_certs_own(const struct lk_certs *certs)
{
    return certs->count > 1 ? &certs->cert[0] : NULL;
}

const struct lk_cert *lk_certs_find(const struct lk_certs *certs, const uint8_t *fingerprint)
{
    for (uint32_t i = 0; i < certs->count; i++)
        if (memcmp(certs->cert[i].fingerprint, fingerprint, LK_TLS13_FINGERPRINT_BYTES) == 0)
            return &certs->cert[i];
    return NULL;
}

struct lk_bytes lk_certs_spki(struct lk_bytes der)
{
    struct lk_bytes spki;
    return lk_certificate_spki(der, &spki) ? spki : der;
}

/* By its full name, the hash of the public key. */
static bool is_key(struct lk_bytes der, const struct lk_keyid *keyid)
{
    struct lk_bytes spki = lk_certs_spki(der);
    uint8_t full[LK_SHA256_BYTES];
    lk_sha256(spki.data, spki.len, full);
    return memcmp(full, keyid->full, sizeof full) == 0;
}

static bool prints_name_key(const struct lk_certs *certs, struct lk_cursor *entries)
{
    struct lk_tls13_entry entry;
    for (bool first = true; lk_tls13_entry_read(entries, LK_TLS13_CERT_FINGER_PRINT, &entry);
         first = false) {
        const struct lk_cert *cert = lk_certs_find(certs, entry.certificate.data);
        if (cert == NULL || (first && !cert->own)) return false;
    }
    return true;
}

bool lk_certs_name_key(const struct lk_certs *certs, const struct lk_keyid *keyid,
                       const struct lk_tls13_cert *cert)
{
    struct lk_cursor entries = lk_cursor_of(cert->entries);
    struct lk_tls13_entry first;
    if (cert->context.len != 0 || cert->entries.len == 0) return false; /* of a server */
    if (cert->type == LK_TLS13_CERT_FINGER_PRINT) return prints_name_key(certs, &entries);
    return lk_tls13_entry_read(&entries, cert->type, &first) && is_key(first.certificate, keyid);
}
