/* lane_ifma: eight numbers side by side, one 64-bit lane of a register each, with the multiply-add
 * of AVX-512 IFMA. A product of two digits of 52 bits comes in two halves, each added to 64 bits.
 * For the files compiled with -mavx512ifma only (*_ifma.c). Time independent of values. */
#ifndef LK_CRYPTO_LANE_IFMA_H
#define LK_CRYPTO_LANE_IFMA_H

#include <immintrin.h>
#include <stdint.h>

#define LANES 8
/* Vectors whose points are computed side by side: what one waits for, the other fills. */
#define BESIDE 2
/* Rows are written out: an index that is no constant would put the accumulators into memory. */
#define UNROLL _Pragma("GCC unroll 64")

typedef __m512i lane;

static inline lane lane_zero(void)
{
    return _mm512_setzero_si512();
}
static inline lane lane_all(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}
/* acc + the low, the high 52 bits of x y; of x and y the low 52 bits count. */
static inline lane lane_madd_lo(lane acc, lane x, lane y)
{
    return _mm512_madd52lo_epu64(acc, x, y);
}
static inline lane lane_madd_hi(lane acc, lane x, lane y)
{
    return _mm512_madd52hi_epu64(acc, x, y);
}
static inline lane lane_add(lane a, lane b)
{
    return _mm512_add_epi64(a, b);
}
static inline lane lane_sub(lane a, lane b)
{
    return _mm512_sub_epi64(a, b);
}
static inline lane lane_and(lane a, lane b)
{
    return _mm512_and_si512(a, b);
}
static inline lane lane_or(lane a, lane b)
{
    return _mm512_or_si512(a, b);
}
static inline lane lane_xor(lane a, lane b)
{
    return _mm512_xor_si512(a, b);
}
/* mask ? a : b, bit by bit. One instruction (vpternlog) to a compiler; to MemorySanitizer, which
 * does not know that one, three that it does. */
static inline lane lane_select(lane mask, lane a, lane b)
{
    return lane_xor(b, lane_and(mask, lane_xor(a, b)));
}
/* Some of the lanes. */
typedef __mmask8 lane_choice;
/* Those in which a and b are equal. */
static inline lane_choice choice_equal(lane a, lane b)
{
    return _mm512_cmpeq_epi64_mask(a, b);
}
/* The same choice, for what comes after x was made by it: who asks the mask register later hears
 * what x was made by. With gcc: see lane_keep. */
static inline lane_choice choice_after(lane_choice chosen, lane *x)
{
#ifndef __clang__
    __asm__("" : "+Yk"(chosen), "+v"(*x));
#else
    (void)x;
#endif
    return chosen;
}
/* a - b in the lanes that are chosen, else b. */
static inline lane lane_sub_where(lane_choice chosen, lane a, lane b)
{
    return _mm512_mask_sub_epi64(b, chosen, a, b);
}
/* ~x in the lanes that are chosen, else x. */
static inline lane lane_not_where(lane_choice chosen, lane x)
{
    return _mm512_mask_xor_epi64(x, chosen, x, lane_all(UINT64_MAX));
}
/* x / 2^52 of a signed x, rounded down. */
static inline lane lane_carry(lane x)
{
    return _mm512_srai_epi64(x, 52);
}
/* x 2^n, x / 2^n of an unsigned x; n is public. */
static inline lane lane_shl(lane x, unsigned n)
{
    return _mm512_sll_epi64(x, _mm_cvtsi32_si128((int)n));
}
static inline lane lane_shr(lane x, unsigned n)
{
    return _mm512_srl_epi64(x, _mm_cvtsi32_si128((int)n));
}
/* x / 2^n of a signed x, rounded down; n from 1 to 63. */
static inline lane lane_sra(lane x, unsigned n)
{
    return _mm512_sra_epi64(x, _mm_cvtsi32_si128((int)n));
}
/* x y of signed numbers of 32 bits. */
static inline lane lane_mul32(lane x, lane y)
{
    return _mm512_mul_epi32(x, y);
}
/* The lower four lanes for the upper four. */
static inline lane lane_swap(lane x)
{
    return _mm512_shuffle_i64x2(x, x, 0x4e);
}
/* All ones in the lower half of the lanes. */
static inline lane lane_lower(void)
{
    return _mm512_set_epi64(0, 0, 0, 0, -1, -1, -1, -1);
}
/* Lane l: what lane l + by has, modulo LANES. */
static inline lane lane_down(lane x, unsigned by)
{
    const lane own = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_permutexvar_epi64(_mm512_add_epi64(own, lane_all(by)), x);
}
/* From here on x is in a register: the compiler would read it from memory once for each half of a
 * product, and reading is what this code has no room for. */
