#include "crypto/engine_ec_batch.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/ec/ec_kernel.h"
#include "crypto/engine_key.h"
#include "crypto/rng.h"
#include "crypto/sha256_lanes.h"

/* EC_KEY is marked deprecated; see engine_openssl.c. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define DIGEST_BYTES_MAX 64
#define RANDOM_BYTES 32

/* A batch around the kernel; in the vault libcrypto's memory is the secret arena's. */
struct lk_ec_work {
    struct lk_rng rng;
    uint8_t nonce[LK_EC_REQUESTS_MAX][LK_EC_NONCE_BYTES];
    uint8_t signature[LK_EC_REQUESTS_MAX][2 * LK_EC_BYTES_MAX];
};

bool lk_ec_work_init(struct lk_engine_work *work)
{
    struct lk_ec_work *ec = OPENSSL_zalloc(sizeof *ec);
    work->ec = ec;
    if (ec == NULL) return false;
    lk_rng_init(&ec->rng);
    return true;
}

void lk_ec_work_fini(struct lk_engine_work *work)
{
    if (work->ec == NULL) return;
    LK_WIPE(*work->ec);
    OPENSSL_free(work->ec);
}

/* A way for many lanes: the row of the library that it stands in for, the kernel, and who draws its
 * nonces. */
struct way {
    enum lk_kernel_row row;
    const struct lk_ec_kernel *kernel;
    const struct lk_sha256_kernel *sha256;
};

/* --- nonces -------------------------------------------------------------------------------------
 */

/* What one call's nonces have in common, and nobody else's; and who computes them. */
struct draw {
    const struct lk_sha256_kernel *sha256;
    uint8_t random[RANDOM_BYTES];
};

/* Which lane's nonce, the random bytes, the digest with its length. */
static void message_fill(uint8_t message[LK_HMAC_LANES_BYTES], const struct draw *draw,
                         uint32_t lane, const struct lk_operand *operand)
{
    _Static_assert(LK_HMAC_LANES_BYTES == 1 + 4 + RANDOM_BYTES + DIGEST_BYTES_MAX, "all of it");
    size_t len = operand->in_bytes;
    message[0] = (uint8_t)len;
    memcpy(message + 1, &lane, sizeof lane);
    memcpy(message + 5, draw->random, RANDOM_BYTES);
    memset(message + 5 + RANDOM_BYTES, 0, DIGEST_BYTES_MAX);
    memcpy(message + 5 + RANDOM_BYTES, operand->in, len);
}

/* nonce[i] for each of `count` operands. */
static void nonces_make(const struct draw *draw, struct lk_operand *const *operand, unsigned count,
                        uint8_t (*nonce)[LK_EC_NONCE_BYTES])
{
    _Static_assert(LK_EC_NONCE_BYTES == LK_HMAC_LANES_MAC_BYTES, "both halves");
    struct lk_hmac_job job[LK_SHA256_LANES_MAX];
    unsigned used = 0;
    for (unsigned i = 0; i < count; i++) {
        job[used].key = &operand[i]->key->ec->nonce;
        job[used].mac = nonce[i];
        message_fill(job[used++].message, draw, i, operand[i]);
        if (used < draw->sha256->lanes && i + 1 < count) continue;
        draw->sha256->hmac(job, used);
        used = 0;
    }
    LK_WIPE(job);
}

/* --- one lane -----------------------------------------------------------------------------------
 */

/* DER INTEGER of number[bytes], big-endian, not zero. Returns its length. */
static size_t integer_write(uint8_t *to, const uint8_t *number, size_t bytes)
{
    size_t skip = 0;
    while (skip < bytes - 1 && number[skip] == 0)
        skip++;
    size_t sign = number[skip] >> 7, len = bytes - skip;
    to[0] = 0x02;
    to[1] = (uint8_t)(sign + len);
    to[2] = 0;
    memcpy(to + 2 + sign, number + skip, len);
    return 2 + sign + len;
}

/* SEQUENCE of both, r and s of `bytes` each; a signature is public. */
static void signature_write(struct lk_operand *operand, const uint8_t *signature, size_t bytes)
{
    uint8_t *to = operand->out;
    memset(to, 0, operand->key->facts.bytes);
    size_t len = 2 + integer_write(to + 2, signature, bytes);
    len += integer_write(to + len, signature + bytes, bytes);
    to[0] = 0x30;
    to[1] = (uint8_t)(len - 2);
    operand->out_bytes = len;
}

static bool refuse(struct lk_operand *operand)
{
    memset(operand->out, 0, operand->key->facts.bytes);
    operand->out_bytes = 0;
    operand->recomputed = operand->by_kernel = false;
    return false;
}

/* A wrong signature is never returned: two that differ by a fault can give the key away. Another
 * nonce and other code, since a fault of the moment should not cost the peer its handshake. */
static bool again_by_library(struct lk_engine_work *work, struct lk_operand *operand,
                             enum lk_kernel_row row)
{
    uint8_t digest[DIGEST_BYTES_MAX]; /* out may be its place */
    size_t len = operand->in_bytes;
    bool good = len <= sizeof digest;
    if (good) memcpy(digest, operand->in, len);
    good = good && lk_engine_rows[row].run(work, operand, 1) == 1 &&
           ECDSA_verify(0, digest, (int)len, operand->out, (int)operand->out_bytes,
                        operand->key->parts.ec) == 1;
    if (!good) (void)refuse(operand);
    ERR_clear_error();
    operand->recomputed = true;
    operand->by_kernel = true; /* the first one was */
    return good;
}

