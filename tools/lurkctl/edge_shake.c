#include "tools/lurkctl/edge_shake.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/base/clock.h"
#include "tools/lurkctl/finding.h"

#define ROUNDS_MAX 20
#define TEXT_BYTES 512
#define TESTED "3.0"

/* --- providers -------------------------------------------------------------------------------- */

static void series_say(void)
{
    char series[16];
    snprintf(series, sizeof series, "%u.%u", OPENSSL_version_major(), OPENSSL_version_minor());
    if (strcmp(series, TESTED) == 0)
        lk_finding("openssl", "%s: of a series that lurk.so is tested with",
                   OpenSSL_version(OPENSSL_VERSION_STRING));
    else
        lk_finding("openssl",
                   "%s: lurk.so is tested with " TESTED "; the handshakes below tell "
                   "whether it serves here",
                   OpenSSL_version(OPENSSL_VERSION_STRING));
}

bool lk_edge_providers_check(const struct lk_edge_conf *conf)
{
    series_say();
    bool has_default = OSSL_PROVIDER_available(NULL, "default") == 1;
    bool has_lurk = OSSL_PROVIDER_available(NULL, "lurk") == 1;
    ERR_clear_error();
    if (has_default && has_lurk) return true;
    void *module = has_lurk ? NULL : dlopen(conf->module, RTLD_NOW | RTLD_LOCAL);
    if (!has_default)
        lk_finding_fault("openssl", "the provider default is not there; see what else is told");
    else if (module == NULL)
        lk_finding_fault("openssl", "%s: cannot be loaded: %s", conf->module, dlerror());
    else
        lk_finding_fault("openssl",
                         "%s: refuses a line of its section; add trace = /tmp/lurk.trace "
                         "there, which says which one",
                         conf->module);
    return false;
}

/* --- the key file ----------------------------------------------------------------------------- */

static bool keyfile_take(const char *path, struct lk_bytes der, struct lk_edge_keyfile *out)
{
    char why[LK_KEYFILE_WHY_BYTES] = "";
    struct lk_keyfile file;
    if (lk_keyfile_parse(der, &file, why) != LK_OK) {
        lk_finding_fault("key", "%s: %s; make it again: lurkctl edge key", path, why);
        return false;
    }
    snprintf(out->agent, sizeof out->agent, "%.*s", (int)file.agent.len,
             (const char *)file.agent.data);
    memcpy(out->key_id, file.key_id, sizeof out->key_id);
    lk_finding("key", "%s: key id %02x%02x%02x%02x, mode %s", path, file.key_id[0], file.key_id[1],
               file.key_id[2], file.key_id[3],
               file.mode == LK_KEYFILE_MODE_SIGN   ? "sign"
               : file.mode == LK_KEYFILE_MODE_FULL ? "full"
                                                   : "of the configuration");
    return true;
}

bool lk_edge_keyfile_check(const char *path, struct lk_edge_keyfile *out)
{
    BIO *in = BIO_new_file(path, "r");
    if (in == NULL) {
        lk_finding_fault("key", "%s: %s", path, strerror(errno));
        ERR_clear_error();
        return false;
    }
    uint8_t *der = NULL;
    size_t len = 0;
    while (der == NULL && lk_keyfile_pem_read(in, &der, &len))
        continue;
    BIO_free(in);
    if (der == NULL)
        lk_finding_fault("key",
                         "%s: holds no key file (a private key of this host, perhaps); make "
                         "one of the certificate: lurkctl edge key",
                         path);
    bool good = der != NULL && keyfile_take(path, lk_bytes_of(der, len), out);
    OPENSSL_free(der);
    return good;
}

static EVP_PKEY *key_load(const char *path)
{
    BIO *in = BIO_new_file(path, "r");
    EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    return key;
}

/* --- a handshake ------------------------------------------------------------------------------ */

static const struct advice {
    const char *said, *todo;
} advices[] = {
    {"invalid_key_id", "no key server has this key, or no rule of lurkd gives it to this edge; "
                       "compare with lurkctl keys there"},
    {"invalid_certificate", "no key server has this key with tls13-sign in keys.uses, or no rule "
                            "of lurkd gives it to this edge; compare with lurkctl keys there"},
    {"invalid_freshness_funct", "mode sign asks for what is neither fresh nor proved: lurkd wants "
                                "flags: [unfresh, unproved] on the key and on the edge's row; or "
                                "mode = full"},
    {"invalid_extension", "no rule of lurkd gives this edge that exchange, or its key is not kept "
                          "for it: rules.exchanges and keys.uses"},
    {"invalid_type", "no rule of lurkd gives this edge that exchange, or its key is not kept for "
                     "it: rules.exchanges and keys.uses"},
    {"invalid_tls_random", "the clocks of this host and lurkd differ: NTP on both"},
    {"does not serve this user", "add the user to allow in lurk-agent.conf"},
    {"no healthy key server", "lurk-agent's log says why it reaches none"},
    {"no answer in time", "key server or agent hang: their logs"},
    {"self-check failed", "openssl.cnf as in docs/edge, or mode = sign"},
};

