/* cert_names: whom a certificate is for, in an order in which names are found at once: made when
 * the key is loaded, so that what a request asks for costs little to judge, however many names
 * there are on either side.
 *
 * Owner   whoever made it; free(). The DER is borrowed. Any thread reads. Public data only.
 * Time    find: a comparison for each doubling of the count. Source RFC 5280 4.1.2.6, 4.2.1.6. */
#ifndef LK_CORE_KEYS_CERT_NAMES_H
#define LK_CORE_KEYS_CERT_NAMES_H

#include "core/base/err.h"
#include "core/keys/certificate.h"

/* Authorities give a certificate some hundreds at most. */
#define LK_CERT_NAMES_MAX 4096u

struct lk_cert_names {
    struct lk_bytes subject; /* Name, header included */
    uint32_t count;
    struct lk_bytes dns[]; /* dNSNames, each once, ascending by length and then by letters */
};

/* LK_ERR_FORMAT: not laid out as X.509 has it, to the last byte of its last name; LK_ERR_RANGE:
 * more dNSNames than LK_CERT_NAMES_MAX; LK_ERR_MEMORY. */
LK_MUST_USE lk_err lk_cert_names_new(struct lk_bytes certificate, struct lk_cert_names **out);
/* The place of this name, letters of ASCII without case; LK_CERT_NAMES_MAX: it has no such name. A
 * wildcard stands for itself alone. */
uint32_t lk_cert_names_find(const struct lk_cert_names *names, struct lk_bytes name);

#endif
