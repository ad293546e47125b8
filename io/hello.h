/* hello: the door of DTLS. A stranger gets a cookie to echo and nothing is kept; who echoes it gets
 * a session. One session without a peer stands ready for OpenSSL's own check of the ClientHello
 * (DTLSv1_listen); a peer that passes takes it away, and the next stranger finds a new one.
 *
 * Owner   a loop; its thread only. Time is an argument. Memory grows only for who echoed its
 *         cookie.
 * Bound   never more bytes out than the stranger sent (T24). */
#ifndef LK_IO_HELLO_H
#define LK_IO_HELLO_H

#include "io/cookie.h"
#include "io/datagram.h"

struct lk_hello {
    struct lk_datagram *datagram; /* borrowed */
    struct lk_cookies cookies;
    SSL *ssl;                           /* the session that stands ready; may be NULL */
    uint8_t good[2][LK_COOKIE_BYTES];   /* of the datagram in hand: now's key, the one before */
};

/* Once for each context of DTLS, before its first session. Control thread. */
void lk_hello_context(SSL_CTX *ctx);

LK_MUST_USE lk_err lk_hello_open(struct lk_hello *hello, struct lk_datagram *datagram,
                                 uint64_t now_ns);
void lk_hello_close(struct lk_hello *hello);

/* Does this datagram start with a whole ClientHello? Its 32 random bytes, else NULL. */
const uint8_t *lk_hello_random(struct lk_bytes datagram);

enum lk_hello_verdict {
    LK_HELLO_DROPPED, /* not a hello, or no memory */
    LK_HELLO_ASKED,   /* a cookie went out through the datagram's put */
    LK_HELLO_PROVED   /* *ssl is the caller's, ready for SSL_accept, its hello already read */
};
enum lk_hello_verdict lk_hello_hear(struct lk_hello *hello, SSL_CTX *ctx,
                                    const struct lk_address *address, struct lk_bytes datagram,
                                    uint64_t now_ns, SSL **ssl);

#endif