/* The deepest error that is lurk's, else the first, in words; and what to do. */
static void failure_say(const char *path, const char *version)
{
    char text[TEXT_BYTES] = "no reason was given";
    const char *data;
    int flags;
    bool found = false;
    for (unsigned long code; (code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0;) {
        const char *lib = ERR_lib_error_string(code), *reason = ERR_reason_error_string(code);
        bool is_lurk = lib != NULL && strcmp(lib, "lurk") == 0;
        if (found && !is_lurk) continue;
        snprintf(text, sizeof text, "%s%s%s", reason != NULL ? reason : "",
                 (flags & ERR_TXT_STRING) != 0 && data[0] != 0 ? ": " : "",
                 (flags & ERR_TXT_STRING) != 0 ? data : "");
        found = true;
    }
    const char *todo = "the log of lurkd may say more";
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (strstr(text, advices[i].said) != NULL) todo = advices[i].todo;
    lk_finding_fault(version, "%s: %s; %s", path, text, todo);
}

/* One that shows the key, by an issuer of the moment: the key itself signs no certificate. */
static X509 *certificate_make(EVP_PKEY *key)
{
    X509 *crt = X509_new();
    EVP_PKEY *issuer = EVP_EC_gen("P-256");
    bool good = crt != NULL && issuer != NULL && X509_set_version(crt, X509_VERSION_3) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(crt), -3600) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(crt), 3600) != NULL &&
                X509_NAME_add_entry_by_txt(X509_get_subject_name(crt), "CN", MBSTRING_ASC,
                                           (const unsigned char *)"check", -1, -1, 0) == 1 &&
                X509_set_issuer_name(crt, X509_get_subject_name(crt)) == 1 &&
                X509_set_pubkey(crt, key) == 1 && X509_sign(crt, issuer, EVP_sha256()) > 0;
    EVP_PKEY_free(issuer);
    if (good) return crt;
    X509_free(crt);
    return NULL;
}

enum turn { TURN_DONE, TURN_WAITS, TURN_FAILED };

/* Its error is asked at once: the other end writes into what this one reads from. */
static enum turn turn(SSL *ssl)
{
    int result = SSL_do_handshake(ssl);
    if (result == 1) return TURN_DONE;
    return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? TURN_WAITS : TURN_FAILED;
}

static bool shake(SSL *server, SSL *client)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        enum turn c = turn(client), s = turn(server);
        if (c == TURN_FAILED || s == TURN_FAILED) return false;
        if (c == TURN_DONE && s == TURN_DONE) return true;
    }
    return false;
}

static SSL *end_make(SSL_CTX *ctx, int version, BIO *in, BIO *out, bool is_server)
{
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL) return NULL;
    BIO_up_ref(in);
    BIO_up_ref(out);
    SSL_set_bio(ssl, in, out);
    SSL_set_min_proto_version(ssl, version);
    SSL_set_max_proto_version(ssl, version);
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ssl;
}

static bool handshake(SSL_CTX *server_ctx, SSL_CTX *client_ctx, int version)
{
    BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
    SSL *server = NULL, *client = NULL;
    if (up != NULL && down != NULL) {
        BIO_set_mem_eof_return(up, -1);
        BIO_set_mem_eof_return(down, -1);
        server = end_make(server_ctx, version, up, down, true);
        client = end_make(client_ctx, version, down, up, false);
    }
    bool good = server != NULL && client != NULL && shake(server, client);
    SSL_free(server);
    SSL_free(client);
    BIO_free(up);
    BIO_free(down);
    return good;
}

static const struct version_row {
    const char *name;
    int version;
} versions[] = {{"TLS 1.2", TLS1_2_VERSION}, {"TLS 1.3", TLS1_3_VERSION}};

static void versions_check(const char *path, SSL_CTX *server, SSL_CTX *client)
{
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        ERR_clear_error();
        uint64_t began_ns = lk_clock_now_ns();
        if (handshake(server, client, versions[i].version))
            lk_finding(versions[i].name,
                       "%s: a handshake in memory, its key used by a key server, "
                       "%.1f ms",
                       path, (double)(lk_clock_now_ns() - began_ns) / 1e6);
        else
            failure_say(path, versions[i].name);
    }
}

void lk_edge_handshakes_check(const char *path)
{
    ERR_clear_error();
    EVP_PKEY *key = key_load(path);
    X509 *crt = key != NULL ? certificate_make(key) : NULL;
    SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
    if (server != NULL && client != NULL && crt != NULL &&
        SSL_CTX_use_certificate(server, crt) == 1 && SSL_CTX_use_PrivateKey(server, key) == 1) {
        SSL_CTX_set1_groups_list(client, "X25519:P-256:P-384:P-521");
        versions_check(path, server, client);
    } else {
        failure_say(path, "key");
    }
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    X509_free(crt);
    EVP_PKEY_free(key);
    ERR_clear_error();
}
