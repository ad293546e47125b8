#include "bench/rsa/sign.h"

#include "core/base/err.h"
#include "crypto/ct.h"
#include "crypto/rsa/rsa_pad.h"

#define SHA256 0 /* as lk_rsa_pad_pkcs1 counts them */

static size_t bytes_of(const struct lk_bench_key *key)
{
    return lk_engine_key_facts(key->engine)->bytes;
}

/* --- signatures ----------------------------------------------------------------------------- */

void lk_sign_init(struct lk_sign *sign)
{
    LK_ASSERT(sign->batch <= LK_SIGN_BATCH_MAX);
    sign->next = 0;
    for (uint8_t lane = 0; lane < LK_SIGN_BATCH_MAX; lane++)
        lk_sha256(&lane, sizeof lane, sign->digest[lane]);
}

static const struct lk_bench_key *turn(struct lk_sign *sign, unsigned lane)
{
    sign->key[lane] = &sign->keys[sign->next];
    sign->next = sign->next + 1 < sign->key_count ? sign->next + 1 : 0;
    return sign->key[lane];
}

bool lk_sign_openssl(void *context)
{
    struct lk_sign *sign = context;
    bool good = true;
    for (unsigned lane = 0; lane < sign->batch; lane++) {
        const struct lk_bench_key *key = turn(sign, lane);
        size_t len = LK_SIGN_BYTES_MAX;
        good &= EVP_PKEY_sign(key->sign, sign->out[lane], &len, sign->digest[lane],
                              LK_SHA256_BYTES) == 1;
    }
    return good;
}

static bool encode(struct lk_sign *sign, struct lk_operand *operand)
{
    bool good = true;
    for (unsigned lane = 0; lane < sign->batch; lane++) {
        const struct lk_bench_key *key = turn(sign, lane);
        size_t k = bytes_of(key);
        good &= lk_rsa_pad_pkcs1(SHA256, sign->digest[lane], sign->in[lane], k);
        operand[lane] = (struct lk_operand){
            .key = key->engine, .in = sign->in[lane], .in_bytes = k, .out = sign->out[lane]};
    }
    return good;
}

/* All lanes good at the first attempt. */
static bool run(const struct lk_sign *sign, struct lk_operand *operand, unsigned lanes)
{
    uint64_t live = (UINT64_C(1) << lanes) - 1;
    bool good = sign->kernel->run(sign->work, operand, live) == live;
    for (unsigned lane = 0; lane < lanes; lane++)
        good &= !operand[lane].recomputed;
    return good;
}

static void wipe(struct lk_sign *sign, struct lk_operand *operand)
{
    for (unsigned lane = 0; lane < sign->batch; lane++)
        lk_wipe(sign->in[lane], operand[lane].in_bytes);
    lk_wipe(operand, sign->batch * sizeof *operand);
}

bool lk_sign_row(void *context)
{
    struct lk_sign *sign = context;
    struct lk_operand operand[LK_SIGN_BATCH_MAX];
    unsigned most = sign->kernel->lanes_max;
    bool good = encode(sign, operand);
    for (unsigned at = 0; at < sign->batch; at += most) {
        unsigned left = sign->batch - at;
        good &= run(sign, operand + at, left < most ? left : most);
    }
    wipe(sign, operand);
    return good;
}

static bool all_good(struct lk_sign *sign, bool (*make)(void *))
{
    for (unsigned done = 0; done < sign->key_count; done += sign->batch) {
        if (!make(sign)) return false;
        for (unsigned lane = 0; lane < sign->batch; lane++)
            if (!lk_bench_key_verify(sign->key[lane], sign->out[lane], sign->digest[lane]))
                return false;
    }
    return true;
}

bool lk_sign_openssl_good(void *sign)
{
    return all_good(sign, lk_sign_openssl);
}

bool lk_sign_row_good(void *sign)
{
    return all_good(sign, lk_sign_row);
}

/* --- the check alone ------------------------------------------------------------------------ */

void lk_check_init(struct lk_check *check)
{
    static const uint8_t e[] = {1, 0, 1};
    size_t k = bytes_of(check->key), len = sizeof check->signature;
    lk_rsa_public_init(&check->public, lk_engine_key_modulus(check->key->engine), k, e, sizeof e,
                       check->limbs);
    lk_sha256("abc", 3, check->digest);
    LK_ASSERT(lk_rsa_pad_pkcs1(SHA256, check->digest, check->em, k));
    LK_ASSERT(EVP_PKEY_sign(check->key->sign, check->signature, &len, check->digest,
                            LK_SHA256_BYTES) == 1);
}

bool lk_check_openssl(void *context)
{
    const struct lk_check *check = context;
    return lk_bench_key_verify(check->key, check->signature, check->digest);
}

bool lk_check_portable(void *context)
{
    const struct lk_check *check = context;
    return lk_rsa_result_good(&check->public, check->signature, check->em);
}

static bool tells(struct lk_check *check, bool (*good)(void *))
{
    bool right = good(check);
    check->signature[9] ^= 1;
    right &= !good(check);
    check->signature[9] ^= 1;
    return right;
}

bool lk_check_openssl_good(void *check)
{
    return tells(check, lk_check_openssl);
}

bool lk_check_portable_good(void *check)
{
    return tells(check, lk_check_portable);
}
