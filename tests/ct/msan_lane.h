/* msan_lane: lane_ifma.h for MemorySanitizer, read before a kernel's source (-include). Of a sum it
 * takes those bits for marked that were marked in what is added, and a carry out of them for
 * unmarked. Here a carry is marked wherever any bit of its lane was; marked numbers are so from the
 * lowest bit to the 52nd, so that no other operation needs it. */
#ifndef LK_TESTS_CT_MSAN_LANE_H
#define LK_TESTS_CT_MSAN_LANE_H

#include <sanitizer/msan_interface.h>

#include "crypto/lane_ifma.h"

static inline lane lane_carry_marked(lane x)
{
    lane carry = lane_carry(x);
    for (int i = 0; i < LANES; i++)
        if (__msan_test_shadow((uint64_t *)(void *)&x + i, sizeof(uint64_t)) >= 0)
            __msan_poison((uint64_t *)(void *)&carry + i, sizeof(uint64_t));
    return carry;
}
#define lane_carry lane_carry_marked

#endif
