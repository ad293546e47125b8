#include "io/cookie.h"

#include <string.h>

#include "core/wire/registry.h"
#include "crypto/ct.h"
#include "crypto/hash.h"

static bool draw(struct lk_cookies *c)
{
    uint8_t fresh[sizeof c->key[0]];
    bool drawn = lk_rng_bytes(&c->rng, fresh, sizeof fresh);
    if (drawn) {
        memcpy(c->key[1], c->key[0], sizeof fresh);
        memcpy(c->key[0], fresh, sizeof fresh);
    }
    LK_WIPE(fresh);
    return drawn;
}

bool lk_cookies_init(struct lk_cookies *c, uint64_t now_ns)
{
    c->since_ns = now_ns;
    lk_rng_init(&c->rng);
    return draw(c) && draw(c);
}

void lk_cookies_fini(struct lk_cookies *c)
{
    LK_WIPE(*c);
}

/* Without random bytes the old keys go on: weaker than fresh ones, better than no service. */
void lk_cookies_turn(struct lk_cookies *c, uint64_t now_ns)
{
    uint64_t age_ns = now_ns - c->since_ns;
    if (age_ns < LK_COOKIE_PERIOD_NS) return;
    bool drawn = draw(c);
    if (age_ns >= 2 * LK_COOKIE_PERIOD_NS) drawn = draw(c) && drawn;
    if (drawn) c->since_ns = now_ns;
}

static size_t ip_bytes(const struct lk_address *address)
{
    return address->peer.sa.sa_family == AF_INET ? sizeof address->peer.in.sin_addr
                                                 : sizeof address->peer.in6.sin6_addr;
}

static const void *ip_of(const struct lk_address *address)
{
    return address->peer.sa.sa_family == AF_INET ? (const void *)&address->peer.in.sin_addr
                                                 : (const void *)&address->peer.in6.sin6_addr;
}

void lk_cookie_make(const struct lk_cookies *c, unsigned generation,
                    const struct lk_address *address,
                    const uint8_t random[LK_HELLO_RANDOM_BYTES], uint8_t cookie[LK_COOKIE_BYTES])
{
    uint8_t full[LK_SHA256_BYTES];
    /* sin_port and sin6_port are one place. */
    const struct lk_piece pieces[] = {
        {.data = &address->peer.sa.sa_family, .len = sizeof address->peer.sa.sa_family},
        {.data = &address->peer.in.sin_port, .len = sizeof address->peer.in.sin_port},
        {.data = ip_of(address), .len = ip_bytes(address)},
        {.data = &address->local_family, .len = sizeof address->local_family},
        {.data = &address->local, .len = sizeof address->local},
        {.data = random, .len = LK_HELLO_RANDOM_BYTES},
    };
    lk_hmac(LK_SHA256, c->key[generation], sizeof c->key[0], pieces,
            sizeof pieces / sizeof pieces[0], full);
    memcpy(cookie, full, LK_COOKIE_BYTES);
}
