/* Any bytes as the chain beside a key. The first byte says whether it is the key of the first
 * certificate. What is taken has the form of the keystore: certificates behind their lengths, that
 * key's own first. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/base/err.h"
#include "core/keys/certificate.h"
#include "io/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int key_of_first(struct lk_bytes pem, uint8_t **der)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *first = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    int len = first != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(first), der) : 0;
    X509_free(first);
    BIO_free(bio);
    ERR_clear_error();
    return len > 0 ? len : 0;
}

static void check_form(const struct lk_chain *chain, struct lk_bytes spki)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(chain->data, chain->len));
    for (unsigned i = 0; lk_cursor_left(&c) > 0; i++) {
        uint32_t len = (uint32_t)lk_cursor_u8(&c) << 16;
        len |= lk_cursor_u16(&c);
        struct lk_bytes certificate = lk_cursor_take(&c, len), key;
        LK_ASSERT(!c.bad && certificate.len > 0);
        if (i > 0 || !lk_certificate_spki(certificate, &key)) continue;
        LK_ASSERT(key.len == spki.len && memcmp(key.data, spki.data, key.len) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    struct lk_bytes pem = lk_bytes_of(data + 1, size - 1);
    uint8_t *der = NULL;
    int len = (data[0] & 1) != 0 ? key_of_first(pem, &der) : 0;
    struct lk_bytes spki = lk_bytes_of(der, (size_t)len);
    struct lk_chain chain;
    lk_err err = lk_chain_read(pem, spki, &chain);
    (void)lk_chain_expiry(pem);
    if (err == LK_OK) {
        LK_ASSERT(len > 0 && chain.len > 3);
        check_form(&chain, spki);
        lk_chain_free(&chain);
    }
    OPENSSL_free(der);
    return 0;
}
