#include "io/session.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define CIPHERS_TLS12                                                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS_TLS13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256:P-384"

/* --- contexts ------------------------------------------------------------------------------- */

struct fault {
    char *text;
    size_t bytes;
};

static lk_err refuse(struct fault fault, const char *file, const char *what)
{
    char reason[128] = "";
    unsigned long code = ERR_peek_last_error();
    if (code != 0) snprintf(reason, sizeof reason, " (%s)", ERR_reason_error_string(code));
    snprintf(fault.text, fault.bytes, "%s: %s%s", file, what, reason);
    ERR_clear_error();
    return LK_ERR_CRYPTO;
}

static BIO *open_text(struct lk_bytes text)
{
    return BIO_new_mem_buf(text.data, (int)text.len);
}

/* No prompt: a key of the channel that is encrypted is refused. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static lk_err use_certificate(SSL_CTX *ctx, struct lk_bytes text, struct fault fault)
{
    BIO *bio = open_text(text);
    LK_REQUIRE(bio != NULL, LK_ERR_MEMORY);
    X509 *own = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
    lk_err err = LK_OK;
    if (own == NULL || SSL_CTX_use_certificate(ctx, own) != 1)
        err = refuse(fault, "channel certificate", "holds no certificate in PEM");
    X509_free(own);
    X509 *next;
    while (err == LK_OK && (next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(ctx, next) == 1) continue;
        X509_free(next);
        err = refuse(fault, "channel certificate", "a certificate of its chain does not serve");
    }
    BIO_free(bio);
    ERR_clear_error(); /* the end of the file is an error to PEM_read */
    return err;
}

static lk_err use_key(SSL_CTX *ctx, struct lk_bytes text, struct fault fault)
{
    BIO *bio = open_text(text);
    LK_REQUIRE(bio != NULL, LK_ERR_MEMORY);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    lk_err err = LK_OK;
    if (key == NULL)
        err = refuse(fault, "channel key",
                     "holds no private key in PEM that can be read without a passphrase");
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        err = refuse(fault, "channel key", "does not belong to the channel certificate");
    EVP_PKEY_free(key);
    return err;
}

static lk_err trust_ca(SSL_CTX *ctx, struct lk_bytes text, struct fault fault)
{
    BIO *bio = open_text(text);
    LK_REQUIRE(bio != NULL, LK_ERR_MEMORY);
    unsigned count = 0;
    lk_err err = LK_OK;
    X509 *ca;
    while (err == LK_OK && (ca = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        count++;
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) != 1 ||
            SSL_CTX_add_client_CA(ctx, ca) != 1)
            err = refuse(fault, "channel ca", "a certificate does not serve");
        X509_free(ca);
    }
    BIO_free(bio);
    if (err == LK_OK && count == 0)
        err = refuse(fault, "channel ca", "holds no certificate in PEM");
    ERR_clear_error();
    return err;
}

static lk_err judge_crl(SSL_CTX *ctx, X509_CRL *crl, struct fault fault)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    if (X509_STORE_add_crl(SSL_CTX_get_cert_store(ctx), crl) != 1)
        return refuse(fault, "channel crl", "does not serve");
    if (next != NULL && X509_cmp_current_time(next) <= 0)
        return refuse(fault, "channel crl",
                      "has expired: every edge would be refused; fetch a fresh one");
    return LK_OK;
}

static lk_err use_crl(SSL_CTX *ctx, struct lk_bytes text, struct fault fault)
{
    if (text.len == 0) return LK_OK;
    BIO *bio = open_text(text);
    LK_REQUIRE(bio != NULL, LK_ERR_MEMORY);
    unsigned count = 0;
    lk_err err = LK_OK;
    X509_CRL *crl;
    while (err == LK_OK && (crl = PEM_read_bio_X509_CRL(bio, NULL, no_passphrase, NULL)) != NULL) {
        count++;
        err = judge_crl(ctx, crl, fault);
        X509_CRL_free(crl);
    }
    BIO_free(bio);
    if (err == LK_OK && count == 0) err = refuse(fault, "channel crl", "holds no CRL in PEM");
    ERR_clear_error();
    /* The whole chain: an intermediate authority that was revoked vouches for nobody, and one whose
     * issuer's CRL is not here cannot be judged. */
    const unsigned long whole_chain = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), whole_chain);
    return err;
}

static bool harden(SSL_CTX *ctx, enum lk_session_kind kind)
{
    int oldest = kind == LK_SESSION_DTLS ? DTLS1_2_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(ctx, oldest) != 1) return false;
    if (SSL_CTX_set_cipher_list(ctx, CIPHERS_TLS12) != 1) return false;
    if (SSL_CTX_set_ciphersuites(ctx, CIPHERS_TLS13) != 1) return false;
    if (SSL_CTX_set1_groups_list(ctx, GROUPS) != 1) return false;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_max_early_data(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_cert_list(ctx, LK_HANDSHAKE_FRAGMENT_BYTES_MAX);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(ctx, 4);
    return true;
}

