/* p256_invert: 1 / z mod p and 1 / k mod n side by side, by Fermat. */
#include "crypto/ec/p256_order.inc.c"

struct inverting {
    lane z[DIGITS], k[DIGITS]; /* in Montgomery form, loose, below 4; then their inverses */
    lane z_power[16][DIGITS], k_power[16][DIGITS];
};

static unsigned nibble(const uint64_t *m, unsigned at)
{
    uint64_t word = m[at * 4 / 52];
    if (at < 13) word -= 2;
    return (unsigned)(word >> (at * 4 % 52)) & 15;
}

static void invert(struct inverting *x)
{
    fe_constant(x->z_power[0], lk_p256.p_r);
    fe_constant(x->k_power[0], lk_p256.n_r);
    for (unsigned i = 1; i < 16; i++) {
        fe_mul(x->z_power[i], x->z_power[i - 1], x->z);
        order_mul(x->k_power[i], x->k_power[i - 1], x->k);
    }
    fe_copy(x->z, x->z_power[15]);
    fe_copy(x->k, x->k_power[15]);
    for (unsigned at = 63; at-- > 0;) {
        for (unsigned i = 0; i < 4; i++) {
            fe_square(x->z, x->z);
            order_square(x->k, x->k);
        }
        fe_mul(x->z, x->z, x->z_power[nibble(lk_p256.p[1], at)]);
        order_mul(x->k, x->k, x->k_power[nibble(lk_p256.n[1], at)]);
    }
}
