#include "crypto/self_test.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/dh.h"
#include "crypto/hash.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_prove.h"
#include "crypto/rsa/rsa_check.h"

#pragma GCC diagnostic ignored                                                                     \
    "-Wdeprecated-declarations" /* building RSA and EC keys from numbers */

/* --- RSA ------------------------------------------------------------------------------------ */

/* Test keys are made, not stored: a prime is a string of digests with its ends fixed, plus the
 * offset at which the first prime p with p != 1 mod 65537 lies. */
#define PRIME_BYTES_MAX 512
static const struct {
    uint16_t bits;
    uint16_t offset[2];
} rsa_rows[] = {
    [LK_ROW_RSA2048] = {2048, {1622, 1116}},
    [LK_ROW_RSA3072] = {3072, {140, 248}},
    [LK_ROW_RSA4096] = {4096, {2908, 1360}},
    [LK_ROW_RSA8192] = {8192, {6976, 5610}},
};

static BIGNUM *test_prime(enum lk_kernel_row row, uint8_t which)
{
    uint8_t digits[PRIME_BYTES_MAX];
    unsigned bits = rsa_rows[row].bits, bytes = bits / 16;
    for (unsigned i = 0; i < bytes / LK_SHA256_BYTES; i++) {
        uint8_t label[4] = {(uint8_t)(bits >> 8), (uint8_t)bits, which, (uint8_t)i};
        lk_sha256(label, sizeof label, digits + i * LK_SHA256_BYTES);
    }
    digits[0] |= 0xc0;
    memcpy(digits + bytes - 3, (uint8_t[3]){0, 0, 1}, 3);
    BIGNUM *prime = BN_bin2bn(digits, (int)bytes, NULL);
    if (prime == NULL || BN_add_word(prime, rsa_rows[row].offset[which]) == 1) return prime;
    BN_free(prime);
    return NULL;
}

struct rsa_numbers {
    BIGNUM *p, *q, *n, *e, *d, *dp, *dq, *qinv, *p1, *q1;
};

static bool derive(struct rsa_numbers *x, BN_CTX *ctx)
{
    return BN_mul(x->n, x->p, x->q, ctx) && BN_set_word(x->e, 65537) &&
           BN_sub(x->p1, x->p, BN_value_one()) && BN_sub(x->q1, x->q, BN_value_one()) &&
           BN_mul(x->d, x->p1, x->q1, ctx) && BN_mod_inverse(x->d, x->e, x->d, ctx) != NULL &&
           BN_mod(x->dp, x->d, x->p1, ctx) && BN_mod(x->dq, x->d, x->q1, ctx) &&
           BN_mod_inverse(x->qinv, x->q, x->p, ctx) != NULL;
}

/* All ten numbers in the array, which the caller frees. */
static bool make_numbers(BIGNUM *number[10], enum lk_kernel_row row)
{
    number[0] = test_prime(row, 0);
    number[1] = test_prime(row, 1);
    bool all = number[0] != NULL && number[1] != NULL;
    for (int i = 2; i < 10; i++) {
        number[i] = BN_new();
        all &= number[i] != NULL;
    }
    struct rsa_numbers x = {number[0], number[1], number[2], number[3], number[4],
                            number[5], number[6], number[7], number[8], number[9]};
    BN_CTX *ctx = BN_CTX_new();
    bool good = all && ctx != NULL && derive(&x, ctx);
    BN_CTX_free(ctx);
    return good;
}

static struct lk_engine_key *load_rsa(RSA *rsa)
{
    enum lk_key_fault fault;
    uint8_t *der = NULL;
    int len = i2d_RSAPrivateKey(rsa, &der);
    struct lk_engine_key *key = len > 0 ? lk_engine_key_new(der, (size_t)len, NULL, 1, &fault)
                                        : NULL;
    OPENSSL_free(der);
    return key;
}

