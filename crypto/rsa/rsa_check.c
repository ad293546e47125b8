#include "crypto/rsa/rsa_check.h"

#include <string.h>

#include "crypto/ct.h"

void lk_rsa_public_init(struct lk_rsa_public *pub, const uint8_t *n, size_t k, const uint8_t *e,
                        size_t e_bytes, uint64_t *room)
{
    *pub = (struct lk_rsa_public){.n = n, .e = e, .k = k, .e_bytes = e_bytes};
    lk_mont_init(&pub->mont, n, k, room);
}

/* x := base^e in Montgomery form; the last product is with the plain base when e is odd, which
 * takes the result out of Montgomery form on the way. */
static void raise(const struct lk_rsa_public *pub, uint64_t *x, const uint64_t *base,
                  const uint64_t *plain)
{
    size_t bits = 8 * pub->e_bytes - (size_t)__builtin_clz(pub->e[0]) + 24;
    memcpy(x, base, pub->mont.limbs * sizeof x[0]);
    for (size_t i = bits - 1; i-- > 0;) {
        lk_mont_mul(&pub->mont, x, x, x);
        bool set = (pub->e[pub->e_bytes - 1 - i / 8] >> (i % 8) & 1) != 0;
        if (set) lk_mont_mul(&pub->mont, x, x, i == 0 ? plain : base);
    }
}

bool lk_rsa_result_good(const struct lk_rsa_public *pub, const uint8_t *m, const uint8_t *c)
{
    uint64_t plain[LK_MONT_LIMBS_MAX], base[LK_MONT_LIMBS_MAX], x[LK_MONT_LIMBS_MAX];
    size_t used = pub->mont.limbs * sizeof x[0];
    lk_mont_load(&pub->mont, plain, m, pub->k);
    bool below = lk_mont_is_below(&pub->mont, plain);
    lk_mont_mul(&pub->mont, base, plain, pub->mont.rr);
    raise(pub, x, base, plain);
    lk_mont_load(&pub->mont, base, c, pub->k);
    bool good = lk_mont_equal(&pub->mont, x, base) & below;
    lk_wipe(plain, used);
    lk_wipe(base, used);
    lk_wipe(x, used);
    return good;
}