static inline lane lane_keep(lane x)
{
#ifndef __clang__ /* whose sanitizer takes an asm for a use */
    __asm__("" : "+v"(x));
#endif
    return x;
}

/* These files are compiled with -mno-vzeroupper, since a squaring is ten calls: code that uses the
 * narrow registers next would wait for the wide ones. */
static inline void lanes_leave(void)
{
    _mm256_zeroupper();
}

/* --- tables of 16 numbers, each lane its own ----------------------------------------------------
 */

/* Entries of one digit: of lane 0 first, 16 a lane. One register holds eight entries of one lane,
 * and one permutation of two registers picks one of sixteen in constant time: eight permutations a
 * digit where a scan would take 128 steps. */
#define TABLE_ROW (16 * LANES) /* words of a digit */

static inline __mmask8 mask_keep(__mmask8 m)
{
#ifndef __clang__
    __asm__("" : "+Yk"(m)); /* stays in its register: making it anew costs a permutation */
#endif
    return m;
}

/* Being picked, lane by lane: each permutation writes one lane, into the register that still has
 * the indices of the lanes to come. The first writes all lanes and keeps its own, for want of an
 * eighth mask register. */
struct picking {
    lane first, rest;
};

static inline struct picking picking_begin(lane index)
{
    return (struct picking){index, index};
}
/* Lane i: the one of its entries that its index names in the low four bits. */
static inline void picking_step(struct picking *p, const uint64_t *row, int i)
{
    const lane *at = (const lane *)(const void *)row + 2 * i;
    if (i == 0)
        p->first = _mm512_permutex2var_epi64(at[0], p->first, at[1]);
    else
        p->rest = _mm512_mask2_permutex2var_epi64(at[0], p->rest, mask_keep((__mmask8)(1 << i)),
                                                  at[1]);
}
static inline lane picking_end(const struct picking *p)
{
    return lane_select(_mm512_set_epi64(0, 0, 0, 0, 0, 0, 0, -1), p->first, p->rest);
}

/* Four pairs of entries of lanes l, l + 2, l + 4, l + 6 into the places of these lanes. */
static inline void put_lanes(lane *at, lane a, lane b, lane c, lane d)
{
    lane ab = _mm512_shuffle_i64x2(a, b, 0x88), cd = _mm512_shuffle_i64x2(c, d, 0x88);
    at[0] = _mm512_shuffle_i64x2(ab, cd, 0x88);
    at[2 * 4] = _mm512_shuffle_i64x2(ab, cd, 0xdd);
    ab = _mm512_shuffle_i64x2(a, b, 0xdd), cd = _mm512_shuffle_i64x2(c, d, 0xdd);
    at[2 * 2] = _mm512_shuffle_i64x2(ab, cd, 0x88);
    at[2 * 6] = _mm512_shuffle_i64x2(ab, cd, 0xdd);
}

/* Entries 8 block .. 8 block + 7 of a digit, lanes side by side, into its row. */
static inline void table_put(uint64_t *row, unsigned block, const lane e[8])
{
    lane *at = (lane *)(void *)row + block;
    put_lanes(at, _mm512_unpacklo_epi64(e[0], e[1]), _mm512_unpacklo_epi64(e[2], e[3]),
              _mm512_unpacklo_epi64(e[4], e[5]), _mm512_unpacklo_epi64(e[6], e[7]));
    put_lanes(at + 2, _mm512_unpackhi_epi64(e[0], e[1]), _mm512_unpackhi_epi64(e[2], e[3]),
              _mm512_unpackhi_epi64(e[4], e[5]), _mm512_unpackhi_epi64(e[6], e[7]));
}

#endif