static struct lk_engine_key *rsa_key(enum lk_kernel_row row)
{
    BIGNUM *b[10] = {NULL};
    RSA *rsa = RSA_new();
    struct lk_engine_key *key = NULL;
    bool good = rsa != NULL && make_numbers(b, row);
    if (good && RSA_set0_key(rsa, b[2], b[3], b[4]) == 1) {
        b[2] = b[3] = b[4] = NULL; /* the object's from here on, and so on */
        if (RSA_set0_factors(rsa, b[0], b[1]) == 1) b[0] = b[1] = NULL;
        if (RSA_set0_crt_params(rsa, b[5], b[6], b[7]) == 1) b[5] = b[6] = b[7] = NULL;
        key = load_rsa(rsa);
    }
    for (int i = 0; i < 10; i++)
        BN_free(b[i]);
    RSA_free(rsa);
    return key;
}

/* c := m^65537 mod n by the library's general numbers. */
static bool encrypt(const struct lk_engine_key *key, const uint8_t *m, uint8_t *c, size_t k)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *x = BN_bin2bn(m, (int)k, NULL), *e = BN_new();
    BIGNUM *n = BN_bin2bn(lk_engine_key_modulus(key), (int)k, NULL);
    bool good = ctx != NULL && x != NULL && e != NULL && n != NULL && BN_set_word(e, 65537) &&
                BN_mod_exp(x, x, e, n, ctx) && BN_bn2binpad(x, c, (int)k) == (int)k;
    BN_free(x);
    BN_free(e);
    BN_free(n);
    BN_CTX_free(ctx);
    return good;
}

/* A text of its own for each lane. */
static void plain_text(uint8_t *m, size_t k, unsigned lane)
{
    memset(m, 0xa5 ^ (int)lane, k);
    m[0] = 0;
}

#define TEST_LANES 8

struct rsa_lanes {
    uint8_t c[TEST_LANES][LK_RSA_PUBLIC_BYTES_MAX], out[TEST_LANES][LK_RSA_PUBLIC_BYTES_MAX];
    struct lk_operand operand[TEST_LANES];
};

static bool lane_right(const struct lk_operand *operand, unsigned lane)
{
    uint8_t m[LK_RSA_PUBLIC_BYTES_MAX];
    size_t k = lk_engine_key_facts(operand->key)->bytes;
    plain_text(m, k, lane);
    return !operand->recomputed && operand->out_bytes == k && memcmp(operand->out, m, k) == 0;
}

/* As many lanes as the row takes, at once. */
static bool lanes_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                       struct lk_engine_key *key, struct rsa_lanes *lanes)
{
    size_t k = lk_engine_key_facts(key)->bytes;
    unsigned count = kernel->lanes_max < TEST_LANES ? kernel->lanes_max : TEST_LANES;
    for (unsigned i = 0; i < count; i++) {
        uint8_t m[LK_RSA_PUBLIC_BYTES_MAX];
        plain_text(m, k, i);
        if (!encrypt(key, m, lanes->c[i], k)) return false;
        lanes->operand[i] = (struct lk_operand){
            .key = key, .in = lanes->c[i], .in_bytes = k, .out = lanes->out[i]};
    }
    uint64_t live = (UINT64_C(1) << count) - 1;
    bool good = kernel->run(work, lanes->operand, live) == live;
    for (unsigned i = 0; i < count; i++)
        good = good && lane_right(&lanes->operand[i], i);
    return good;
}

static bool rsa_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                     struct lk_engine_key *key)
{
    struct rsa_lanes *lanes = calloc(1, sizeof *lanes);
    bool good = lanes != NULL && lanes_good(kernel, work, key, lanes);
    free(lanes);
    return good;
}

/* --- signatures ----------------------------------------------------------------------------- */

/* Any octets are a private key of the size; the form around them is RFC 8410's. */
static struct lk_engine_key *ed_key(enum lk_kernel_row row)
{
    bool small = row == LK_ROW_ED25519;
    uint8_t bytes = small ? 32 : 57;
    uint8_t der[16 + 57] = {
        0x30, (uint8_t)(14 + bytes), 2, 1,    0, 0x30, 5, 6, 3, 0x2b, 0x65, small ? 0x70 : 0x71,
        4,    (uint8_t)(2 + bytes),  4, bytes};
    memset(der + 16, 0x5c, bytes);
    enum lk_key_fault fault;
    return lk_engine_key_new(der, 16u + bytes, NULL, 1, &fault);
}

