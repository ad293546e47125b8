#include "core/keys/scheme.h"

#define KIND(k) (UINT32_C(1) << LK_KEY_##k)
#define EC_KINDS (KIND(P256) | KIND(P384) | KIND(P521))

static const struct lk_scheme_row rows[] = {
    {0x0401, LK_SHA256, LK_SCHEME_PKCS1, KIND(RSA), 0},
    {0x0403, LK_SHA256, LK_SCHEME_DIGEST, EC_KINDS, KIND(P256)},
    {0x0501, LK_SHA384, LK_SCHEME_PKCS1, KIND(RSA), 0},
    {0x0503, LK_SHA384, LK_SCHEME_DIGEST, EC_KINDS, KIND(P384)},
    {0x0601, LK_SHA512, LK_SCHEME_PKCS1, KIND(RSA), 0},
    {0x0603, LK_SHA512, LK_SCHEME_DIGEST, EC_KINDS, KIND(P521)},
    {0x0804, LK_SHA256, LK_SCHEME_PSS, KIND(RSA), KIND(RSA)},
    {0x0805, LK_SHA384, LK_SCHEME_PSS, KIND(RSA), KIND(RSA)},
    {0x0806, LK_SHA512, LK_SCHEME_PSS, KIND(RSA), KIND(RSA)},
    {0x0807, LK_SCHEME_HASH_INSIDE, LK_SCHEME_TEXT, KIND(ED25519), KIND(ED25519)},
    {0x0808, LK_SCHEME_HASH_INSIDE, LK_SCHEME_TEXT, KIND(ED448), KIND(ED448)},
    {0x0809, LK_SHA256, LK_SCHEME_PSS, KIND(RSA_PSS), KIND(RSA_PSS)},
    {0x080a, LK_SHA384, LK_SCHEME_PSS, KIND(RSA_PSS), KIND(RSA_PSS)},
    {0x080b, LK_SHA512, LK_SCHEME_PSS, KIND(RSA_PSS), KIND(RSA_PSS)},
};

const struct lk_scheme_row *lk_scheme_find(uint16_t scheme)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].scheme == scheme) return &rows[i];
    return NULL;
}

const struct lk_scheme_row *lk_schemes(size_t *count)
{
    *count = sizeof rows / sizeof rows[0];
    return rows;
}
