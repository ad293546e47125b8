/* msan: does a branch or an address of the AVX-512 kernels depend on a secret?
 *
 * The sources that ship, compiled by clang with MemorySanitizer and run as they are run in a
 * server; secrets are marked uninitialised. It ends the process at the first branch or address
 * that hangs on one. libcrypto and the tests' keys are not instrumented: no secret goes there
 * marked. Rows that leak on purpose must be reported, or the run says nothing. What the production
 * compiler made of the same sources: taint.c, and tests/support/scan-kernels.py.
 * Source: threat model, how constant time is checked, 1.
 *
 * Usage: rows.h; run by tests/support/run-taint.sh with MSAN_OPTIONS=exit_code=9 */
#include <sanitizer/msan_interface.h>
#include <stdio.h>

#include "crypto/cpu.h"
#include "tests/ct/leaky.h"
#include "tests/ct/rows.h"
#include "tests/ct/secret_ec.h"
#include "tests/ct/secret_ecdh.h"
#include "tests/ct/secret_run.h"
#include "tests/support/rsa_bank.h"

static void secret(const void *data, size_t len)
{
    __msan_poison(data, len);
}

static void public(const void *data, size_t len)
{
    __msan_unpoison(data, len);
}

static bool is_secret(const void *data, size_t len)
{
    return __msan_test_shadow(data, len) >= 0;
}

/* What C functions like memcmp are given is looked at too, but not while libcrypto calls them:
 * what that has written counts as unwritten. */
static void watch(bool on)
{
    if (on)
        __msan_scoped_enable_interceptor_checks();
    else
        __msan_scoped_disable_interceptor_checks();
}

static const struct lk_marker msan = {secret, public, is_secret, watch};

/* One request, a full group, one more, all; and such as stand apart. */
static void private_runs(const struct lk_rsa_kernel *kernel)
{
    static const uint64_t lives[] = {0x01, 0x0f, 0x1f, 0xff, 0x96};
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++)
        lk_secret_run(kernel, &msan, lives[i], LK_BANK_KEYS_MAX);
}

static void private_2048(void)
{
    private_runs(&lk_rsa_private_x8_ifma[LK_RSA_2048]);
}

static void private_3072(void)
{
    private_runs(&lk_rsa_private_x8_ifma[LK_RSA_3072]);
}

static void private_4096(void)
{
    private_runs(&lk_rsa_private_x8_ifma[LK_RSA_4096]);
}

/* A request, a vector, a pair and one alone, all. */
static void signs(const struct lk_ec_kernel *kernel)
{
    static const unsigned counts[] = {1, 8, 19, 64};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        lk_secret_ec(kernel, &msan, counts[i], 4);
}

static void sign_p256(void)
{
    signs(&lk_p256_x8_ifma);
}

static void sign_p384(void)
{
    signs(&lk_p384_x8_ifma);
}

static void agreements(const struct lk_ecdh_kernel *kernel)
{
    static const unsigned counts[] = {2, 8, 19, 64};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        lk_secret_ecdh(kernel, &msan, counts[i], 2);
}

static void agree_x25519(void)
{
    agreements(&lk_x25519_x8_ifma);
}

static void agree_p256(void)
{
    agreements(&lk_p256_ecdh_x8_ifma);
}

static void agree_p384(void)
{
    agreements(&lk_p384_ecdh_x8_ifma);
}

static void run_control(enum lk_leak which)
{
    lk_leak = which;
    lk_secret_run(&lk_rsa_leaky_x8_ifma[LK_RSA_2048], &msan, 1, 1);
}

/* What is found in the controls is their leak: without one they are clean. */
static void private_no_leak(void)
{
    run_control(LK_LEAK_NONE);
}

static void private_lookup(void)
{
    run_control(LK_LEAK_LOOKUP);
}

static void private_gather(void)
{
    run_control(LK_LEAK_GATHER);
}

static void private_branch(void)
{
    run_control(LK_LEAK_BRANCH);
}

static void private_jump(void)
{
    run_control(LK_LEAK_JUMP);
}

static void private_division(void)
{
    run_control(LK_LEAK_DIVISION);
}

static void private_early_out(void)
{
    run_control(LK_LEAK_EARLY_OUT);
}

static void private_borrow(void)
{
    run_control(LK_LEAK_BORROW);
}

static const struct lk_row rows[] = {
    {"sign_p256", sign_p256, NULL},
    {"sign_p384", sign_p384, NULL},
    {"agree_x25519", agree_x25519, NULL},
    {"agree_p256", agree_p256, NULL},
    {"agree_p384", agree_p384, NULL},
    {"private_2048", private_2048, NULL},
    {"private_3072", private_3072, NULL},
    {"private_4096", private_4096, NULL},
    {"private_control", private_no_leak, NULL},
    {"private_lookup", NULL, private_lookup},
    {"private_gather", NULL, private_gather},
    {"private_branch", NULL, private_branch},
    {"private_jump", NULL, private_jump},
    {"private_division", NULL, private_division},
    {"private_early_out", NULL, private_early_out},
    {"private_borrow", NULL, private_borrow},
};

int main(int argc, char **argv)
{
    uint32_t cpu = 0; /* what writes it is not instrumented */
    watch(false);
    lk_cpu_features(&cpu);
    if ((cpu >> LK_CPU_IFMA & 1) == 0) {
        printf("skip this CPU has no AVX-512 IFMA\n");
        return 0;
    }
    return lk_rows_main(rows, sizeof rows / sizeof rows[0], argc, argv);
}