static bool set_scalar(EC_KEY *ec)
{
    uint8_t scalar[32];
    memset(scalar, 0x5c, sizeof scalar);
    const EC_GROUP *group = EC_KEY_get0_group(ec);
    BIGNUM *d = BN_bin2bn(scalar, sizeof scalar, NULL);
    EC_POINT *point = EC_POINT_new(group);
    bool good = d != NULL && point != NULL &&
                EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1 &&
                EC_KEY_set_private_key(ec, d) == 1 && EC_KEY_set_public_key(ec, point) == 1;
    BN_free(d);
    EC_POINT_free(point);
    return good;
}

static struct lk_engine_key *ec_key(enum lk_kernel_row row)
{
    static const int curves[] = {NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1};
    EC_KEY *ec = EC_KEY_new_by_curve_name(curves[row - LK_ROW_P256]);
    uint8_t *der = NULL;
    int len = ec != NULL && set_scalar(ec) ? i2d_ECPrivateKey(ec, &der) : 0;
    enum lk_key_fault fault;
    struct lk_engine_key *key = len > 0 ? lk_engine_key_new(der, (size_t)len, NULL, 1, &fault)
                                        : NULL;
    OPENSSL_free(der);
    EC_KEY_free(ec);
    return key;
}

/* Of each lane another text, so that none passes for its neighbour. */
#define SIGNATURE_LANES 64
#define TEXT_BYTES 3
#define SIGNATURE_BYTES_MAX 256
struct signature_lanes {
    uint8_t text[SIGNATURE_LANES][TEXT_BYTES], digest[SIGNATURE_LANES][LK_SHA256_BYTES];
    uint8_t out[SIGNATURE_LANES][SIGNATURE_BYTES_MAX];
    struct lk_operand operand[SIGNATURE_LANES];
};

/* By the public key as it is told to others, through the library's generic face. */
static bool verify(const struct lk_engine_key *key, const struct lk_operand *signed_operand,
                   const uint8_t text[TEXT_BYTES])
{
    const struct lk_key_facts *facts = lk_engine_key_facts(key);
    const uint8_t *spki = facts->spki;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &spki, (long)facts->spki_bytes);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *digest = facts->kind < LK_KEY_ED25519 ? "SHA256" : NULL;
    bool good = public != NULL && ctx != NULL &&
                EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, public, NULL) == 1 &&
                EVP_DigestVerify(ctx, signed_operand->out, signed_operand->out_bytes, text,
                                 TEXT_BYTES) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(public);
    return good;
}

static void signature_lane(struct signature_lanes *lanes, const struct lk_engine_key *key,
                           unsigned i)
{
    bool hashed = lk_engine_key_facts(key)->kind < LK_KEY_ED25519;
    memcpy(lanes->text[i], (uint8_t[TEXT_BYTES]){'a', 'b', (uint8_t)('c' + i)}, TEXT_BYTES);
    lk_sha256(lanes->text[i], TEXT_BYTES, lanes->digest[i]);
    lanes->operand[i] = (struct lk_operand){.key = key,
                                            .in = hashed ? lanes->digest[i] : lanes->text[i],
                                            .in_bytes = hashed ? sizeof lanes->digest[i]
                                                               : TEXT_BYTES,
                                            .out = lanes->out[i]};
}

/* All lanes of a row, right at the first attempt. */
static bool signature_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                           struct lk_engine_key *key)
{
    struct signature_lanes *lanes = calloc(1, sizeof *lanes);
    if (lanes == NULL) return false;
    unsigned count = kernel->lanes_max < SIGNATURE_LANES ? kernel->lanes_max : SIGNATURE_LANES;
    for (unsigned i = 0; i < count; i++)
        signature_lane(lanes, key, i);
    uint64_t live = ~UINT64_C(0) >> (64 - count);
    bool good = kernel->run(work, lanes->operand, live) == live;
    for (unsigned i = 0; i < count; i++)
        good = good && !lanes->operand[i].recomputed &&
               verify(key, &lanes->operand[i], lanes->text[i]);
    free(lanes);
    return good;
}

