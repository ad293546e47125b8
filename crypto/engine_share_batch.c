#include "crypto/engine_share_batch.h"

#include <openssl/crypto.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/ec/ecdh_kernel.h"
#include "crypto/rng.h"

#define LOOKS 2 /* at refusals of a call */

/* A batch around the kernel; in the vault libcrypto's memory is the secret arena's. */
struct lk_ecdh_work {
    struct lk_rng rng;
    unsigned turn; /* the lane whose refusal is looked at next */
    uint8_t secret[LK_ECDH_REQUESTS_MAX * LK_ECDH_SECRET_BYTES_MAX];
    uint8_t own[LK_ECDH_REQUESTS_MAX][LK_ECDH_POINT_BYTES_MAX];
    uint8_t shared[LK_ECDH_REQUESTS_MAX][LK_ECDH_SHARED_BYTES_MAX];
};

/* The kernel, and the row that makes again what it found wrong. */
struct way {
    const struct lk_ecdh_kernel *kernel;
    enum lk_kernel_row row;
};

bool lk_ecdh_work_init(struct lk_engine_work *work)
{
    struct lk_ecdh_work *ecdh = OPENSSL_zalloc(sizeof *ecdh);
    work->ecdh = ecdh;
    if (ecdh == NULL) return false;
    lk_rng_init(&ecdh->rng);
    return true;
}

void lk_ecdh_work_fini(struct lk_engine_work *work)
{
    if (work->ecdh == NULL) return;
    LK_WIPE(*work->ecdh);
    OPENSSL_free(work->ecdh);
}

/* --- one lane -----------------------------------------------------------------------------------
 */

/* An out of which nothing may be left. */
static void refuse(const struct way *way, struct lk_operand *operand, bool point_bad)
{
    lk_wipe(operand->out, way->kernel->point_bytes + way->kernel->shared_bytes);
    operand->out_bytes = 0;
    operand->point_bad = point_bad;
    operand->recomputed = operand->by_kernel = false;
    operand->extra_ns = 0;
}

static void refuse_all(const struct way *way, struct lk_operand *operand, uint64_t live,
                       bool point_bad)
{
    for (; live != 0; live &= live - 1)
        refuse(way, &operand[__builtin_ctzll(live)], point_bad);
}

static bool lane_take(const struct way *way, struct lk_operand *operand, const uint8_t *own,
                      const uint8_t *shared)
{
    memcpy(operand->out, own, way->kernel->point_bytes);
    memcpy(operand->out + way->kernel->point_bytes, shared, way->kernel->shared_bytes);
    operand->out_bytes = way->kernel->point_bytes + way->kernel->shared_bytes;
    operand->point_bad = operand->recomputed = false;
    operand->by_kernel = true;
    operand->extra_ns = 0;
    return true;
}

/* Another key and other code, since a fault of the moment should not cost the peer its handshake.
 */
static bool again_by_library(struct lk_engine_work *work, const struct way *way,
                             struct lk_operand *operand)
{
    bool good = lk_engine_rows[way->row].run(work, operand, 1) == 1;
    operand->extra_ns = lk_engine_rows[way->row].cost_ns;
    operand->recomputed = operand->by_kernel = true; /* the first one was */
    return good;
}

/* --- a kernel's batch ---------------------------------------------------------------------------
 */

/* The lanes of one call: at most as many as the kernel takes. */
struct call {
    struct lk_ecdh_job job[LK_ECDH_REQUESTS_MAX];
    struct lk_operand *operand[LK_ECDH_REQUESTS_MAX];
    uint64_t bit[LK_ECDH_REQUESTS_MAX];
    unsigned count;
};

static void call_fill(struct call *call, struct lk_ecdh_work *ecdh, const struct way *way,
                      struct lk_operand *operand, uint64_t live)
{
    for (call->count = 0; live != 0; live &= live - 1, call->count++) {
        unsigned i = call->count;
        call->operand[i] = &operand[__builtin_ctzll(live)];
        call->bit[i] = live & (0 - live);
        call->job[i] = (struct lk_ecdh_job){.secret = ecdh->secret + i * way->kernel->secret_bytes,
                                            .peer = call->operand[i]->in,
                                            .own = ecdh->own[i],
                                            .shared = ecdh->shared[i]};
    }
}

/* A kernel that refuses what is right would never be found out, and blames the peer: the library
 * makes some of the refused once more, as many as do not give a peer that sends nonsense more time
 * than others have. With the first that it makes it makes all. Returns those that are good. */
static uint64_t refusals_look(struct lk_engine_work *work, const struct way *way,
                              const struct call *call, uint64_t refused)
{
    uint64_t good = 0;
    for (unsigned looks = 0; refused != 0 && (good != 0 || looks < LOOKS); looks++) {
        uint64_t bit = lk_lane_in_turn(&work->ecdh->turn, refused);
        unsigned i = (unsigned)__builtin_ctzll(bit);
        if (again_by_library(work, way, call->operand[i]))
            good |= call->bit[i];
        else
            call->operand[i]->recomputed = call->operand[i]->by_kernel = false;
        refused &= ~bit;
    }
    return good;
}

