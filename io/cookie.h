/* cookie: what a stranger must echo before anything is remembered about it (RFC 6347 4.2.1): an
 * HMAC-SHA-256 over the addresses, the ports and the client's random, under a key that only this
 * loop knows. The random binds a cookie to one hello: a captured cookie opens no other association.
 *
 * Two generations of the key are good, so a cookie lives between one and two periods.
 * Owner   a loop; its thread only. Time is an argument. Allocates nothing. */
#ifndef LK_IO_COOKIE_H
#define LK_IO_COOKIE_H

#include <stdbool.h>

#include "crypto/rng.h"
#include "io/buf.h"

#define LK_COOKIE_BYTES 16 /* keeps a HelloVerifyRequest, 44 bytes, below any ClientHello */
#define LK_COOKIE_PERIOD_NS 60000000000ull
#define LK_HELLO_RANDOM_BYTES 32

struct lk_cookies {
    uint8_t key[2][32]; /* of now, of the period before */
    uint64_t since_ns;
    struct lk_rng rng;
};

/* False: the system gives no random bytes. */
bool lk_cookies_init(struct lk_cookies *cookies, uint64_t now_ns);
void lk_cookies_fini(struct lk_cookies *cookies); /* wipes */
/* Changes keys when their time has come. */
void lk_cookies_turn(struct lk_cookies *cookies, uint64_t now_ns);

/* generation: 0 of now, 1 of the period before. */
void lk_cookie_make(const struct lk_cookies *cookies, unsigned generation,
                    const struct lk_address *address, const uint8_t random[LK_HELLO_RANDOM_BYTES],
                    uint8_t cookie[LK_COOKIE_BYTES]);

#endif