/* --- proof of ownership --------------------------------------------------------------------- */

/* So many keys in rotation, none of them in one lane of two vectors that stand together: making a
 * proof is what takes the library its time. Challenges of both lengths in turn. */
#define PROOF_KEYS 13
struct proof_lanes {
    uint8_t bg[SIGNATURE_LANES][LK_POO_POINT_BYTES_MAX],
        vg[SIGNATURE_LANES][LK_POO_POINT_BYTES_MAX];
    uint8_t r[SIGNATURE_LANES][LK_POO_SCALAR_BYTES_MAX], c[SIGNATURE_LANES][LK_SHA256_BYTES];
    struct lk_operand operand[SIGNATURE_LANES];
};

static bool proof_lane(struct proof_lanes *lanes, struct lk_poo_prover *prover, unsigned i)
{
    uint8_t b[LK_POO_SCALAR_BYTES_MAX], v[LK_POO_SCALAR_BYTES_MAX], lane = (uint8_t)i;
    size_t c_bytes = i % 2 == 0 ? LK_SHA256_BYTES : LK_SHA256_BYTES / 2;
    lk_sha256(&lane, sizeof lane, lanes->c[i]);
    if (!lk_poo_key_make(prover, b, lanes->bg[i]) || !lk_poo_commit(prover, v, lanes->vg[i]))
        return false;
    lk_poo_answer(prover, b, v, lanes->c[i], c_bytes, lanes->r[i]);
    lanes->operand[i] = (struct lk_operand){.in = lanes->bg[i],
                                            .in_bytes = lk_poo_prover_point_bytes(prover),
                                            .poo_point = lanes->vg[i],
                                            .poo_r = lanes->r[i],
                                            .poo_challenge = lanes->c[i],
                                            .poo_challenge_bytes = c_bytes};
    return true;
}

/* Lane i := lane `of`, in bytes of its own. */
static void proof_again(struct proof_lanes *lanes, unsigned i, unsigned of)
{
    memcpy(lanes->bg[i], lanes->bg[of], sizeof lanes->bg[i]);
    memcpy(lanes->vg[i], lanes->vg[of], sizeof lanes->vg[i]);
    memcpy(lanes->r[i], lanes->r[of], sizeof lanes->r[i]);
    memcpy(lanes->c[i], lanes->c[of], sizeof lanes->c[i]);
    lanes->operand[i] = lanes->operand[of];
    lanes->operand[i].in = lanes->bg[i];
    lanes->operand[i].poo_point = lanes->vg[i];
    lanes->operand[i].poo_r = lanes->r[i];
    lanes->operand[i].poo_challenge = lanes->c[i];
}

/* All lanes good, then every third refused: at the first attempt, and for want of truth, not of a
 * point. */
static bool proofs_judged(const struct lk_kernel *kernel, struct lk_engine_work *work,
                          struct proof_lanes *lanes, unsigned count)
{
    uint64_t live = ~UINT64_C(0) >> (64 - count), right = live;
    bool good = kernel->run(work, lanes->operand, live) == live;
    for (unsigned i = 0; i < count; i += 3) {
        lanes->c[i][1] ^= 1;
        right &= ~(UINT64_C(1) << i);
    }
    good = good && kernel->run(work, lanes->operand, live) == right;
    for (unsigned i = 0; i < count; i++)
        good = good && !lanes->operand[i].recomputed && !lanes->operand[i].point_bad;
    return good;
}

static bool prove(const struct lk_kernel *kernel, struct lk_engine_work *work,
                  struct lk_poo_prover *prover)
{
    struct proof_lanes *lanes = calloc(1, sizeof *lanes);
    unsigned count = kernel->lanes_max < SIGNATURE_LANES ? kernel->lanes_max : SIGNATURE_LANES;
    bool good = lanes != NULL;
    for (unsigned i = 0; good && i < count; i++) {
        if (i < PROOF_KEYS)
            good = proof_lane(lanes, prover, i);
        else
            proof_again(lanes, i, i - PROOF_KEYS);
    }
    good = good && proofs_judged(kernel, work, lanes, count);
    free(lanes);
    return good;
}

