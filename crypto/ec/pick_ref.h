/* pick_ref: what pick_ifma.h offers, by looking at all entries. */
#ifndef LK_CRYPTO_EC_PICK_REF_H
#define LK_CRYPTO_EC_PICK_REF_H

#include "crypto/lane_ref.h"

struct pick {
    lane index;
};

static inline struct pick pick_begin(lane index)
{
    return (struct pick){index};
}

static inline lane pick_entry(const struct pick *pick, const uint64_t *row, unsigned entries)
{
    lane r = lane_zero();
    for (uint64_t entry = 0; entry < entries; entry++)
        for (int i = 0; i < LANES; i++)
            r.x[i] |= row[entry] & (0 - (((entry ^ pick->index.x[i]) - 1) >> 63));
    return r;
}

#endif
