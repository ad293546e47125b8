/* ct: the few operations that code near a secret may use to choose, compare and forget.
 * Time depends on lengths only. Allocates nothing. Thread any. */
#ifndef LK_CRYPTO_CT_H
#define LK_CRYPTO_CT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Overwrites, in a way no compiler may drop. */
void lk_wipe(void *data, size_t len);
#define LK_WIPE(x) lk_wipe(&(x), sizeof(x))

/* a[len] = b[len] ? The result is public. */
bool lk_ct_equal(const void *a, const void *b, size_t len);

/* All ones when x is zero, else zero; and the like. Masks are 0 or ~0. */
static inline uint32_t lk_ct_barrier(uint32_t x)
{
    __asm__("" : "+r"(x)); /* the compiler may not reason about x from here on */
    return x;
}
static inline uint32_t lk_ct_is_zero(uint32_t x)
{
    x = lk_ct_barrier(x);
    return 0u - ((~x & (x - 1u)) >> 31);
}
static inline uint32_t lk_ct_is_equal(uint32_t a, uint32_t b)
{
    return lk_ct_is_zero(a ^ b);
}
/* mask ? a : b */
static inline uint32_t lk_ct_select(uint32_t mask, uint32_t a, uint32_t b)
{
    return b ^ (lk_ct_barrier(mask) & (a ^ b));
}

#endif
