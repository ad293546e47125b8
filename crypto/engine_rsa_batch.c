#include "crypto/engine_rsa_batch.h"

#include <openssl/crypto.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/engine_key.h"
#include "crypto/rsa/rsa_kernel.h"

/* Bytes of the longest modulus a kernel takes: two primes of 40 digits. */
#define KERNEL_BYTES_MAX (2 * LK_RSA_DIGITS_MAX * LK_RSA_DIGIT_BITS / 8)

/* A batch around the kernel; in the vault libcrypto's memory is the secret arena's. */
struct lk_rsa_work {
    uint8_t out[LK_RSA_REQUESTS_MAX][KERNEL_BYTES_MAX];
};

bool lk_rsa_work_init(struct lk_engine_work *work)
{
    work->rsa = OPENSSL_zalloc(sizeof *work->rsa);
    return work->rsa != NULL;
}

void lk_rsa_work_fini(struct lk_engine_work *work)
{
    OPENSSL_free(work->rsa);
}

/* --- one lane -----------------------------------------------------------------------------------
 */

static const uint8_t zeros[LK_ENGINE_RSA_BYTES_MAX];

/* What a lane computes on: c, or 0 where c is not below n. Both are public. */
static const uint8_t *input_of(const struct lk_operand *operand)
{
    const struct lk_engine_key *key = operand->key;
    return memcmp(operand->in, key->public.n, key->public.k) < 0 ? operand->in : zeros;
}

/* A wrong result is never returned: from a CRT computation it would give the factors away. Once
 * more without CRT, since a fault of the moment should not cost the peer its handshake. */
static bool again_without_crt(struct lk_operand *operand, const uint8_t *c, uint8_t *m)
{
    const struct lk_engine_key *key = operand->key;
    operand->recomputed = true;
    return lk_rsa_private_plain(key->parts.rsa, c, m, key->public.k) &&
           lk_rsa_result_good(&key->public, m, c);
}

static bool library_lane(struct lk_engine_work *work, struct lk_operand *operand)
{
    const struct lk_engine_key *key = operand->key;
    size_t k = key->public.k;
    uint8_t c[LK_ENGINE_RSA_BYTES_MAX], m[LK_ENGINE_RSA_BYTES_MAX];
    memcpy(c, input_of(operand), k);
    operand->recomputed = operand->by_kernel = false;
    operand->out_bytes = k;
    bool good = (lk_rsa_private_raw(key->rsa[work->worker], c, m, k) &&
                 lk_rsa_result_good(&key->public, m, c)) ||
                again_without_crt(operand, c, m);
    if (!good) memset(m, 0, k);
    memcpy(operand->out, m, k);
    lk_wipe(m, k);
    return good;
}

uint64_t lk_rsa_run_library(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    uint64_t good = 0;
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        if (library_lane(work, &operand[i])) good |= UINT64_C(1) << i;
    }
    return good;
}

/* --- a kernel's batch ---------------------------------------------------------------------------
 */

/* out is not written before the first result is known to be right: it may be the place of c. */
static bool kernel_lane(struct lk_operand *operand, uint8_t *m, bool good)
{
    size_t k = operand->key->public.k;
    operand->recomputed = false;
    operand->by_kernel = true;
    operand->out_bytes = k;
    if (!good) good = again_without_crt(operand, input_of(operand), m);
    if (!good) memset(m, 0, k);
    memcpy(operand->out, m, k);
    lk_wipe(m, k);
    return good;
}

/* At most LK_RSA_REQUESTS_MAX lanes, all with keys of the kernel's class. */
static uint64_t kernel_call(struct lk_engine_work *work, const struct lk_rsa_kernel *kernel,
                            struct lk_operand *operand, uint64_t live)
{
    struct lk_rsa_job job[LK_RSA_REQUESTS_MAX];
    unsigned index[LK_RSA_REQUESTS_MAX], count = 0;
    for (; live != 0 && count < kernel->requests; live &= live - 1, count++) {
        struct lk_operand *o = &operand[index[count] = (unsigned)__builtin_ctzll(live)];
        job[count] = (struct lk_rsa_job){o->key->kernel, input_of(o), work->rsa->out[count]};
    }
    uint64_t right = kernel->private(work->scratch, job, (UINT64_C(1) << count) - 1);
    uint64_t good = 0;
    for (unsigned i = 0; i < count; i++)
        if (kernel_lane(&operand[index[i]], work->rsa->out[i], (right >> i & 1) != 0))
            good |= UINT64_C(1) << index[i];
    return good;
}

