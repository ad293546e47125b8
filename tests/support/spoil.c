#include "tests/support/spoil.h"

#include <stdatomic.h>
#include <string.h>

static struct lk_rsa_kernel real[LK_RSA_CLASS_COUNT];
static _Atomic unsigned left;

static bool take_one(void)
{
    unsigned now = atomic_load(&left);
    while (now > 0 && !atomic_compare_exchange_weak(&left, &now, now - 1))
        ;
    return now > 0;
}

static uint64_t private_of(enum lk_rsa_class size, void *work, const struct lk_rsa_job *job, uint64_t live)
{
    uint64_t right = real[size].private(work, job, live);
    for (unsigned i = 0; i < real[size].requests; i++) {
        if ((right >> i & 1) == 0 || !take_one()) continue;
        memset(job[i].m, 0, job[i].key->k);
        right &= ~(UINT64_C(1) << i);
    }
    return right;
}

#define PRIVATE(size)                                                                             \
    static uint64_t private_##size(void *work, const struct lk_rsa_job *job, uint64_t live)       \
    {                                                                                             \
        return private_of(LK_RSA_##size, work, job, live);                                       \
    }
PRIVATE(2048)
PRIVATE(3072)
PRIVATE(4096)

void lk_spoil_kernels(struct lk_rsa_kernel to[LK_RSA_CLASS_COUNT],
                      const struct lk_rsa_kernel from[LK_RSA_CLASS_COUNT])
{
    memcpy(real, from, sizeof real);
    memcpy(to, from, sizeof real);
    to[LK_RSA_2048].private = private_2048;
    to[LK_RSA_3072].private = private_3072;
    to[LK_RSA_4096].private = private_4096;
}

void lk_spoil_next(unsigned results)
{
    atomic_store(&left, results);
}

unsigned lk_spoil_left(void)
{
    return atomic_load(&left);
}
