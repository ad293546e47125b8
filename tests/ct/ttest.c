/* ttest: is there a difference in time between secrets, by Welch's t-test on the release build?
 * Controls that leak must be seen, or the machine is too noisy for the rest to say anything.
 * Source: threat model, how constant time is checked, 3.
 *
 * Usage: ttest [PART]      of premaster, leaky, 2048, 3072, 4096, decrypt, p256, p384; run by
 * make check-ttest */
#include <stdio.h>
#include <string.h>

#include "crypto/cpu.h"
#include "tests/ct/leaky.h"
#include "tests/ct/ttest.h"
#include "tests/support/draw.h"

static const char *part;
static unsigned passed, failed;

static bool want(const char *name)
{
    return part == NULL || strcmp(part, name) == 0;
}

static void run_kernels(const struct lk_rsa_kernel *kernels, const struct lk_rsa_kernel *leaky)
{
    static const char *const sizes[LK_RSA_CLASS_COUNT] = {"2048", "3072", "4096"};
    if (want("leaky")) lk_ttest_leaky(&leaky[LK_RSA_2048], &passed, &failed);
    for (unsigned i = 0; i < LK_RSA_CLASS_COUNT; i++)
        if (want(sizes[i])) lk_ttest_kernel(&kernels[i], &passed, &failed);
    if (want("decrypt")) lk_ttest_decrypt(&kernels[LK_RSA_2048], &passed, &failed);
}

static void run_signatures(const struct lk_ec_kernel *p256, const struct lk_ec_kernel *p384)
{
    if (want("p256")) lk_ttest_ec(p256, &passed, &failed);
    if (want("p384")) lk_ttest_ec(p384, &passed, &failed);
}

int main(int argc, char **argv)
{
    uint32_t cpu;
    part = argc > 1 && argv[1][0] != 0 ? argv[1] : NULL;
    lk_draw_seed();
    lk_welch_begin();
    if (want("premaster")) lk_ttest_premaster(&passed, &failed);
    if (lk_cpu_features(&cpu), cpu >> LK_CPU_IFMA & 1) {
        run_kernels(lk_rsa_private_x8_ifma, lk_rsa_leaky_x8_ifma);
        run_signatures(&lk_p256_x8_ifma, &lk_p384_x8_ifma);
    } else {
        run_kernels(lk_rsa_private_x2_ref, lk_rsa_leaky_x2_ref);
        run_signatures(&lk_p256_x2_ref, &lk_p384_x2_ref);
    }
    printf("ttest: %u passed, %u failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
