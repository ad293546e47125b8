/* identity: an identity as the transports use it. Owner whoever holds a count of it. Thread any;
 * nothing in it changes but the count. */
#ifndef LK_TOOLS_LIBLURK_IDENTITY_H
#define LK_TOOLS_LIBLURK_IDENTITY_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "tools/liblurk/lurk.h"

struct lurk_identity {
    atomic_uint holders;
    SSL_CTX *tls, *dtls;
    BIO_METHOD *method; /* session.c: a socket that raises no signal */
};

/* One more holder. */
struct lurk_identity *lk_identity_hold(struct lurk_identity *identity);

#endif
