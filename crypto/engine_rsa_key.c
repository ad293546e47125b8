#include "crypto/engine_rsa_key.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto/ct.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* reading the parts of an RSA key */

/* The block behind the struct, handed out from its start. */
struct room {
    uint8_t *at;
    BN_CTX *ctx;
    BIGNUM *scratch;
    bool bad;
};

static uint64_t *take_digits(struct room *room, unsigned digits)
{
    uint64_t *here = (uint64_t *)(void *)room->at;
    room->at += digits * sizeof(uint64_t);
    return here;
}

/* x cut into digits of 52 bits. */
static const uint64_t *digits_of(struct room *room, const BIGNUM *x, unsigned digits)
{
    uint64_t *to = take_digits(room, digits);
    uint8_t bytes[LK_RSA_DIGIT_BITS * 2 * LK_RSA_DIGITS_MAX / 8 + sizeof(uint64_t)] = {0};
    int len = (int)(LK_RSA_DIGIT_BITS * digits / 8);
    room->bad |= BN_bn2lebinpad(x, bytes, len) != len;
    for (unsigned i = 0; i < digits; i++) {
        uint64_t word;
        memcpy(&word, bytes + LK_RSA_DIGIT_BITS * i / 8, sizeof word);
        to[i] = word >> (LK_RSA_DIGIT_BITS * i % 8) & ((UINT64_C(1) << LK_RSA_DIGIT_BITS) - 1);
    }
    LK_WIPE(bytes);
    return to;
}

/* 2^(52 digits power) mod n. */
static const uint64_t *power_of_r(struct room *room, const BIGNUM *n, unsigned digits, int power)
{
    BIGNUM *x = room->scratch;
    BN_zero(x);
    room->bad |= BN_set_bit(x, (int)(LK_RSA_DIGIT_BITS * digits) * power) != 1 ||
                 BN_mod(x, x, n, room->ctx) != 1;
    return digits_of(room, x, digits);
}

/* -1/n mod 2^52, by Newton's iteration: each step doubles the bits that are right, from 3. */
static uint64_t negative_inverse(uint64_t n)
{
    uint64_t x = n;
    for (int i = 0; i < 5; i++)
        x *= 2 - n * x;
    return (0 - x) & ((UINT64_C(1) << LK_RSA_DIGIT_BITS) - 1);
}

static const uint8_t *windows_of(struct room *room, const BIGNUM *x, unsigned windows)
{
    uint8_t *to = room->at;
    for (unsigned i = 0; i < windows; i++) {
        int low = (int)((windows - 1 - i) * LK_RSA_WINDOW_BITS);
        to[i] = 0;
        for (int j = 0; j < LK_RSA_WINDOW_BITS; j++)
            to[i] |= (uint8_t)(BN_is_bit_set(x, low + j) << j);
    }
    room->at += windows;
    return to;
}

static void take_prime(struct room *room, struct lk_rsa_prime *prime, const BIGNUM *n,
                       unsigned digits)
{
    prime->n = digits_of(room, n, digits);
    prime->r2 = power_of_r(room, n, digits, 2);
    prime->r3 = power_of_r(room, n, digits, 3);
    prime->n0 = negative_inverse(prime->n[0]);
}

static void take_numbers(struct lk_rsa_key *key, struct room *room, const RSA *rsa)
{
    const BIGNUM *n, *e, *p, *q, *dp, *dq, *qinv;
    RSA_get0_key(rsa, &n, &e, NULL);
    RSA_get0_factors(rsa, &p, &q);
    RSA_get0_crt_params(rsa, &dp, &dq, &qinv);
    unsigned digits = key->digits;
    take_prime(room, &key->p, p, digits);
    take_prime(room, &key->q, q, digits);
    key->qinv = digits_of(room, qinv, digits);
    key->n = digits_of(room, n, 2 * digits);
    key->rr = power_of_r(room, n, 2 * digits, 2);
    key->n0 = negative_inverse(key->n[0]);
    key->e = BN_get_word(e);
    key->p.window = windows_of(room, dp, key->windows);
    key->q.window = windows_of(room, dq, key->windows);
}

static bool fits(const RSA *rsa, enum lk_rsa_class *size, unsigned *bits)
{
    const BIGNUM *e, *p, *q;
    RSA_get0_key(rsa, NULL, &e, NULL);
    RSA_get0_factors(rsa, &p, &q);
    int p_bits = BN_num_bits(p), q_bits = BN_num_bits(q);
    *bits = (unsigned)(p_bits > q_bits ? p_bits : q_bits);
    *size = lk_rsa_class_of(*bits);
    return *size < LK_RSA_CLASS_COUNT && BN_num_bits(e) <= 64 && !BN_is_one(e);
}

struct lk_rsa_key *lk_rsa_key_new(const RSA *rsa)
{
    enum lk_rsa_class size;
    unsigned bits;
    if (!fits(rsa, &size, &bits)) return NULL;
    unsigned digits = lk_rsa_class_digits(size);
    unsigned windows = (bits + LK_RSA_WINDOW_BITS - 1) / LK_RSA_WINDOW_BITS;
    size_t bytes = sizeof(struct lk_rsa_key) + (6 + 1 + 4) * digits * sizeof(uint64_t) +
                   2 * windows;
    struct lk_rsa_key *key = OPENSSL_zalloc(bytes); /* where the vault keeps secrets */
    struct room room = {
        .at = (uint8_t *)(key + 1), .ctx = BN_CTX_secure_new(), .scratch = BN_secure_new()};
    room.bad = key == NULL || room.ctx == NULL || room.scratch == NULL;
    if (!room.bad) {
        *key = (struct lk_rsa_key){.size = size,
                                   .digits = digits,
                                   .windows = windows,
                                   .k = (size_t)RSA_size(rsa),
                                   .bytes = bytes};
        take_numbers(key, &room, rsa);
    }
    BN_CTX_free(room.ctx);
    BN_clear_free(room.scratch);
    if (!room.bad) return key;
    lk_rsa_key_free(key);
    ERR_clear_error();
    return NULL;
}

void lk_rsa_key_free(struct lk_rsa_key *key)
{
    if (key == NULL) return;
    lk_wipe(key, key->bytes != 0 ? key->bytes : sizeof *key);
    OPENSSL_free(key);
}