/* The `count` lowest bits that are set. */
static uint64_t lowest(uint64_t live, unsigned count)
{
    uint64_t left = live;
    for (; count > 0; count--)
        left &= left - 1;
    return live & ~left;
}

/* Lanes whose keys this kernel takes. */
static uint64_t lanes_for(const struct lk_operand *operand, uint64_t live,
                          const struct lk_rsa_kernel *kernel)
{
    uint64_t fit = 0;
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        const struct lk_rsa_key *key = operand[i].key->kernel;
        if (key != NULL && key->digits == kernel->digits) fit |= UINT64_C(1) << i;
    }
    return fit;
}

/* take[n]: of n requests that wait, how many the kernel computes together; the rest goes lane by
 * lane through the library. */
static uint64_t run_kernel(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live,
                           const struct lk_rsa_kernel *kernel, const uint8_t *take)
{
    uint64_t fit = lanes_for(operand, live, kernel), good = 0;
    while (fit != 0) {
        unsigned count = (unsigned)__builtin_popcountll(fit);
        uint64_t now = lowest(fit, take[count < kernel->requests ? count : kernel->requests]);
        if (now == 0) break;
        good |= kernel_call(work, kernel, operand, now);
        fit &= ~now;
        live &= ~now;
    }
    return good | lk_rsa_run_library(work, operand, live);
}

/* Costs of one operation beside the library's, check included, by requests in the batch (bench/
 * results/rsa.json, figures rsaNNNN_*_vs_openssl): a pass of the kernel costs the same for one
 * request and for four. For 2048 bits that is one operation of the library's own AVX-512 code, so a
 * lone request gains nothing there; longer keys have no such code and gain at once. */
static const uint8_t take_all[LK_RSA_REQUESTS_MAX + 1] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t take_two[LK_RSA_REQUESTS_MAX + 1] = {0, 0, 2, 3, 4, 5, 6, 7, 8};

static uint64_t run_2048_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t live)
{
    return run_kernel(work, operand, live, &lk_rsa_private_x8_ifma[LK_RSA_2048], take_two);
}

static uint64_t run_3072_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t live)
{
    return run_kernel(work, operand, live, &lk_rsa_private_x8_ifma[LK_RSA_3072], take_all);
}

static uint64_t run_4096_ifma(struct lk_engine_work *work, struct lk_operand *operand,
                              uint64_t live)
{
    return run_kernel(work, operand, live, &lk_rsa_private_x8_ifma[LK_RSA_4096], take_all);
}

static uint64_t run_2048_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_kernel(work, operand, live, &lk_rsa_private_x2_ref[LK_RSA_2048], take_all);
}

static uint64_t run_3072_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_kernel(work, operand, live, &lk_rsa_private_x2_ref[LK_RSA_3072], take_all);
}

static uint64_t run_4096_ref(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live)
{
    return run_kernel(work, operand, live, &lk_rsa_private_x2_ref[LK_RSA_4096], take_all);
}

/* Costs of a full batch scaled like those of the library's rows (engine_openssl.c). */
const struct lk_kernel lk_rsa_rows_ifma[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = {"rsa2048", "ifma", 8, 4, 520000, 0, run_2048_ifma},
    [LK_RSA_3072] = {"rsa3072", "ifma", 8, 4, 1780000, 0, run_3072_ifma},
    [LK_RSA_4096] = {"rsa4096", "ifma", 8, 4, 4000000, 0, run_4096_ifma},
};
const struct lk_kernel lk_rsa_rows_ref[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = {"rsa2048", "ref", 2, 1, 4000000, 0, run_2048_ref},
    [LK_RSA_3072] = {"rsa3072", "ref", 2, 1, 13000000, 0, run_3072_ref},
    [LK_RSA_4096] = {"rsa4096", "ref", 2, 1, 31000000, 0, run_4096_ref},
};
