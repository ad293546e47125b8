#include "core/base/clock.h"

#include <time.h>

uint64_t lk_clock_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * LK_NS_PER_S + (uint64_t)t.tv_nsec;
}

int64_t lk_clock_unix_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec;
}

int64_t lk_clock_unix_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * (int64_t)LK_NS_PER_S + t.tv_nsec;
}