/* --- a kernel's batch ---------------------------------------------------------------------------
 */

/* The lanes of one call: at most as many as the kernel takes. */
struct call {
    struct lk_ec_job job[LK_EC_REQUESTS_MAX];
    struct lk_operand *operand[LK_EC_REQUESTS_MAX];
    uint64_t bit[LK_EC_REQUESTS_MAX];
    unsigned count;
};

static void call_fill(struct call *call, struct lk_ec_work *ec, struct lk_operand *operand,
                      uint64_t live)
{
    for (call->count = 0; live != 0; live &= live - 1, call->count++) {
        unsigned i = call->count;
        struct lk_operand *o = call->operand[i] = &operand[__builtin_ctzll(live)];
        call->bit[i] = live & (0 - live);
        call->job[i] = (struct lk_ec_job){.key = o->key->ec,
                                          .digest = o->in,
                                          .digest_bytes = o->in_bytes,
                                          .nonce = ec->nonce[i],
                                          .signature = ec->signature[i]};
    }
}

static bool lane_out(struct lk_engine_work *work, const struct way *way, struct lk_operand *operand,
                     const uint8_t *signature, bool good)
{
    operand->recomputed = false;
    operand->by_kernel = true;
    if (!good) return again_by_library(work, operand, way->row);
    signature_write(operand, signature, way->kernel->bytes);
    return true;
}

static uint64_t kernel_call(struct lk_engine_work *work, const struct way *way,
                            struct lk_operand *operand, uint64_t live)
{
    struct lk_ec_work *ec = work->ec;
    struct draw draw = {.sha256 = way->sha256};
    struct call call;
    uint64_t good = 0;
    if (!lk_rng_bytes(&ec->rng, draw.random, sizeof draw.random)) {
        for (; live != 0; live &= live - 1)
            (void)refuse(&operand[__builtin_ctzll(live)]);
        return 0;
    }
    call_fill(&call, ec, operand, live);
    nonces_make(&draw, call.operand, call.count, ec->nonce);
    uint64_t right = way->kernel->sign(work->scratch, call.job, ~UINT64_C(0) >> (64 - call.count));
    LK_WIPE(draw);
    lk_wipe(ec->nonce, call.count * sizeof ec->nonce[0]);
    for (unsigned i = 0; i < call.count; i++)
        if (lane_out(work, way, call.operand[i], ec->signature[i], (right >> i & 1) != 0))
            good |= call.bit[i];
    return good;
}

/* Of the lanes that wait, up to `count` that have a key for kernels and a digest for nonces. */
static uint64_t lanes_for(const struct lk_operand *operand, uint64_t live, unsigned count)
{
    uint64_t fit = 0;
    for (; live != 0 && count > 0; live &= live - 1) {
        const struct lk_operand *o = &operand[__builtin_ctzll(live)];
        if (o->key->ec == NULL || o->in_bytes > DIGEST_BYTES_MAX) continue;
        fit |= live & (0 - live);
        count--;
    }
    return fit;
}

static uint64_t run_way(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live,
                        const struct way *way)
{
    uint64_t good = 0;
    for (;;) {
        uint64_t now = lanes_for(operand, live, way->kernel->requests);
        if (now == 0) break;
        good |= kernel_call(work, way, operand, now);
        live &= ~now;
    }
    for (uint64_t left = live; left != 0; left &= left - 1) {
        struct lk_operand *o = &operand[__builtin_ctzll(left)];
        o->recomputed = o->by_kernel = false;
    }
    return good | lk_engine_rows[way->row].run(work, operand, live);
}

/* Every fill: a request alone takes three fifths of the time of the library for P-256, and a
 * tenth for P-384, without the check that is made here (bench/results/ec.json). */
#define RUN(curve, number, kernel_, sha256_)                                                       \
    static uint64_t run_##curve##_##kernel_(struct lk_engine_work *work,                           \
                                            struct lk_operand *operand, uint64_t live)             \
    {                                                                                              \
        static const struct way way = {number, &lk_##curve##_##kernel_, &lk_sha256_##sha256_};     \
        return run_way(work, operand, live, &way);                                                 \
    }
RUN(p256, LK_ROW_P256, x8_ifma, x16_ifma)
RUN(p256, LK_ROW_P256, x2_ref, x2_ref)
RUN(p384, LK_ROW_P384, x8_ifma, x16_ifma)
RUN(p384, LK_ROW_P384, x2_ref, x2_ref)

/* Costs scaled like those of the library's rows (engine_openssl.c). */
const struct lk_kernel lk_p256_row_ifma = {"p256", "ifma", 64, 8, 73000, 6000, run_p256_x8_ifma};
const struct lk_kernel lk_p256_row_ref = {"p256", "ref", 16, 2, 9600000, 1200000, run_p256_x2_ref};
const struct lk_kernel lk_p384_row_ifma = {"p384", "ifma", 64, 8, 320000, 13000, run_p384_x8_ifma};
const struct lk_kernel lk_p384_row_ref = {"p384", "ref", 16, 2, 40000000, 3000000, run_p384_x2_ref};
