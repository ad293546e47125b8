#include "io/datagram.h"

/* As of a socket: what does not fit the reader's buffer is lost, the next read is the next
 * datagram. */
static int read_datagram(BIO *bio, char *to, int room)
{
    struct lk_datagram *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (d->in.len == 0 || room <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = d->in.len < (size_t)room ? d->in.len : (size_t)room;
    memcpy(to, d->in.data, len);
    d->in = lk_bytes_of(NULL, 0);
    return (int)len;
}

/* Never "try again": a datagram that cannot go is lost, and the peer's timers make up for it. */
static int write_datagram(BIO *bio, const char *from, int len)
{
    struct lk_datagram *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0) return 0;
    bool gone = (size_t)len <= d->allowance && d->put(d, lk_bytes_of(from, (size_t)len));
    if (!gone)
        d->lost++;
    else if (d->allowance != SIZE_MAX)
        d->allowance -= (size_t)len;
    return len;
}

static long answer_flush(const struct lk_datagram *d)
{
    (void)d;
    return 1;
}

static long answer_path(const struct lk_datagram *d)
{
    return d->path_bytes;
}

static long answer_headers(const struct lk_datagram *d)
{
    (void)d;
    return 48; /* IPv6 and UDP */
}

static long answer_pending(const struct lk_datagram *d)
{
    return (long)d->in.len;
}

/* Everything else is answered 0: not known. */
static const struct {
    int question;
    long (*answer)(const struct lk_datagram *d);
} answers[] = {
    {BIO_CTRL_FLUSH, answer_flush},
    {BIO_CTRL_PENDING, answer_pending},
    {BIO_CTRL_DGRAM_QUERY_MTU, answer_path},
    {BIO_CTRL_DGRAM_GET_MTU, answer_path},
    {BIO_CTRL_DGRAM_GET_FALLBACK_MTU, answer_path},
    {BIO_CTRL_DGRAM_GET_MTU_OVERHEAD, answer_headers},
};

static long control(BIO *bio, int question, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].question == question) return answers[i].answer(BIO_get_data(bio));
    return 0;
}

static int create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

lk_err lk_datagram_open(struct lk_datagram *d, bool (*put)(struct lk_datagram *, struct lk_bytes))
{
    *d = (struct lk_datagram){.allowance = SIZE_MAX, .path_bytes = LK_DATAGRAM_BYTES_MAX,
                              .put = put};
    int type = BIO_get_new_index();
    LK_REQUIRE(type != -1, LK_ERR_CRYPTO);
    d->method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "lurk datagram");
    LK_REQUIRE(d->method != NULL, LK_ERR_MEMORY);
    if (BIO_meth_set_read(d->method, read_datagram) &&
        BIO_meth_set_write(d->method, write_datagram) &&
        BIO_meth_set_ctrl(d->method, control) && BIO_meth_set_create(d->method, create))
        return LK_OK;
    lk_datagram_close(d);
    return LK_ERR_CRYPTO;
}

void lk_datagram_close(struct lk_datagram *d)
{
    BIO_meth_free(d->method);
    d->method = NULL;
}

void lk_datagram_path(struct lk_datagram *d, uint32_t bytes)
{
    d->path_bytes = bytes < LK_DATAGRAM_BYTES_MAX ? bytes : LK_DATAGRAM_BYTES_MAX;
}

bool lk_datagram_attach(struct lk_datagram *d, SSL *ssl)
{
    BIO *bio = BIO_new(d->method);
    if (bio == NULL) return false;
    BIO_set_data(bio, d);
    SSL_set_bio(ssl, bio, bio);
    return true;
}
