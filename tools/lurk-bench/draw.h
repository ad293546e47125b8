/* draw: fast reproducible random numbers for the load: randoms, ids, choices. Not for keys: these
 * come from libcrypto. One state a thread. */
#ifndef LK_TOOLS_BENCH_DRAW_H
#define LK_TOOLS_BENCH_DRAW_H

#include <stdint.h>
#include <string.h>

struct lk_bench_draw {
    uint64_t state;
};

/* A 64-bit counter walked by an odd step and scattered by two multiplications: passes for random
 * wherever nobody attacks, and never repeats within 2^64 draws. */
static inline uint64_t lk_bench_draw_u64(struct lk_bench_draw *draw)
{
    uint64_t x = draw->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Below n, n > 0; the bias is below n / 2^32. */
static inline uint32_t lk_bench_draw_below(struct lk_bench_draw *draw, uint32_t n)
{
    return (uint32_t)(((lk_bench_draw_u64(draw) >> 32) * n) >> 32);
}

/* In [0, 1). */
static inline double lk_bench_draw_unit(struct lk_bench_draw *draw)
{
    return (double)(lk_bench_draw_u64(draw) >> 11) * 0x1p-53;
}

static inline void lk_bench_draw_bytes(struct lk_bench_draw *draw, uint8_t *out, uint32_t bytes)
{
    while (bytes > 0) {
        uint64_t x = lk_bench_draw_u64(draw);
        uint32_t n = bytes < sizeof(x) ? bytes : (uint32_t)sizeof(x);
        memcpy(out, &x, n);
        out += n;
        bytes -= n;
    }
}

#endif
