#include "core/keys/certs.h"

#include <stdlib.h>

#include "core/keys/certificate.h"

static void cert_set(struct lk_cert *cert, struct lk_bytes der)
{
    uint8_t digest[LK_SHA256_BYTES];
    lk_sha256(der.data, der.len, digest);
    cert->der = der;
    memcpy(cert->fingerprint, digest, sizeof cert->fingerprint);
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
    certs->count = count + 1;
    c = lk_cursor_of(chain);
    for (uint32_t i = 0; i < count; i++)
        cert_set(&certs->cert[i], lk_cursor_vec24(&c));
    cert_set(&certs->cert[count], spki);
    *out = certs;
    return LK_OK;
}

/* Behind the chain stands the public key. */
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

/* Of a chain the first is the key's own; the public key stands last. */
static bool is_own(const struct lk_certs *certs, const struct lk_cert *cert)
{
    return cert == &certs->cert[0] || cert == &certs->cert[certs->count - 1];
}

static bool prints_name_key(const struct lk_certs *certs, struct lk_cursor *entries)
{
    struct lk_tls13_entry entry;
    for (bool first = true; lk_tls13_entry_read(entries, LK_TLS13_CERT_FINGER_PRINT, &entry);
         first = false) {
        const struct lk_cert *cert = lk_certs_find(certs, entry.certificate.data);
        if (cert == NULL || (first && !is_own(certs, cert))) return false;
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
