/* pick_ifma: one entry of 32 or 64 for each lane, from a table that all lanes share. Two registers
 * hold sixteen entries of one digit, of which one permutation gives each lane the one it names, in
 * constant time: two or four permutations, and choices by the upper bits of the index. */
#ifndef LK_CRYPTO_EC_PICK_IFMA_H
#define LK_CRYPTO_EC_PICK_IFMA_H

#include "crypto/lane_ifma.h"

struct pick {
    lane index; /* below the number of entries */
    __mmask8 bit4, bit5;
};

static inline struct pick pick_begin(lane index)
{
    return (struct pick){index, _mm512_test_epi64_mask(index, _mm512_set1_epi64(16)),
                         _mm512_test_epi64_mask(index, _mm512_set1_epi64(32))};
}

/* Of row[entries]: 32 or 64. */
static inline lane pick_entry(const struct pick *pick, const uint64_t *row, unsigned entries)
{
    const lane *at = (const lane *)(const void *)row;
    lane a = _mm512_permutex2var_epi64(at[0], pick->index, at[1]);
    lane b = _mm512_permutex2var_epi64(at[2], pick->index, at[3]);
    lane ab = _mm512_mask_blend_epi64(pick->bit4, a, b);
    if (entries == 32) return ab;
    lane c = _mm512_permutex2var_epi64(at[4], pick->index, at[5]);
    lane d = _mm512_permutex2var_epi64(at[6], pick->index, at[7]);
    return _mm512_mask_blend_epi64(pick->bit5, ab, _mm512_mask_blend_epi64(pick->bit4, c, d));
}

#endif