static bool poo_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                     enum lk_kernel_row row)
{
    static const uint16_t groups[] = {23, 24, 25, 29, 30};
    struct lk_poo_prover *prover = lk_poo_prover_new(groups[row - LK_ROW_POO_P256], NULL);
    bool good = prover != NULL && prove(kernel, work, prover);
    lk_poo_prover_free(prover);
    return good;
}

/* --- key shares ----------------------------------------------------------------------------- */

static EVP_PKEY *share_key(enum lk_kernel_row row)
{
    static const char *const groups[] = {"P-256", "P-384", "P-521"};
    unsigned at = row - LK_ROW_SHARE_P256;
    if (at < 3) return EVP_PKEY_Q_keygen(NULL, NULL, "EC", groups[at]);
    return EVP_PKEY_Q_keygen(NULL, NULL, at == 3 ? "X25519" : "X448");
}

/* The secret that the holder of key has with the share in front of the operand's result. */
static bool secret_same(EVP_PKEY *key, const struct lk_operand *operand, size_t share_bytes)
{
    uint8_t secret[LK_POO_POINT_BYTES_MAX];
    size_t len = sizeof secret, want = operand->out_bytes - share_bytes;
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool good = peer != NULL && ctx != NULL && EVP_PKEY_copy_parameters(peer, key) == 1 &&
                EVP_PKEY_set1_encoded_public_key(peer, operand->out, share_bytes) == 1 &&
                EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                EVP_PKEY_derive(ctx, secret, &len) == 1 && len == want &&
                memcmp(secret, operand->out + share_bytes, want) == 0;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return good;
}

/* Peers in rotation, so that neighbours have different ones. */
#define SHARE_KEYS 5
#define SHARE_LANES 64
struct share_lanes {
    EVP_PKEY *key[SHARE_KEYS];
    uint8_t *share[SHARE_KEYS];
    size_t share_bytes[SHARE_KEYS];
    uint8_t out[SHARE_LANES][256];
    struct lk_operand operand[SHARE_LANES];
};

/* All lanes of a row, right at the first attempt. */
static bool share_run(const struct lk_kernel *kernel, struct lk_engine_work *work,
                      struct share_lanes *lanes)
{
    unsigned count = kernel->lanes_max < SHARE_LANES ? kernel->lanes_max : SHARE_LANES;
    for (unsigned i = 0; i < count; i++) {
        unsigned peer = i % SHARE_KEYS;
        lanes->operand[i] = (struct lk_operand){
            .in = lanes->share[peer], .in_bytes = lanes->share_bytes[peer], .out = lanes->out[i]};
    }
    uint64_t live = ~UINT64_C(0) >> (64 - count);
    bool good = kernel->run(work, lanes->operand, live) == live;
    for (unsigned i = 0; i < count; i++) {
        size_t bytes = lanes->share_bytes[i % SHARE_KEYS];
        good = good && !lanes->operand[i].recomputed && lanes->operand[i].out_bytes > bytes &&
               secret_same(lanes->key[i % SHARE_KEYS], &lanes->operand[i], bytes);
    }
    return good;
}

static bool share_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                       enum lk_kernel_row row)
{
    struct share_lanes *lanes = calloc(1, sizeof *lanes);
    bool good = lanes != NULL;
    for (unsigned i = 0; good && i < SHARE_KEYS; i++) {
        lanes->key[i] = share_key(row);
        good = lanes->key[i] != NULL;
        if (!good) break;
        lanes->share_bytes[i] = EVP_PKEY_get1_encoded_public_key(lanes->key[i], &lanes->share[i]);
        good = lanes->share_bytes[i] > 0;
    }
    good = good && share_run(kernel, work, lanes);
    for (unsigned i = 0; lanes != NULL && i < SHARE_KEYS; i++) {
        OPENSSL_free(lanes->share[i]);
        EVP_PKEY_free(lanes->key[i]);
    }
    free(lanes);
    return good;
}

