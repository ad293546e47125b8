/* What libcrypto frees is wiped by then: free is replaced in this program and looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tools/lurk-agent/heap.h"

void __real_free(void *data);
void __wrap_free(void *data);

static const void *watched;
static size_t watched_bytes, dirty, frees;

void __wrap_free(void *data)
{
    if (data != NULL && data == watched) {
        for (size_t i = 0; i < watched_bytes; i++)
            dirty += ((const unsigned char *)data)[i] != 0;
        frees++;
        watched = NULL;
    }
    __real_free(data);
}

static unsigned char *secret(size_t bytes)
{
    unsigned char *data = OPENSSL_malloc(bytes);
    assert_non_null(data);
    memset(data, 0xa7, bytes);
    watched = data;
    watched_bytes = bytes;
    dirty = frees = 0;
    return data;
}

static void heap_wipes_what_is_freed(void **state)
{
    (void)state;
    OPENSSL_free(secret(1000));
    assert_int_equal(frees, 1);
    assert_int_equal(dirty, 0);
}

static void heap_wipes_what_is_moved(void **state)
{
    (void)state;
    unsigned char *data = OPENSSL_realloc(secret(100), 100000);
    assert_non_null(data);
    assert_int_equal(frees, 1);
    assert_int_equal(dirty, 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(data[i], 0xa7);
    OPENSSL_free(data);
    assert_null(OPENSSL_realloc(secret(10), 0)); /* that is a free, too */
    assert_int_equal(frees, 1);
    assert_int_equal(dirty, 0);
}

static void heap_serves_libcrypto(void **state)
{
    (void)state;
    unsigned char digest[32];
    unsigned len = 0;
    assert_int_equal(EVP_Digest("abc", 3, digest, &len, EVP_sha256(), NULL), 1);
    assert_int_equal(digest[0], 0xba);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heap_wipes_what_is_freed),
        cmocka_unit_test(heap_wipes_what_is_moved),
        cmocka_unit_test(heap_serves_libcrypto),
    };
    if (!lk_heap_wipes()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
