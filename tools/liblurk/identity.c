#include "tools/liblurk/identity.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/liblurk/fields.h"
#include "tools/liblurk/session.h"

/* What lurkd offers too (io/session.c): AEADs with a fresh key exchange. */
#define CIPHERS_TLS12                                                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS_TLS13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

struct fault {
    char *text;
    size_t bytes;
};

static bool refuse(struct fault fault, const char *what, const char *file)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    if (fault.bytes > 0)
        snprintf(fault.text, fault.bytes, "%s %s: %s", what, file != NULL ? file : "(none given)",
                 reason != NULL ? reason : "libssl refused it");
    ERR_clear_error();
    return false;
}

/* Nobody is asked for a passphrase: an encrypted key is refused. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)buffer, (void)size, (void)writing, (void)user;
    return -1;
}

static bool rules_set(SSL_CTX *ctx, uint16_t tls_min)
{
    bool datagram = SSL_CTX_get_ssl_method(ctx) == DTLS_client_method();
    /* Answers hold secrets: libssl keeps no plaintext that it has handed on. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_NO_QUERY_MTU | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    SSL_CTX_set_read_ahead(ctx, 1); /* one receive for a record, and for many small ones */
    return SSL_CTX_set_min_proto_version(ctx, datagram ? DTLS1_2_VERSION : tls_min) == 1 &&
           SSL_CTX_set_cipher_list(ctx, CIPHERS_TLS12) == 1 &&
           (datagram || SSL_CTX_set_ciphersuites(ctx, CIPHERS_TLS13) == 1);
}

static bool revoked_load(SSL_CTX *ctx, const char *file)
{
    if (file == NULL) return true;
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    return lookup != NULL && X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) > 0 &&
           X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1;
}

static SSL_CTX *context_new(const SSL_METHOD *method, const struct lurk_identity_options *options,
                            struct fault fault)
{
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(method);
    bool good = (ctx != NULL &&
                 rules_set(ctx, options->tls_min != 0 ? options->tls_min : TLS1_2_VERSION)) ||
                refuse(fault, "libssl", "its settings");
    good = good && ((options->authority != NULL &&
                     SSL_CTX_load_verify_file(ctx, options->authority) == 1) ||
                    refuse(fault, "authority", options->authority));
    good = good && ((options->certificate != NULL &&
                     SSL_CTX_use_certificate_chain_file(ctx, options->certificate) == 1) ||
                    refuse(fault, "certificate", options->certificate));
    good = good && ((options->key != NULL &&
                     SSL_CTX_use_PrivateKey_file(ctx, options->key, SSL_FILETYPE_PEM) == 1 &&
                     SSL_CTX_check_private_key(ctx) == 1) ||
                    refuse(fault, "key", options->key));
    good = good && (revoked_load(ctx, options->revoked) ||
                    refuse(fault, "revocation lists", options->revoked));
    ERR_clear_error();
    if (good) return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

struct lurk_identity *lurk_identity_new(const struct lurk_identity_options *options, char *text,
                                        size_t text_bytes)
{
    struct lurk_identity_options own;
    struct fault fault = {text, text != NULL ? text_bytes : 0};
    if (!LK_FIELDS_TAKE(own, options) ||
        (own.tls_min != 0 && own.tls_min != TLS1_2_VERSION && own.tls_min != TLS1_3_VERSION)) {
        refuse(fault, "options", "of another size, or an unknown tls_min");
        return NULL;
    }
    struct lurk_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL) return NULL;
    atomic_init(&identity->holders, 1);
    identity->method = lk_session_method();
    identity->tls = context_new(TLS_client_method(), &own, fault);
    identity->dtls = identity->tls != NULL ? context_new(DTLS_client_method(), &own, fault) : NULL;
    if (identity->method != NULL && identity->dtls != NULL) return identity;
    lurk_identity_free(identity);
    return NULL;
}

struct lurk_identity *lk_identity_hold(struct lurk_identity *identity)
{
    atomic_fetch_add(&identity->holders, 1);
    return identity;
}

void lurk_identity_free(struct lurk_identity *identity)
{
    if (identity == NULL || atomic_fetch_sub(&identity->holders, 1) > 1) return;
    SSL_CTX_free(identity->tls);
    SSL_CTX_free(identity->dtls);
    BIO_meth_free(identity->method);
    free(identity);
}
