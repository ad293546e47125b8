#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ecdh_kernel.h"
#include "crypto/ec/poo_kernel.h"
#include "crypto/engine_key.h"
#include "crypto/engine_ec_batch.h"
#include "crypto/engine_poo_batch.h"
#include "crypto/engine_rsa_batch.h"
#include "crypto/engine_share_batch.h"
#include "crypto/engine_work.h"
#include "crypto/poo.h"
#include "crypto/rsa/rsa_kernel.h"

/* EC_KEY is marked deprecated; the EVP face over it costs 3 us more for each P-256 signature. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

typedef bool lane_fn(struct lk_engine_work *work, struct lk_operand *operand);

static uint64_t run_lanes(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live,
                          lane_fn *lane)
{
    uint64_t good = 0;
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        if (lane(work, &operand[i])) good |= UINT64_C(1) << i;
    }
    return good;
}

/* --- signatures ----------------------------------------------------------------------------- */

/* in and out may be the same place, so a signature is made beside it. */
static bool sign_lane(struct lk_operand *operand, const uint8_t *signature, size_t len, bool good)
{
    size_t room = operand->key->facts.bytes;
    good = good && len <= room;
    memset(operand->out, 0, room);
    if (good) memcpy(operand->out, signature, len);
    operand->out_bytes = good ? len : 0;
    if (!good) ERR_clear_error();
    return good;
}

static bool ecdsa_lane(struct lk_engine_work *work, struct lk_operand *operand)
{
    uint8_t signature[LK_ENGINE_SIGNATURE_BYTES_MAX];
    unsigned len = sizeof signature;
    EC_KEY *ec = operand->key->parts.ec;
    int in_bytes = (int)operand->in_bytes;
    bool good = ECDSA_sign(0, operand->in, in_bytes, signature, &len, ec) == 1;
    if (good && work->check_ecdsa)
        good = ECDSA_verify(0, operand->in, in_bytes, signature, (int)len, ec) == 1;
    return sign_lane(operand, signature, len, good);
}

static uint64_t run_ecdsa(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_lanes(work, operand, live, ecdsa_lane);
}

/* Its nonce is a function of key and text: a wrong signature beside the right one of the same text,
 * which anybody may ask for again, gives the key away. So each is checked. */
static bool eddsa_lane(struct lk_engine_work *work, struct lk_operand *operand)
{
    uint8_t signature[LK_ENGINE_SIGNATURE_BYTES_MAX];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = operand->key->ed_ctx[work->worker];
    bool good = EVP_DigestSign(ctx, signature, &len, operand->in, operand->in_bytes) == 1 &&
                EVP_DigestVerify(operand->key->ed_check[work->worker], signature, len, operand->in,
                                 operand->in_bytes) == 1;
    return sign_lane(operand, signature, len, good);
}

static uint64_t run_eddsa(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_lanes(work, operand, live, eddsa_lane);
}

/* --- proof of ownership --------------------------------------------------------------------- */

static uint64_t run_poo(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live,
                        unsigned row)
{
    uint64_t good = 0;
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        if (lk_poo_good(work->curve[row], &operand[i])) good |= UINT64_C(1) << i;
    }
    return good;
}

static uint64_t run_poo_p256(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_poo(work, operand, live, 0);
}

static uint64_t run_poo_p384(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_poo(work, operand, live, 1);
}

static uint64_t run_poo_p521(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_poo(work, operand, live, 2);
}

static uint64_t run_poo_x25519(struct lk_engine_work *work, struct lk_operand *operand,
                               uint64_t live)
{
    return run_poo(work, operand, live, 3);
}

static uint64_t run_poo_x448(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_poo(work, operand, live, 4);
}

enum lk_kernel_row lk_poo_row(uint16_t group)
{
    unsigned row = lk_poo_curve_find(group);
    return row < LK_POO_CURVE_COUNT ? (enum lk_kernel_row)(LK_ROW_POO_P256 + row) : LK_ROW_COUNT;
}

enum lk_kernel_row lk_share_row(uint16_t group)
{
    unsigned row = lk_poo_curve_find(group); /* the same groups in the same order */
    _Static_assert(LK_SHARE_GROUP_COUNT == LK_POO_CURVE_COUNT, "one row for each");
    return row < LK_POO_CURVE_COUNT ? (enum lk_kernel_row)(LK_ROW_SHARE_P256 + row) : LK_ROW_COUNT;
}

/* --- rows ----------------------------------------------------------------------------------- */

/* Costs in CPU time of one operation, checks included, on the machine of the measured anchors (Zen
 * 5, 2.6 GHz TSC, libcrypto 3.0.22): RSA-2048 257 us, 3072 1.8 ms, 4096 4.3 ms, P-256 20 us; the
 * other rows measured beside these and scaled to them. They order queues, so ratios matter and the
 * machine hardly. */
