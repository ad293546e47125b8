/* session: TLS and DTLS over a connection's memory buffers: a BIO that reads what the socket gave
 * in this turn and writes where the next send starts. A datagram is read whole and its rest
 * dropped, a written one keeps its boundary, and questions about the path's MTU get an answer. */
#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "tools/lurk-bench/conn.h"

#define MTU_BYTES 1400 /* what a DTLS flight fits on any path we mean to measure */
#define UDP_OVERHEAD_BYTES 28

static int bio_read(BIO *bio, char *to, int len)
{
    struct lk_bench_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (conn->in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = conn->in.len < (size_t)len ? conn->in.len : (size_t)len;
    memcpy(to, conn->in.data, n);
    size_t used = conn->env->transport->datagram ? conn->in.len : n;
    conn->in = lk_bytes_of(conn->in.data + used, conn->in.len - used);
    return (int)n;
}

static int bio_write(BIO *bio, const char *from, int len)
{
    struct lk_bench_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    bool good = conn->env->transport->datagram
                    ? lk_bench_conn_datagram_put(conn, from, (size_t)len)
                    : lk_bench_growing_put(&conn->out, from, (size_t)len);
    return good ? len : -1;
}

static long bio_ctrl(BIO *bio, int command, long argument, void *pointer)
{
    (void)bio, (void)argument, (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return MTU_BYTES;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return UDP_OVERHEAD_BYTES;
    default: return 0;
    }
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *method;

static bool method_make(void)
{
    if (method) return true;
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lurk-bench");
    return method && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
           BIO_meth_set_ctrl(method, bio_ctrl) && BIO_meth_set_create(method, bio_create);
}

/* --- identity --------------------------------------------------------------------------------- */

struct lurk_identity *lk_bench_session_identity(const struct lk_bench_options *options, char *error,
                                                uint32_t error_bytes)
{
    const struct lurk_identity_options who = {.size = sizeof(who),
                                              .authority = options->ca,
                                              .certificate = options->cert,
                                              .key = options->key,
                                              .tls_min = options->tls == 13 ? TLS1_3_VERSION : 0};
    if (!method_make()) {
        snprintf(error, error_bytes, "libcrypto makes no BIO");
        return NULL;
    }
    return lurk_identity_new(&who, error, error_bytes);
}

/* --- session ---------------------------------------------------------------------------------- */

/* Whom the server has to be: an address in its certificate where a number was given, else a
 * name. */
static bool name_expect(SSL *ssl, const struct lk_bench_options *options)
{
    const char *name = options->server_name ? options->server_name : options->host;
    uint8_t binary[16];
    bool number = inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
    if (number) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

SSL *lk_bench_session_new(struct lk_bench_conn *conn)
{
    const struct lurk_identity *identity = conn->env->identity;
    bool datagram = conn->env->transport->datagram;
    SSL *ssl = SSL_new(datagram ? identity->dtls : identity->tls);
    BIO *bio = BIO_new(method);
    if (!ssl || !bio || !name_expect(ssl, conn->env->options)) {
        BIO_free(bio);
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, conn);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_connect_state(ssl);
    SSL_clear_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE); /* memory takes all that is written */
    SSL_clear_options(ssl, SSL_OP_CLEANSE_PLAINTEXT);   /* nobody's secrets */
    if (datagram) SSL_set_mtu(ssl, MTU_BYTES);
    if (!datagram && conn->env->options->tls == 12) SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
    return ssl;
}
