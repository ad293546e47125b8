#include "io/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "core/base/limits.h"
#include "core/keys/cert_names.h"

static int64_t unix_of(const ASN1_TIME *time)
{
    struct tm t;
    if (time == NULL || ASN1_TIME_to_tm(time, &t) != 1) return 0;
    return (int64_t)timegm(&t);
}

static int64_t not_after(const X509 *certificate)
{
    return unix_of(X509_get0_notAfter(certificate));
}

/* Its key as the certificate's own bytes have it, not as libcrypto would write it. */
static bool carries(const X509 *certificate, struct lk_bytes spki)
{
    uint8_t *der = NULL;
    struct lk_bytes key;
    int len = i2d_X509(certificate, &der);
    bool same = len > 0 && lk_certificate_spki(lk_bytes_of(der, (size_t)len), &key) &&
                key.len == spki.len && memcmp(key.data, spki.data, spki.len) == 0;
    OPENSSL_free(der);
    return same;
}

/* What is read, and how long the chain in hand lasts. */
struct reading {
    struct lk_chain *chain;
    int64_t expiry_s; /* 0: none is in hand */
};

static void chain_end(struct reading *r)
{
    if (r->expiry_s > r->chain->expiry_s) r->chain->expiry_s = r->expiry_s;
    r->expiry_s = 0;
}

static lk_err append(struct reading *r, const X509 *certificate)
{
    struct lk_chain *chain = r->chain;
    int len = i2d_X509(certificate, NULL);
    LK_REQUIRE(len > 0 && len < 1 << 24, LK_ERR_FORMAT);
    uint8_t *more = realloc(chain->data, chain->len + 3 + (size_t)len);
    LK_REQUIRE(more != NULL, LK_ERR_MEMORY);
    uint8_t *at = more + chain->len;
    *at++ = (uint8_t)(len >> 16);
    *at++ = (uint8_t)(len >> 8);
    *at++ = (uint8_t)len;
    i2d_X509(certificate, &at);
    chain->data = more;
    chain->len += 3 + (size_t)len;
    int64_t expiry_s = not_after(certificate);
    if (r->expiry_s == 0 || expiry_s < r->expiry_s) r->expiry_s = expiry_s;
    return LK_OK;
}

static lk_err take(struct reading *r, const X509 *certificate, struct lk_bytes spki)
{
    if (carries(certificate, spki)) {
        LK_REQUIRE(++r->chain->own <= LK_KEY_CERTIFICATES_MAX, LK_ERR_FULL);
        chain_end(r);
    }
    return r->chain->own > 0 ? append(r, certificate) : LK_ERR_KEY;
}

static lk_err read_all(BIO *bio, struct lk_bytes spki, struct lk_chain *chain)
{
    struct reading r = {.chain = chain};
    X509 *certificate;
    while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        lk_err err = take(&r, certificate, spki);
        X509_free(certificate);
        if (err != LK_OK) return err;
    }
    chain_end(&r);
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return at_end && chain->len > 0 ? LK_OK : LK_ERR_FORMAT;
}

lk_err lk_chain_read(struct lk_bytes pem, struct lk_bytes spki, struct lk_chain *out)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    LK_REQUIRE(bio != NULL, LK_ERR_MEMORY);
    struct lk_chain chain = {.data = NULL};
    lk_err err = read_all(bio, spki, &chain);
    BIO_free(bio);
    if (err != LK_OK) {
        lk_chain_free(&chain);
        return err;
    }
    *out = chain;
    return LK_OK;
}

void lk_chain_free(struct lk_chain *chain)
{
    free(chain->data);
    *chain = (struct lk_chain){.data = NULL};
}

const char *lk_chain_names_fault(const struct lk_chain *chain)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(chain->data, chain->len));
    struct lk_cert_names *names = NULL;
    lk_err err = lk_cert_names_new(lk_cursor_vec24(&c), &names);
    free(names);
    if (err == LK_ERR_FORMAT)
        return "the names in its certificate cannot be read (its extensions are not in DER), so "
               "nothing bounds what may be requested: take the flag request away, or have another "
               "certificate issued";
    if (err == LK_ERR_RANGE)
        return "its certificate has more than 4096 DNS names, too many to judge requests by: take "
               "the flag request away";
    return err == LK_OK ? NULL : lk_err_text(err);
}

int64_t lk_chain_expiry(struct lk_bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int64_t expiry_s = certificate != NULL ? not_after(certificate) : 0;
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return expiry_s;
}

int64_t lk_crl_expiry(struct lk_bytes pem)
{
    BIO *bio = pem.len > 0 ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    int64_t first_s = 0;
    X509_CRL *crl;
    while (bio != NULL && (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        int64_t next_s = unix_of(X509_CRL_get0_nextUpdate(crl));
        if (next_s != 0 && (first_s == 0 || next_s < first_s)) first_s = next_s;
        X509_CRL_free(crl);
    }
    BIO_free(bio);
    ERR_clear_error(); /* the end of the file is an error to PEM_read */
    return first_s;
}
