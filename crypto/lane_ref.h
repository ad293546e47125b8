/* lane_ref: what lane_ifma.h offers, over two lanes in plain C: the model that the kernels are held
 * against, that memcheck can run, and that shows what the instructions do. One request has two
 * lanes, one for each prime.
 * Time independent of values, where a 64-bit multiplication is. */
#ifndef LK_CRYPTO_LANE_REF_H
#define LK_CRYPTO_LANE_REF_H

#include <stdint.h>

#define LANES 2
#define BESIDE 1 /* nothing waits here (lane_ifma.h) */
#define UNROLL

typedef struct {
    uint64_t x[LANES];
} lane;

#define LANE_MASK ((UINT64_C(1) << 52) - 1)
#define EACH_LANE(expression)                                                                      \
    lane r;                                                                                        \
    for (int i = 0; i < LANES; i++)                                                                \
        r.x[i] = (expression);                                                                     \
    return r

static inline lane lane_zero(void)
{
    EACH_LANE(0);
}
static inline lane lane_all(uint64_t x)
{
    EACH_LANE(x);
}
static inline lane lane_madd_lo(lane acc, lane a, lane b)
{
    EACH_LANE(
        acc.x[i] +
        ((uint64_t)((unsigned __int128)(a.x[i] & LANE_MASK) * (b.x[i] & LANE_MASK)) & LANE_MASK));
}
static inline lane lane_madd_hi(lane acc, lane a, lane b)
{
    EACH_LANE(acc.x[i] +
              (uint64_t)(((unsigned __int128)(a.x[i] & LANE_MASK) * (b.x[i] & LANE_MASK)) >> 52));
}
static inline lane lane_add(lane a, lane b)
{
    EACH_LANE(a.x[i] + b.x[i]);
}
static inline lane lane_sub(lane a, lane b)
{
    EACH_LANE(a.x[i] - b.x[i]);
}
static inline lane lane_and(lane a, lane b)
{
    EACH_LANE(a.x[i] & b.x[i]);
}
static inline lane lane_or(lane a, lane b)
{
    EACH_LANE(a.x[i] | b.x[i]);
}
static inline lane lane_xor(lane a, lane b)
{
    EACH_LANE(a.x[i] ^ b.x[i]);
}
static inline lane lane_select(lane mask, lane a, lane b)
{
    EACH_LANE(b.x[i] ^ (mask.x[i] & (a.x[i] ^ b.x[i])));
}
typedef lane lane_choice; /* all ones where chosen */
static inline lane_choice choice_equal(lane a, lane b)
{
    EACH_LANE((((a.x[i] - b.x[i]) | (b.x[i] - a.x[i])) >> 63) - 1);
}
static inline lane_choice choice_after(lane_choice chosen, lane *x)
{
    (void)x;
    return chosen;
}
static inline lane lane_sub_where(lane_choice chosen, lane a, lane b)
{
    return lane_select(chosen, lane_sub(a, b), b);
}
static inline lane lane_not_where(lane_choice chosen, lane a)
{
    return lane_xor(a, chosen);
}
static inline lane lane_carry(lane a)
{
    EACH_LANE((uint64_t)((int64_t)a.x[i] >> 52));
}
static inline lane lane_shl(lane a, unsigned n)
{
    EACH_LANE(a.x[i] << n);
}
static inline lane lane_shr(lane a, unsigned n)
{
    EACH_LANE(a.x[i] >> n);
}
static inline lane lane_sra(lane a, unsigned n)
{
    EACH_LANE(a.x[i] >> n | (0 - (a.x[i] >> 63)) << (64 - n));
}
static inline lane lane_mul32(lane a, lane b)
{
    EACH_LANE((uint64_t)((int64_t)(int32_t)a.x[i] * (int32_t)b.x[i]));
}
static inline lane lane_swap(lane a)
{
    EACH_LANE(a.x[LANES - 1 - i]);
}
static inline lane lane_lower(void)
{
    EACH_LANE(i < LANES / 2 ? ~UINT64_C(0) : 0);
}
static inline lane lane_down(lane a, unsigned by)
{
    EACH_LANE(a.x[((unsigned)i + by) % LANES]);
}
static inline lane lane_keep(lane a)
{
    return a;
}

static inline void lanes_leave(void)
{
}

#define TABLE_ROW (16 * LANES)

static inline uint64_t entry_pick(const uint64_t *entry, uint64_t index)
{
    uint64_t r = 0;
    for (uint64_t i = 0; i < 16; i++)
        r |= entry[i] & (0 - (((i ^ index) - 1) >> 63));
    return r;
}
struct picking {
    lane x; /* the index, then the entry */
};

static inline struct picking picking_begin(lane index)
{
    return (struct picking){index};
}
static inline void picking_step(struct picking *p, const uint64_t *row, int i)
{
    p->x.x[i] = entry_pick(row + 16 * i, p->x.x[i]);
}
static inline lane picking_end(const struct picking *p)
{
    return p->x;
}

static inline void table_put(uint64_t *row, unsigned block, const lane entry[8])
{
    for (unsigned i = 0; i < LANES; i++)
        for (unsigned j = 0; j < 8; j++)
            row[16 * i + 8 * block + j] = entry[j].x[i];
}

#endif
