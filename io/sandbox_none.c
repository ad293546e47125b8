/* Sanitizers open files, map memory and trace on their own terms: their builds run unconfined. */
#ifndef LK_JEMALLOC

#include "io/sandbox.h"

#include <sys/resource.h>

void lk_sandbox_dumps_off(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

lk_err lk_sandbox_vault(void)
{
    return LK_OK;
}

lk_err lk_sandbox_front(void)
{
    return LK_OK;
}

lk_err lk_sandbox_front_rings_made(void)
{
    return LK_OK;
}

#endif
