/* taint: does a branch or an address depend on a secret?
 *
 * Secrets are marked undefined for memcheck, which then reports every branch and every address that
 * hangs on them, in the very objects that ship. Public results are marked defined again where they
 * leave. `taint leak` runs variants that leak on purpose: memcheck must report each, or the run says
 * nothing. Source: threat model, how constant time is checked, 2.
 *
 * Usage: valgrind --error-exitcode=9 taint [ROW]     without ROW: all clean rows
 *        valgrind --error-exitcode=9 taint leak ROW  one leaky control */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "core/base/bytes.h"
#include "crypto/ct.h"
#include "crypto/kdf.h"
#include "crypto/rsa/rsa_check.h"
#include "crypto/rsa/rsa_pad.h"

#define K 256

static void secret(void *data, size_t len)
{
    VALGRIND_MAKE_MEM_UNDEFINED(data, len);
}

static void public(void *data, size_t len)
{
    VALGRIND_MAKE_MEM_DEFINED(data, len);
}

/* Bytes that the compiler knows nothing of; the seed is fixed, the values do not matter. */
static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(rand() >> 7);
}

static void premaster_unpads(void)
{
    uint8_t m[K], c[K], n[K], d_hash[32], premaster[LK_PREMASTER_BYTES];
    for (int versions = LK_PREMASTER_TLS; versions <= LK_PREMASTER_BOTH; versions++) {
        fill(m, K), fill(c, K), fill(n, K), fill(d_hash, sizeof d_hash);
        secret(m, K);
        secret(d_hash, sizeof d_hash);
        lk_rsa_premaster(m, c, n, K, d_hash, (enum lk_premaster_versions)versions, premaster);
        public(premaster, sizeof premaster);
    }
}

static void premaster_leaks(void)
{
    uint8_t m[K], c[K], premaster[LK_PREMASTER_BYTES] = {0};
    fill(m, K), fill(c, K);
    secret(m, K);
    if (m[0] == 0 && m[1] == 2) memcpy(premaster, m + K - sizeof premaster, sizeof premaster);
    public(premaster, sizeof premaster);
    if (premaster[0] == 1) puts("");
}

static void master_derives(void)
{
    uint8_t premaster[LK_PREMASTER_BYTES], randoms[64], master[48];
    for (unsigned hash = 0; hash < 3; hash++) {
        fill(premaster, sizeof premaster), fill(randoms, sizeof randoms);
        secret(premaster, sizeof premaster);
        struct lk_piece seed = {randoms, sizeof randoms};
        lk_tls12_prf(hash, premaster, sizeof premaster, "master secret", &seed, 1, master, 48);
        public(master, sizeof master);
    }
}

static void finished_compares(void)
{
    uint8_t want[12], got[12];
    fill(want, sizeof want), fill(got, sizeof got);
    secret(want, sizeof want);
    bool equal = lk_ct_equal(want, got, sizeof want);
    public(&equal, sizeof equal);
    if (equal) puts("equal");
}

static void finished_leaks(void)
{
    uint8_t want[12], got[12];
    fill(want, sizeof want), fill(got, sizeof got);
    secret(want, sizeof want);
    if (lk_bytes_equal(lk_bytes_of(want, sizeof want), lk_bytes_of(got, sizeof got))) puts("equal");
}

/* The check of a decryption works on the plain text: that is a secret. */
static void result_checks(void)
{
    uint8_t n[K], m[K], c[K];
    static const uint8_t e[] = {1, 0, 1};
    uint64_t room[2 * (K / 8)];
    struct lk_rsa_public pub;
    fill(n, K), fill(m, K), fill(c, K);
    n[0] |= 0x80, n[K - 1] |= 1, m[0] = c[0] = 0;
    lk_rsa_public_init(&pub, n, K, e, sizeof e, room);
    secret(m, K);
    bool good = lk_rsa_result_good(&pub, m, c);
    public(&good, sizeof good);
    if (good) puts("good");
}

static const struct row {
    const char *name;
    void (*clean)(void);
    void (*leaky)(void); /* NULL: none of its own */
} rows[] = {
    {"premaster", premaster_unpads, premaster_leaks},
    {"master", master_derives, NULL},
    {"finished", finished_compares, finished_leaks},
    {"result", result_checks, NULL},
};

int main(int argc, char **argv)
{
    bool leak = argc > 1 && strcmp(argv[1], "leak") == 0;
    const char *wanted = argc > 1 + leak ? argv[1 + leak] : NULL;
    if (!RUNNING_ON_VALGRIND) {
        fprintf(stderr, "taint: run it under valgrind\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (wanted != NULL && strcmp(wanted, rows[i].name) != 0) continue;
        void (*run)(void) = leak ? rows[i].leaky : rows[i].clean;
        if (run != NULL) run();
    }
    return 0;
}
