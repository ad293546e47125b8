#include "core/keys/certificate.h"

/* TBSCertificate up to where its subject stands. */
static struct lk_cursor tbs_open(struct lk_bytes der)
{
    struct lk_cursor outer = lk_cursor_of(der);
    struct lk_cursor certificate = lk_cursor_of(lk_der_take(&outer, LK_DER_SEQUENCE, NULL));
    struct lk_cursor tbs = lk_cursor_of(lk_der_take(&certificate, LK_DER_SEQUENCE, NULL));
    if (!lk_cursor_done(&outer) || certificate.bad) tbs.bad = true;
    /* The version, before the serial number of all but version 1. */
    if (lk_der_next_is(&tbs, LK_DER_CONTEXT_0)) lk_der_take(&tbs, LK_DER_CONTEXT_0, NULL);
    lk_der_take(&tbs, LK_DER_INTEGER, NULL);  /* serialNumber */
    lk_der_take(&tbs, LK_DER_SEQUENCE, NULL); /* signature */
    lk_der_take(&tbs, LK_DER_SEQUENCE, NULL); /* issuer */
    lk_der_take(&tbs, LK_DER_SEQUENCE, NULL); /* validity */
    return tbs;
}

bool lk_certificate_spki(struct lk_bytes der, struct lk_bytes *spki)
{
    struct lk_cursor tbs = tbs_open(der);
    lk_der_take(&tbs, LK_DER_SEQUENCE, NULL); /* subject */
    lk_der_take(&tbs, LK_DER_SEQUENCE, spki);
    return !tbs.bad;
}

bool lk_alt_names_are(struct lk_bytes oid)
{
    static const uint8_t alt_names[] = {0x55, 0x1d, 0x11}; /* 2.5.29.17 */
    return lk_bytes_equal(oid, lk_bytes_of(alt_names, sizeof alt_names));
}

bool lk_alt_names_read(struct lk_bytes value, struct lk_bytes *alt_names)
{
    struct lk_cursor c = lk_cursor_of(value);
    *alt_names = lk_der_take(&c, LK_DER_SEQUENCE, NULL);
    return lk_cursor_done(&c) && alt_names->len > 0;
}

static bool extensions_read(struct lk_bytes extensions, struct lk_certificate_names *out)
{
    struct lk_cursor outer = lk_cursor_of(extensions);
    struct lk_cursor list = lk_cursor_of(lk_der_take(&outer, LK_DER_SEQUENCE, NULL));
    struct lk_der_extension one;
    while (lk_der_extension_next(&list, &one))
        if (lk_alt_names_are(one.oid) && !lk_alt_names_read(one.value, &out->alt_names))
            return false;
    return lk_cursor_done(&outer) && !list.bad;
}

bool lk_certificate_names(struct lk_bytes der, struct lk_certificate_names *out)
{
    struct lk_cursor tbs = tbs_open(der);
    *out = (struct lk_certificate_names){.alt_names = lk_bytes_of(NULL, 0)};
    lk_der_take(&tbs, LK_DER_SEQUENCE, &out->subject);
    lk_der_take(&tbs, LK_DER_SEQUENCE, NULL); /* the public key */
    for (uint8_t unique = LK_DER_CONTEXT_1; unique <= LK_DER_CONTEXT_2; unique++)
        if (lk_der_next_is(&tbs, unique)) lk_der_take(&tbs, unique, NULL);
    if (!lk_der_next_is(&tbs, LK_DER_CONTEXT_3)) return lk_cursor_done(&tbs);
    struct lk_bytes extensions = lk_der_take(&tbs, LK_DER_CONTEXT_3, NULL);
    return lk_cursor_done(&tbs) && extensions_read(extensions, out);
}