/* --- DHE ------------------------------------------------------------------------------------ */

#define DH_CHALLENGE_BYTES 16

/* A share and a proof of it, with numbers so short that the largest group takes a millisecond; a
 * long exponent is the same loop for longer. */
struct dh_subject {
    uint8_t y[LK_DH_BYTES_MAX], v[LK_DH_BYTES_MAX], r[LK_DH_BYTES_MAX], c[DH_CHALLENGE_BYTES];
};

/* out[bytes] := 2^exponent mod p, by the library's general numbers. */
static bool power_of_two(const struct lk_dh_group *group, uint64_t exponent, uint8_t *out)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *x = BN_new(), *two = BN_new();
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(exponent >> (56 - 8 * i));
    bool good = ctx != NULL && x != NULL && two != NULL && BN_set_word(two, 2) == 1 &&
                BN_bin2bn(bytes, sizeof bytes, x) != NULL &&
                BN_mod_exp(x, two, x, group->p, ctx) == 1 &&
                BN_bn2binpad(x, out, (int)group->bytes) == (int)group->bytes;
    BN_free(x);
    BN_free(two);
    BN_CTX_free(ctx);
    return good;
}

/* b = 2^24 + 1, c = 2^16 + 1, r = 2^48 + 5, v = r + b c. */
static bool subject_make(const struct lk_dh_group *group, struct dh_subject *s)
{
    const uint64_t b = (1u << 24) + 1, c = (1u << 16) + 1, r = (UINT64_C(1) << 48) + 5;
    s->r[group->bytes - 7] = 1;
    s->r[group->bytes - 1] = 5;
    s->c[DH_CHALLENGE_BYTES - 3] = s->c[DH_CHALLENGE_BYTES - 1] = 1;
    return power_of_two(group, b, s->y) && power_of_two(group, r + b * c, s->v);
}

/* p - y for y: of the other half, since -1 is no square. */
static bool negate(const struct lk_dh_group *group, uint8_t *y)
{
    BIGNUM *number = BN_bin2bn(y, (int)group->bytes, NULL);
    bool good = number != NULL && BN_sub(number, group->p, number) == 1 &&
                BN_bn2binpad(number, y, (int)group->bytes) == (int)group->bytes;
    BN_free(number);
    return good;
}

static bool dh_subject_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                            const struct lk_dh_group *group, bool proof)
{
    static const uint8_t generator = 2;
    struct dh_subject s = {.y = {0}};
    struct lk_operand operand = {.in = s.y,
                                 .in_bytes = group->bytes,
                                 .dh_p = group->p_bytes,
                                 .dh_p_bytes = group->bytes,
                                 .dh_g = &generator,
                                 .dh_g_bytes = 1,
                                 .poo_point = s.v,
                                 .poo_r = s.r,
                                 .poo_challenge = s.c,
                                 .poo_challenge_bytes = sizeof s.c};
    if (!subject_make(group, &s) || kernel->run(work, &operand, 1) != 1) return false;
    s.c[sizeof s.c - 1] ^= 2;
    bool refused = kernel->run(work, &operand, 1) == 0 && !operand.point_bad;
    if (proof && !refused) return false;
    return negate(group, s.y) && kernel->run(work, &operand, 1) == 0 && operand.point_bad;
}

/* All groups of the row. */
static bool dh_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                    enum lk_kernel_row row)
{
    struct lk_dh *dh = lk_dh_new();
    bool good = dh != NULL, proof = row != LK_ROW_DH_PUBLIC;
    for (unsigned i = 0; i < LK_DH_GROUP_COUNT && good; i++)
        if (lk_dh_row(dh->group[i].bytes, proof) == row)
            good = dh_subject_good(kernel, work, &dh->group[i], proof);
    lk_dh_free(dh);
    return good;
}

