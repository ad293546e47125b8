/* Any bytes as a key file: PEM blocks, and as DER. What is taken says the same when it is written
 * and read again. */
#include <openssl/err.h>

#include "tools/provider/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_der(struct lk_bytes der)
{
    struct lk_keyfile file, again;
    char why[LK_KEYFILE_WHY_BYTES];
    if (lk_keyfile_parse(der, &file, why) != LK_OK) {
        LK_ASSERT(why[0] != 0 && memchr(why, '\n', strlen(why)) == NULL);
        return;
    }
    uint8_t out[LK_KEYFILE_BYTES_MAX];
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_keyfile_write(&w, &file);
    LK_ASSERT(!w.bad && w.len == der.len);
    LK_ASSERT(lk_keyfile_parse(lk_bytes_of(out, w.len), &again, why) == LK_OK);
    LK_ASSERT(again.mode == file.mode && again.fallback == file.fallback &&
              lk_bytes_equal(again.agent, file.agent) && lk_bytes_equal(again.spki, file.spki));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)lk_keyfile_is(lk_bytes_of(data, size));
    check_der(lk_bytes_of(data, size));
    BIO *bio = BIO_new_mem_buf(data, (int)size);
    uint8_t *der;
    for (size_t len; lk_keyfile_pem_read(bio, &der, &len);) {
        if (der != NULL) check_der(lk_bytes_of(der, len));
        OPENSSL_free(der);
    }
    LK_ASSERT(ERR_peek_error() == 0);
    BIO_free(bio);
    return 0;
}