static uint64_t kernel_call(struct lk_engine_work *work, const struct way *way,
                            struct lk_operand *operand, uint64_t live)
{
    struct lk_ecdh_work *ecdh = work->ecdh;
    struct call call;
    uint64_t good = 0, refused;
    call_fill(&call, ecdh, way, operand, live);
    size_t drawn = call.count * way->kernel->secret_bytes;
    if (!lk_rng_bytes(&ecdh->rng, ecdh->secret, drawn)) {
        refuse_all(way, operand, live, false);
        return 0;
    }
    uint64_t all = ~UINT64_C(0) >> (64 - call.count);
    uint64_t right = way->kernel->agree(work->scratch, call.job, all, &refused);
    lk_wipe(ecdh->secret, drawn);
    for (unsigned i = 0; i < call.count; i++) {
        bool taken = false;
        if ((right >> i & 1) != 0)
            taken = lane_take(way, call.operand[i], ecdh->own[i], ecdh->shared[i]);
        else if ((refused >> i & 1) != 0)
            refuse(way, call.operand[i], true);
        else
            taken = again_by_library(work, way, call.operand[i]);
        if (taken) good |= call.bit[i];
    }
    lk_wipe(ecdh->shared, call.count * sizeof ecdh->shared[0]);
    return good | refusals_look(work, way, &call, refused & ~right & all);
}

/* Lanes whose share has the length of a point. */
static uint64_t lanes_fit(const struct way *way, const struct lk_operand *operand, uint64_t live)
{
    uint64_t fit = 0;
    for (; live != 0; live &= live - 1)
        if (operand[__builtin_ctzll(live)].in_bytes == way->kernel->point_bytes)
            fit |= live & (0 - live);
    return fit;
}

/* The lowest `count` of them. */
static uint64_t lanes_first(uint64_t live, unsigned count)
{
    uint64_t left = live;
    for (unsigned i = 0; i < count; i++)
        left &= left - 1;
    return live & ~left;
}

static uint64_t run_way(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live,
                        const struct way *way)
{
    uint64_t good = 0, fit = lanes_fit(way, operand, live);
    refuse_all(way, operand, live & ~fit, true);
    while (fit != 0) {
        uint64_t now = lanes_first(fit, way->kernel->requests);
        good |= kernel_call(work, way, operand, now);
        fit &= ~now;
    }
    return good;
}

/* Every fill: a request alone takes less than the library's (bench/results/ec.json). */
static uint64_t run_x25519_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                                uint64_t live)
{
    static const struct way way = {&lk_x25519_x8_ifma, LK_ROW_SHARE_X25519};
    return run_way(work, operand, live, &way);
}

static uint64_t run_x25519_ref(struct lk_engine_work *work, struct lk_operand *operand,
                               uint64_t live)
{
    static const struct way way = {&lk_x25519_x2_ref, LK_ROW_SHARE_X25519};
    return run_way(work, operand, live, &way);
}

static uint64_t run_p256_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t live)
{
    static const struct way way = {&lk_p256_ecdh_x8_ifma, LK_ROW_SHARE_P256};
    return run_way(work, operand, live, &way);
}

static uint64_t run_p256_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    static const struct way way = {&lk_p256_ecdh_x2_ref, LK_ROW_SHARE_P256};
    return run_way(work, operand, live, &way);
}

static uint64_t run_p384_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t live)
{
    static const struct way way = {&lk_p384_ecdh_x8_ifma, LK_ROW_SHARE_P384};
    return run_way(work, operand, live, &way);
}

static uint64_t run_p384_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    static const struct way way = {&lk_p384_ecdh_x2_ref, LK_ROW_SHARE_P384};
    return run_way(work, operand, live, &way);
}

/* Costs scaled like those of the library's rows (engine_openssl.c). */
const struct lk_kernel lk_share_x25519_row_ifma = {
    .name = "share_x25519",
    .isa = "ifma",
    .lanes_max = 64,
    .lanes_step = 8,
    .cost_ns = 250000,
    .fixed_ns = 6000,
    .run = run_x25519_ifma,
};
const struct lk_kernel lk_share_p256_row_ifma = {
    .name = "share_p256",
    .isa = "ifma",
    .lanes_max = 64,
    .lanes_step = 8,
    .cost_ns = 430000,
    .fixed_ns = 5000,
    .run = run_p256_ifma,
};
const struct lk_kernel lk_share_p384_row_ifma = {
    .name = "share_p384",
    .isa = "ifma",
    .lanes_max = 64,
    .lanes_step = 8,
    .cost_ns = 1680000,
    .fixed_ns = 55000,
    .run = run_p384_ifma,
};
const struct lk_kernel lk_share_x25519_row_ref = {
    .name = "share_x25519",
    .isa = "ref",
    .lanes_max = 16,
    .lanes_step = 2,
    .cost_ns = 14000000,
    .fixed_ns = 700000,
    .run = run_x25519_ref,
};
const struct lk_kernel lk_share_p256_row_ref = {
    .name = "share_p256",
    .isa = "ref",
    .lanes_max = 16,
    .lanes_step = 2,
    .cost_ns = 24000000,
    .fixed_ns = 1200000,
    .run = run_p256_ref,
};
const struct lk_kernel lk_share_p384_row_ref = {
    .name = "share_p384",
    .isa = "ref",
    .lanes_max = 16,
    .lanes_step = 2,
    .cost_ns = 90000000,
    .fixed_ns = 3000000,
    .run = run_p384_ref,
};
