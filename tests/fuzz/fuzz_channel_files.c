/* Any bytes as one of the channel's own files, picked by the first byte; the others are good. A
 * context, or a sentence for the operator. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "io/session.h"
#include "tests/support/dtls_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lk_view_files good;

static void open_good(void)
{
    if (good.key.len > 0) return;
    good = (struct lk_view_files){.certificate = lk_test_pki_file("server.crt"),
                                  .key = lk_test_pki_file("server.key"),
                                  .ca = lk_test_pki_file("ca.crt"),
                                  .crl = lk_test_pki_file("crl.pem")};
    atexit(lk_test_pki_gone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    open_good();
    struct lk_view_files files = good;
    struct lk_bytes *const which[] = {&files.certificate, &files.key, &files.ca, &files.crl};
    *which[data[0] % 4] = lk_bytes_of(data + 1, size - 1);
    char error[512] = "";
    SSL_CTX *ctx = NULL;
    enum lk_session_kind kind = (data[0] & 4) != 0 ? LK_SESSION_DTLS : LK_SESSION_TLS;
    lk_err err = lk_session_context(kind, &files, &ctx, error, sizeof error);
    LK_ASSERT((err == LK_OK) == (ctx != NULL));
    LK_ASSERT(err == LK_OK || (error[0] != 0 && memchr(error, 0, sizeof error) != NULL));
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return 0;
}
