/* Any bytes as a private key file; the first byte picks the passphrase. A key or a fault, never
 * half of one; the same answer each time; and within seconds, whatever the file asks for. */
#include <time.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "crypto/engine_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECONDS_MAX 20 /* of processor time, with a sanitizer */

static enum lk_key_fault parse(struct lk_bytes text, const char *passphrase)
{
    struct lk_key_parts parts;
    enum lk_key_fault fault = lk_key_parse(text.data, text.len, passphrase, &parts);
    int forms = (parts.rsa != NULL) + (parts.ec != NULL) + (parts.ed != NULL);
    LK_ASSERT((unsigned)fault < LK_KEY_FAULT_COUNT);
    LK_ASSERT(forms == (fault == LK_KEY_GOOD ? 1 : 0));
    LK_ASSERT(fault != LK_KEY_GOOD || parts.kind < LK_KEY_KIND_COUNT);
    bool rsa = parts.kind == LK_KEY_RSA || parts.kind == LK_KEY_RSA_PSS;
    LK_ASSERT(fault != LK_KEY_GOOD || rsa == (parts.rsa != NULL));
    LK_ASSERT(parts.algorithm == NULL || parts.kind == LK_KEY_RSA_PSS);
    lk_key_parts_free(&parts);
    return fault;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const passphrases[] = {NULL, "", "sesame", "Sesame"};
    if (size == 0) return 0;
    const char *passphrase = passphrases[data[0] % 4];
    struct lk_bytes text = lk_bytes_of(data + 1, size - 1);
    clock_t before = clock();
    enum lk_key_fault fault = parse(text, passphrase);
    clock_t used = clock() - before;
    LK_ASSERT(used < SECONDS_MAX * CLOCKS_PER_SEC);
    if (used < CLOCKS_PER_SEC / 100) LK_ASSERT(parse(text, passphrase) == fault);
    return 0;
}
