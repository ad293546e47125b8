/* libssl: the functions of the libssl that is in this process. lurk.so is not linked with it: a
 * program may have another copy, and one that serves no TLS has none. Found once; then constant. */
#ifndef LK_TOOLS_PROVIDER_LIBSSL_H
#define LK_TOOLS_PROVIDER_LIBSSL_H

#include <openssl/ssl.h>

struct lk_libssl {
    /* What a connection is about. */
    int (*version)(const SSL *);
    int (*is_server)(const SSL *);
    OSSL_HANDSHAKE_STATE (*state)(const SSL *);
    const char *(*state_string)(const SSL *);
    size_t (*server_random)(const SSL *, unsigned char *, size_t);
    uint64_t (*options)(const SSL *);
    long (*ctrl)(SSL *, int, long, void *);
    /* A handshake in memory. */
    const SSL_METHOD *(*method)(void);
    SSL_CTX *(*ctx_new)(const SSL_METHOD *);
    void (*ctx_free)(SSL_CTX *);
    long (*ctx_ctrl)(SSL_CTX *, int, long, void *);
    int (*ctx_use_certificate)(SSL_CTX *, X509 *);
    int (*ctx_use_key)(SSL_CTX *, EVP_PKEY *);
    SSL *(*new)(SSL_CTX *);
    void (*free)(SSL *);
    void (*set_bio)(SSL *, BIO *, BIO *);
    void (*set_accept_state)(SSL *);
    void (*set_connect_state)(SSL *);
    int (*do_handshake)(SSL *);
    int (*get_error)(const SSL *, int);
};

/* NULL: there is no libssl, or not all of it. Thread any. */
const struct lk_libssl *lk_libssl_get(void);

#endif
