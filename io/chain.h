/* chain: the certificates beside a key, from PEM to the form the keystore carries: each in DER
 * behind a u24 length, the key's own first. A further one of the key itself begins another chain.
 * Owner the front's control thread, and --check. Public
 * data only. */
#ifndef LK_IO_CHAIN_H
#define LK_IO_CHAIN_H

#include "core/base/bytes.h"
#include "core/base/err.h"

struct lk_chain {
    uint8_t *data; /* malloc'ed */
    size_t len;
    uint32_t own;     /* certificates of the key itself */
    int64_t expiry_s; /* the earliest notAfter of the chain that lasts longest */
};

/* spki: the public key that the first certificate must carry; LK_ERR_KEY when it carries another
 * one, LK_ERR_FORMAT when the text holds no certificate or a broken one, LK_ERR_FULL when more than
 * LK_KEY_CERTIFICATES_MAX are the key's own. */
LK_MUST_USE lk_err lk_chain_read(struct lk_bytes pem, struct lk_bytes spki, struct lk_chain *out);
void lk_chain_free(struct lk_chain *chain);
/* Of a key that certificates may be requested for: why the names of the first one bound nothing, a
 * text for the operator; NULL: they do. */
const char *lk_chain_names_fault(const struct lk_chain *chain);
/* notAfter of the first certificate in PEM text; 0: none. */
int64_t lk_chain_expiry(struct lk_bytes pem);
/* The earliest nextUpdate among the CRLs in PEM text; 0: none has one. */
int64_t lk_crl_expiry(struct lk_bytes pem);

#endif
