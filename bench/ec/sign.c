#include "bench/ec/sign.h"

#include "core/base/err.h"

void lk_ec_sign_init(struct lk_ec_sign *sign)
{
    LK_ASSERT(sign->batch <= LK_EC_SIGN_BATCH_MAX);
    sign->next = 0;
    sign->digest_bytes = lk_hash_bytes(sign->curve->hash);
    for (uint8_t lane = 0; lane < LK_EC_SIGN_BATCH_MAX; lane++)
        lk_hash(sign->curve->hash, &lane, sizeof lane, sign->digest[lane]);
}

static const struct lk_bench_ec_key *turn(struct lk_ec_sign *sign, unsigned lane)
{
    sign->key[lane] = &sign->keys[sign->next];
    sign->next = sign->next + 1 < sign->key_count ? sign->next + 1 : 0;
    return sign->key[lane];
}

bool lk_ec_sign_openssl(void *context)
{
    struct lk_ec_sign *sign = context;
    bool good = true;
    for (unsigned lane = 0; lane < sign->batch; lane++) {
        const struct lk_bench_ec_key *key = turn(sign, lane);
        sign->out_bytes[lane] = LK_EC_SIGN_BYTES_MAX;
        good &= EVP_PKEY_sign(key->sign, sign->out[lane], &sign->out_bytes[lane],
                              sign->digest[lane], sign->digest_bytes) == 1;
    }
    return good;
}

/* All lanes good at the first attempt. */
static bool run(struct lk_ec_sign *sign, struct lk_operand *operand, unsigned lanes)
{
    uint64_t live = ~UINT64_C(0) >> (64 - lanes);
    bool good = sign->kernel->run(sign->work, operand, live) == live;
    for (unsigned lane = 0; lane < lanes; lane++)
        good &= !operand[lane].recomputed;
    return good;
}

bool lk_ec_sign_row(void *context)
{
    struct lk_ec_sign *sign = context;
    struct lk_operand operand[LK_EC_SIGN_BATCH_MAX];
    unsigned most = sign->kernel->lanes_max;
    bool good = true;
    for (unsigned lane = 0; lane < sign->batch; lane++)
        operand[lane] = (struct lk_operand){.key = turn(sign, lane)->engine,
                                            .in = sign->digest[lane],
                                            .in_bytes = sign->digest_bytes,
                                            .out = sign->out[lane]};
    for (unsigned at = 0; at < sign->batch; at += most) {
        unsigned left = sign->batch - at;
        good &= run(sign, operand + at, left < most ? left : most);
    }
    for (unsigned lane = 0; lane < sign->batch; lane++)
        sign->out_bytes[lane] = operand[lane].out_bytes;
    return good;
}

static bool all_good(struct lk_ec_sign *sign, bool (*make)(void *))
{
    for (unsigned done = 0; done < sign->key_count; done += sign->batch) {
        if (!make(sign)) return false;
        for (unsigned lane = 0; lane < sign->batch; lane++)
            if (EVP_PKEY_verify(sign->key[lane]->verify, sign->out[lane], sign->out_bytes[lane],
                                sign->digest[lane], sign->digest_bytes) != 1)
                return false;
    }
    return true;
}

bool lk_ec_sign_openssl_good(void *sign)
{
    return all_good(sign, lk_ec_sign_openssl);
}

bool lk_ec_sign_row_good(void *sign)
{
    return all_good(sign, lk_ec_sign_row);
}