lk_err lk_session_context(enum lk_session_kind kind, const struct lk_view_files *files,
                          SSL_CTX **out, char *error, size_t error_bytes)
{
    struct fault fault = {error, error_bytes};
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(kind == LK_SESSION_DTLS ? DTLS_server_method()
                                                       : TLS_server_method());
    LK_REQUIRE(ctx != NULL, LK_ERR_MEMORY);
    lk_err err = harden(ctx, kind)
                     ? LK_OK
                     : refuse(fault, "channel", "the TLS library lacks a cipher or group");
    if (err == LK_OK) err = use_certificate(ctx, files->certificate, fault);
    if (err == LK_OK) err = use_key(ctx, files->key, fault);
    if (err == LK_OK) err = trust_ca(ctx, files->ca, fault);
    if (err == LK_OK) err = use_crl(ctx, files->crl, fault);
    if (err != LK_OK) {
        SSL_CTX_free(ctx);
        return err;
    }
    *out = ctx;
    return LK_OK;
}

/* --- who the peer is ------------------------------------------------------------------------ */

static bool write_identity(const char *kind, const ASN1_IA5STRING *name, bool lower, char *identity)
{
    const unsigned char *text = ASN1_STRING_get0_data(name);
    int len = ASN1_STRING_length(name);
    size_t at = strlen(kind);
    if (len < 1 || at + (size_t)len > LK_IDENTITY_BYTES_MAX) return false;
    memcpy(identity, kind, at);
    for (int i = 0; i < len; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f) return false;
        identity[at++] = (char)(lower ? tolower(text[i]) : text[i]);
    }
    identity[at] = '\0';
    return true;
}

static const ASN1_IA5STRING *first_name(const GENERAL_NAMES *names, int type)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == type) return name->d.ia5;
    }
    return NULL;
}

bool lk_session_identity(const SSL *ssl, char identity[LK_IDENTITY_TEXT_BYTES])
{
    X509 *peer = SSL_get0_peer_certificate(ssl);
    if (peer == NULL || SSL_get_verify_result(ssl) != X509_V_OK) return false;
    GENERAL_NAMES *names = X509_get_ext_d2i(peer, NID_subject_alt_name, NULL, NULL);
    if (names == NULL) return false;
    const ASN1_IA5STRING *uri = first_name(names, GEN_URI), *dns = first_name(names, GEN_DNS);
    bool found = false;
    if (uri != NULL)
        found = write_identity("uri:", uri, false, identity);
    else if (dns != NULL)
        found = write_identity("dns:", dns, true, identity);
    GENERAL_NAMES_free(names);
    return found;
}

enum lk_counter lk_session_fault(const SSL *ssl, const char **why)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    long verdict = SSL_get_verify_result(ssl);
    enum lk_counter counter = LK_C_HANDSHAKES_OTHER;
    *why = code != 0 ? ERR_reason_error_string(code) : NULL;
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        counter = LK_C_HANDSHAKES_NO_CERT;
    } else if (verdict != X509_V_OK) {
        counter = LK_C_HANDSHAKES_BAD_CERT;
        *why = X509_verify_cert_error_string(verdict);
    }
    if (*why == NULL) *why = "the peer went away";
    ERR_clear_error();
    return counter;
}

int64_t lk_session_good_until(const SSL *ssl)
{
    X509 *peer = SSL_get0_peer_certificate(ssl);
    struct tm end;
    if (peer == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(peer), &end) != 1) return INT64_MIN;
    return (int64_t)timegm(&end);
}

bool lk_session_still_good(SSL *ssl, SSL_CTX *ctx, int64_t now_unix_s)
{
    X509 *peer = SSL_get0_peer_certificate(ssl);
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool good = false;
    if (peer != NULL && check != NULL &&
        X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(ctx), peer,
                            SSL_get_peer_cert_chain(ssl))) {
        X509_STORE_CTX_set_default(check, "ssl_client");
        X509_STORE_CTX_set_time(check, 0, (time_t)now_unix_s);
        good = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return good;
}

/* --- the BIO of streams --------------------------------------------------------------------- */

static int bio_read(BIO *bio, char *data, int len)
{
    struct lk_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (conn->in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = (size_t)len < conn->in.len ? (size_t)len : conn->in.len;
    memcpy(data, conn->in.data, n);
    conn->in = lk_bytes_of(conn->in.data + n, conn->in.len - n);
    return (int)n;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    struct lk_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    return len >= 0 && lk_conn_write(conn, data, (size_t)len) ? len : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *stream_method(void)
{
    static BIO_METHOD *method;
    BIO_METHOD *made = __atomic_load_n(&method, __ATOMIC_ACQUIRE);
    if (made != NULL) return made;
    made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lurk stream");
    if (made == NULL) return NULL;
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_ctrl);
    BIO_METHOD *first = NULL;
    if (__atomic_compare_exchange_n(&method, &first, made, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return made;
    BIO_meth_free(made); /* another loop was first */
    return first;
}

bool lk_session_attach(SSL *ssl, struct lk_conn *conn)
{
    BIO_METHOD *method = stream_method();
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (bio == NULL) return false;
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return true;
}