const struct lk_kernel lk_engine_rows[LK_ROW_COUNT] = {
    [LK_ROW_RSA2048] = {"rsa2048", "library", 1, 1, 267000, 0, lk_rsa_run_library},
    [LK_ROW_RSA3072] = {"rsa3072", "library", 1, 1, 1820000, 0, lk_rsa_run_library},
    [LK_ROW_RSA4096] = {"rsa4096", "library", 1, 1, 4350000, 0, lk_rsa_run_library},
    [LK_ROW_RSA8192] = {"rsa8192", "library", 1, 1, 28000000, 0, lk_rsa_run_library},
    [LK_ROW_P256] = {"p256", "library", 1, 1, 20000, 0, run_ecdsa},
    [LK_ROW_P384] = {"p384", "library", 1, 1, 880000, 0, run_ecdsa},
    [LK_ROW_P521] = {"p521", "library", 1, 1, 205000, 0, run_ecdsa},
    [LK_ROW_ED25519] = {"ed25519", "library", 1, 1, 105000, 0, run_eddsa},
    [LK_ROW_ED448] = {"ed448", "library", 1, 1, 370000, 0, run_eddsa},
    [LK_ROW_POO_P256] = {"poo_p256", "library", 1, 1, 45000, 0, run_poo_p256},
    [LK_ROW_POO_P384] = {"poo_p384", "library", 1, 1, 450000, 0, run_poo_p384},
    [LK_ROW_POO_P521] = {"poo_p521", "library", 1, 1, 300000, 0, run_poo_p521},
    [LK_ROW_POO_X25519] = {"poo_x25519", "library", 1, 1, 690000, 0, run_poo_x25519},
    [LK_ROW_POO_X448] = {"poo_x448", "library", 1, 1, 1950000, 0, run_poo_x448},
    [LK_ROW_SHARE_P256] = {"share_p256", "library", 1, 1, 90000, 0, lk_share_run_p256},
    [LK_ROW_SHARE_P384] = {"share_p384", "library", 1, 1, 1700000, 0, lk_share_run_p384},
    [LK_ROW_SHARE_P521] = {"share_p521", "library", 1, 1, 500000, 0, lk_share_run_p521},
    [LK_ROW_SHARE_X25519] = {"share_x25519", "library", 1, 1, 90000, 0, lk_share_run_x25519},
    [LK_ROW_SHARE_X448] = {"share_x448", "library", 1, 1, 500000, 0, lk_share_run_x448},
    /* Of 2,048 bits; what larger ones take more is told with each (engine_dh.c). */
    [LK_ROW_DH_PUBLIC] = {"dh_public", "library", 1, 1, 120000, 0, lk_dh_run_public},
    [LK_ROW_POO_DH2048] = {"poo_dh2048", "library", 1, 1, 1650000, 0, lk_dh_run_proof},
    [LK_ROW_POO_DH3072] = {"poo_dh3072", "library", 1, 1, 5000000, 0, lk_dh_run_proof},
    [LK_ROW_POO_DH4096] = {"poo_dh4096", "library", 1, 1, 11500000, 0, lk_dh_run_proof},
    [LK_ROW_POO_DH6144] = {"poo_dh6144", "library", 1, 1, 35000000, 0, lk_dh_run_proof},
    [LK_ROW_POO_DH8192] = {"poo_dh8192", "library", 1, 1, 78000000, 0, lk_dh_run_proof},
};

/* For the batch of any kernel; lanes of the models are narrower. */
static bool scratch_init(struct lk_engine_work *work)
{
    const size_t needs[] = {lk_p256_x8_ifma.work_bytes,       lk_p384_x8_ifma.work_bytes,
                            lk_p256_poo_x8_ifma.work_bytes,   lk_p384_poo_x8_ifma.work_bytes,
                            lk_x25519_poo_x8_ifma.work_bytes, lk_x25519_x8_ifma.work_bytes,
                            lk_p256_ecdh_x8_ifma.work_bytes,  lk_p384_ecdh_x8_ifma.work_bytes};
    size_t bytes = 0;
    for (unsigned i = 0; i < LK_RSA_CLASS_COUNT; i++)
        if (lk_rsa_private_x8_ifma[i].work_bytes > bytes)
            bytes = lk_rsa_private_x8_ifma[i].work_bytes;
    for (unsigned i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (needs[i] > bytes) bytes = needs[i];
    work->block = OPENSSL_zalloc(bytes + 63); /* in the vault the secret arena's */
    work->scratch = (void *)(((uintptr_t)work->block + 63) & ~(uintptr_t)63);
    return work->block != NULL;
}

struct lk_engine_work *lk_engine_work_new(unsigned worker, bool check_ecdsa)
{
    struct lk_engine_work *work = calloc(1, sizeof *work);
    if (work == NULL) return NULL;
    work->worker = worker;
    work->check_ecdsa = check_ecdsa;
    if (!scratch_init(work) || !lk_rsa_work_init(work) || !lk_ec_work_init(work) ||
        !lk_poo_work_init(work) || !lk_share_work_init(work) || !lk_ecdh_work_init(work) ||
        !lk_dh_work_init(work)) {
        lk_engine_work_free(work);
        return NULL;
    }
    for (unsigned row = 0; row < LK_POO_CURVE_COUNT; row++) {
        work->curve[row] = lk_poo_curve_new(row, NULL);
        if (work->curve[row] != NULL) continue;
        lk_engine_work_free(work);
        return NULL;
    }
    return work;
}

void lk_engine_work_free(struct lk_engine_work *work)
{
    if (work == NULL) return;
    for (unsigned row = 0; row < LK_POO_CURVE_COUNT; row++)
        lk_poo_curve_free(work->curve[row]);
    lk_dh_work_fini(work);
    lk_share_work_fini(work);
    lk_rsa_work_fini(work);
    lk_ec_work_fini(work);
    lk_poo_work_fini(work);
    lk_ecdh_work_fini(work);
    OPENSSL_free(work->block);
    free(work);
}
