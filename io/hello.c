#include "io/hello.h"

#include <openssl/err.h>
#include <string.h>

#include "core/base/limits.h"
#include "crypto/ct.h"

#define RECORD_BYTES 13
#define MESSAGE_BYTES 12
#define CONTENT_HANDSHAKE 22
#define TYPE_CLIENT_HELLO 1

/* First retransmission; RFC 6347 4.2.4.1 suggests a second, the deadline of a handshake is ten. */
#define TIMER_FIRST_US 400000u
#define TIMER_MOST_US 6400000u

/* --- called by OpenSSL ------------------------------------------------------------------------ */

static int give_cookie(SSL *ssl, unsigned char *cookie, unsigned *len)
{
    const struct lk_hello *h = SSL_get_app_data(ssl);
    memcpy(cookie, h->good[0], LK_COOKIE_BYTES);
    *len = LK_COOKIE_BYTES;
    return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
    const struct lk_hello *h = SSL_get_app_data(ssl);
    if (len != LK_COOKIE_BYTES) return 0;
    return lk_ct_equal(cookie, h->good[0], len) || lk_ct_equal(cookie, h->good[1], len);
}

static unsigned next_timer(SSL *ssl, unsigned last_us)
{
    (void)ssl;
    if (last_us == 0) return TIMER_FIRST_US;
    return last_us >= TIMER_MOST_US / 2 ? TIMER_MOST_US : 2 * last_us;
}

/* --- the session that stands ready ------------------------------------------------------------ */

void lk_hello_context(SSL_CTX *ctx)
{
    SSL_CTX_set_cookie_generate_cb(ctx, give_cookie);
    SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
}

lk_err lk_hello_open(struct lk_hello *h, struct lk_datagram *datagram, uint64_t now_ns)
{
    *h = (struct lk_hello){.datagram = datagram};
    LK_REQUIRE(lk_cookies_init(&h->cookies, now_ns), LK_ERR_CRYPTO);
    return LK_OK;
}

/* The next session is made anew, of a context that may have changed. */
static void renew(struct lk_hello *h)
{
    SSL_free(h->ssl);
    h->ssl = NULL;
}

void lk_hello_close(struct lk_hello *h)
{
    renew(h);
    lk_cookies_fini(&h->cookies);
}

static bool make_ready(struct lk_hello *h, SSL_CTX *ctx)
{
    if (h->ssl != NULL && SSL_get_SSL_CTX(h->ssl) != ctx) renew(h);
    if (h->ssl != NULL) return true;
    h->ssl = SSL_new(ctx);
    if (h->ssl == NULL) return false;
    SSL_set_app_data(h->ssl, h);
    SSL_set_accept_state(h->ssl);
    SSL_set_max_cert_list(h->ssl, LK_HANDSHAKE_FRAGMENT_BYTES_MAX);
    SSL_set_max_send_fragment(h->ssl, LK_DATAGRAM_BYTES_MAX); /* a write buffer of 4 kB, not 16 */
    DTLS_set_timer_cb(h->ssl, next_timer);
    if (lk_datagram_attach(h->datagram, h->ssl)) return true;
    renew(h);
    return false;
}

/* --- datagrams -------------------------------------------------------------------------------- */

const uint8_t *lk_hello_random(struct lk_bytes datagram)
{
    struct lk_cursor c = lk_cursor_of(datagram);
    uint8_t content = lk_cursor_u8(&c);
    (void)lk_cursor_u16(&c); /* version: OpenSSL judges it */
    uint16_t epoch = lk_cursor_u16(&c);
    (void)lk_cursor_take(&c, RECORD_BYTES - 5);
    uint8_t type = lk_cursor_u8(&c);
    (void)lk_cursor_take(&c, MESSAGE_BYTES - 1 + 2); /* rest of the header, client_version */
    struct lk_bytes random = lk_cursor_take(&c, LK_HELLO_RANDOM_BYTES);
    bool hello = content == CONTENT_HANDSHAKE && epoch == 0 && type == TYPE_CLIENT_HELLO;
    return hello && !c.bad ? random.data : NULL;
}

/* DTLSv1_listen answers a hello without a good cookie by itself, through the BIO. */
static int listen_once(struct lk_hello *h, struct lk_bytes datagram, bool *asked)
{
    BIO_ADDR *nobody = BIO_ADDR_new();
    if (nobody == NULL) return -1;
    h->datagram->in = datagram;
    h->datagram->allowance = datagram.len;
    int verdict = DTLSv1_listen(h->ssl, nobody);
    *asked = h->datagram->allowance < datagram.len;
    h->datagram->allowance = SIZE_MAX;
    h->datagram->in = lk_bytes_of(NULL, 0);
    BIO_ADDR_free(nobody);
    ERR_clear_error();
    return verdict;
}

enum lk_hello_verdict lk_hello_hear(struct lk_hello *h, SSL_CTX *ctx,
                                    const struct lk_address *address, struct lk_bytes datagram,
                                    uint64_t now_ns, SSL **ssl)
{
    const uint8_t *random = lk_hello_random(datagram);
    if (random == NULL || !make_ready(h, ctx)) return LK_HELLO_DROPPED;
    lk_cookies_turn(&h->cookies, now_ns);
    for (unsigned i = 0; i < 2; i++)
        lk_cookie_make(&h->cookies, i, address, random, h->good[i]);
    bool asked = false;
    if (listen_once(h, datagram, &asked) <= 0) return asked ? LK_HELLO_ASKED : LK_HELLO_DROPPED;
    *ssl = h->ssl;
    h->ssl = NULL;
    return LK_HELLO_PROVED;
}
