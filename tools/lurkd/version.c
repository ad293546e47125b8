#include "tools/lurkd/version.h"

#include <openssl/crypto.h>
#include <sys/utsname.h>

#include "crypto/cpu.h"
#include "crypto/crypto.h"

int lk_lurkd_version(FILE *to)
{
    fprintf(to, "lurkd %s\ncommit   %s\nbuild    %s, %s\n", LK_VERSION, LK_COMMIT, LK_CONFIG,
            __VERSION__);
    fprintf(to, "library  %s; liburing %s\n", OpenSSL_version(OPENSSL_VERSION), LK_LIBURING);
    struct utsname host;
    if (uname(&host) == 0)
        fprintf(to, "host     %s %s %s\n", host.sysname, host.release, host.machine);
    uint32_t mask = 0;
    char features[128];
    if (!lk_cpu_features(&mask))
        fprintf(to, "warning  LURK_CPU names a feature that does not exist\n");
    lk_cpu_text(mask, features, sizeof features);
    fprintf(to, "cpu      %s\n", features);
    struct lk_kernels kernels;
    const char *failed = NULL;
    if (!lk_kernels_choose(&kernels, &failed)) {
        fprintf(to, "kernels  self-test failed: %s\n", failed);
        return 1;
    }
    for (int i = 0; i < LK_ROW_COUNT; i++)
        fprintf(to, "kernel   %-12s %-8s lanes %u\n", kernels.row[i].name, kernels.row[i].isa,
                kernels.row[i].lanes_max);
    return 0;
}