static bool key_good(const struct lk_kernel *kernel, struct lk_engine_work *work,
                     enum lk_kernel_row row)
{
    struct lk_engine_key *key;
    if (row <= LK_ROW_RSA8192)
        key = rsa_key(row);
    else
        key = row <= LK_ROW_P521 ? ec_key(row) : ed_key(row);
    bool good = key != NULL && (row <= LK_ROW_RSA8192 ? rsa_good(kernel, work, key)
                                                      : signature_good(kernel, work, key));
    lk_engine_key_free(key);
    return good;
}

bool lk_kernel_self_test(const struct lk_kernel *kernel, enum lk_kernel_row row)
{
    struct lk_engine_work *work = lk_engine_work_new(0, true);
    bool good = work != NULL && (row < LK_ROW_POO_P256     ? key_good(kernel, work, row)
                                 : row < LK_ROW_SHARE_P256 ? poo_good(kernel, work, row)
                                 : row < LK_ROW_DH_PUBLIC  ? share_good(kernel, work, row)
                                                           : dh_good(kernel, work, row));
    lk_engine_work_free(work);
    ERR_clear_error();
    return good;
}

static bool base_point(uint8_t point[LK_P256_POINT_BYTES])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    bool good = group != NULL &&
                EC_POINT_point2oct(group, EC_GROUP_get0_generator(group),
                                   POINT_CONVERSION_UNCOMPRESSED, point, LK_P256_POINT_BYTES,
                                   NULL) == LK_P256_POINT_BYTES;
    EC_GROUP_free(group);
    return good;
}

bool lk_points_self_test(lk_p256_points *judge)
{
    uint8_t right[LK_P256_POINT_BYTES], wrong[LK_P256_POINT_BYTES];
    const uint8_t *point[LK_P256_POINTS_MAX];
    if (!base_point(right)) return false;
    memcpy(wrong, right, sizeof wrong);
    wrong[sizeof wrong - 1] ^= 1;
    for (unsigned i = 0; i < LK_P256_POINTS_MAX; i++)
        point[i] = i % 3 == 1 ? wrong : right;
    uint64_t good = judge(point, LK_P256_POINTS_MAX);
    for (unsigned i = 0; i < LK_P256_POINTS_MAX; i++)
        if ((good >> i & 1) != (i % 3 != 1)) return false;
    return true;
}

/* --- hashes in lanes -------------------------------------------------------------------------*/

/* Lengths from nothing to the longest, another in each lane. */
static size_t lane_len(unsigned lane, unsigned lanes, size_t longest)
{
    return longest * lane / (lanes - 1);
}

bool lk_sha256_self_test(lk_sha256_lanes *hash)
{
    struct lk_sha256_job job[LK_SHA256_LANES_MAX];
    uint8_t digest[LK_SHA256_LANES_MAX][LK_SHA256_BYTES], want[LK_SHA256_BYTES];
    for (unsigned i = 0; i < LK_SHA256_LANES_MAX; i++) {
        memset(job[i].message, (int)(1 + i), sizeof job[i].message);
        job[i].len = lane_len(i, LK_SHA256_LANES_MAX, LK_SHA256_LANES_BYTES);
        job[i].digest = digest[i];
    }
    hash(job, LK_SHA256_LANES_MAX);
    for (unsigned i = 0; i < LK_SHA256_LANES_MAX; i++) {
        lk_sha256(job[i].message, job[i].len, want);
        if (memcmp(digest[i], want, sizeof want) != 0) return false;
    }
    return true;
}

bool lk_siphash_self_test(lk_siphash_many *hash)
{
    static const struct lk_siphash_key key = {1, 2};
    uint8_t bytes[200];
    struct lk_piece message[LK_SIPHASH_MANY];
    uint64_t got[LK_SIPHASH_MANY];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (unsigned i = 0; i < LK_SIPHASH_MANY; i++)
        message[i] = (struct lk_piece){bytes, lane_len(i, LK_SIPHASH_MANY, sizeof bytes)};
    hash(&key, message, LK_SIPHASH_MANY, got);
    for (unsigned i = 0; i < LK_SIPHASH_MANY; i++)
        if (got[i] != lk_siphash(&key, message[i].data, message[i].len)) return false;
    return true;
}
