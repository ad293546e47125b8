#include "crypto/poo_scalar.h"

#include "crypto/ct.h"
#include "crypto/poo_curve.h"

#define LIMBS 9 /* 576 bits: room for 8 q, whose q has 521 at most */

_Static_assert(LIMBS * 8 > LK_POO_SCALAR_BYTES_MAX, "8 q fits");

struct number {
    uint64_t limb[LIMBS]; /* least first */
};

static void number_read(struct number *x, const uint8_t *bytes, size_t width)
{
    *x = (struct number){0};
    for (size_t i = 0; i < width; i++) {
        size_t at = width - 1 - i;
        x->limb[i / 8] |= (uint64_t)bytes[at] << (i % 8 * 8);
    }
}

static void number_write(const struct number *x, uint8_t *bytes, size_t width)
{
    for (size_t i = 0; i < width; i++)
        bytes[width - 1 - i] = (uint8_t)(x->limb[i / 8] >> (i % 8 * 8));
}

/* x += y & mask. No carry leaves the top limb: numbers are below 16 q. */
static void number_add(struct number *x, const struct number *y, uint64_t mask)
{
    unsigned __int128 sum = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        sum += (unsigned __int128)x->limb[i] + (y->limb[i] & mask);
        x->limb[i] = (uint64_t)sum;
        sum >>= 64;
    }
}

/* x -= y. Returns ~0 where that went below zero (x is then x - y + 2^576), else 0. */
static uint64_t number_subtract(struct number *x, const struct number *y)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        unsigned __int128 less = (unsigned __int128)x->limb[i] - y->limb[i] - borrow;
        x->limb[i] = (uint64_t)less;
        borrow = (uint64_t)(less >> 64) & 1u;
    }
    return 0u - borrow;
}

/* x := x mod y where x < 2 y. */
static void number_reduce(struct number *x, const struct number *y)
{
    uint64_t below = number_subtract(x, y);
    __asm__("" : "+r"(below)); /* the compiler may not make a branch of the mask */
    number_add(x, y, below);
}

/* x := x mod q where x < 8 q. */
static void number_reduce_8(struct number *x, const struct number *q)
{
    struct number multiple = *q;
    number_add(&multiple, &multiple, ~UINT64_C(0)); /* 2 q */
    struct number four = multiple;
    number_add(&four, &four, ~UINT64_C(0));
    number_reduce(x, &four);
    number_reduce(x, &multiple);
    number_reduce(x, q);
}

uint32_t lk_poo_scalar_in_range(const uint8_t *x, const uint8_t *q, size_t width)
{
    struct number a, order;
    uint32_t any = 0;
    number_read(&a, x, width);
    number_read(&order, q, width);
    for (size_t i = 0; i < width; i++)
        any |= x[i];
    uint32_t below = (uint32_t)number_subtract(&a, &order);
    LK_WIPE(a);
    return below & ~lk_ct_is_zero(any);
}

void lk_poo_scalar_response(const uint8_t *q, size_t width, const uint8_t *b, const uint8_t *v,
                            const uint8_t *c, size_t c_bytes, uint8_t *r)
{
    struct number order, secret, product = {0}, result;
    number_read(&order, q, width);
    number_read(&secret, b, width);
    number_read(&result, v, width);
    number_reduce_8(&secret, &order);
    for (size_t bit = 0; bit < 8 * c_bytes; bit++) { /* product := b c mod q, from the top */
        uint64_t taken = UINT64_C(0) - ((uint64_t)c[bit / 8] >> (7 - bit % 8) & 1u);
        number_add(&product, &product, ~UINT64_C(0));
        number_reduce(&product, &order);
        number_add(&product, &secret, taken);
        number_reduce(&product, &order);
    }
    number_add(&result, &order, number_subtract(&result, &product));
    number_write(&result, r, width);
    LK_WIPE(secret);
    LK_WIPE(product);
    LK_WIPE(result);
}

void lk_poo_scalar_fold(const uint8_t *q, size_t width, const uint8_t *k, uint32_t negative,
                        uint8_t *out)
{
    struct number x, minus;
    number_read(&minus, q, width);
    number_read(&x, k, width);
    number_reduce_8(&x, &minus);
    (void)number_subtract(&minus, &x);
    uint64_t mask = (uint64_t)lk_ct_barrier(negative) | (uint64_t)lk_ct_barrier(negative) << 32;
    for (size_t i = 0; i < LIMBS; i++)
        x.limb[i] ^= (x.limb[i] ^ minus.limb[i]) & mask;
    number_write(&x, out, width);
    LK_WIPE(x);
    LK_WIPE(minus);
}
