#include "tests/support/record.h"

#include <string.h>

#include "core/base/err.h"

static struct {
    struct lk_record record[LK_RECORDS_MAX];
    uint32_t count, batches;
    bool fail;
    uint32_t extra_ns;
    void (*watch)(const struct lk_record *record);
} log_of;

/* Proofs and key shares name no key. */
static bool is_keyless(enum lk_kernel_row row)
{
    return row >= LK_ROW_POO_P256;
}

static bool lane_run(enum lk_kernel_row row, struct lk_operand *o)
{
    struct lk_record *r = &log_of.record[log_of.count % LK_RECORDS_MAX];
    *r = (struct lk_record){.row = row, .batch = log_of.batches, .key = o->key, .in_bytes = o->in_bytes};
    LK_ASSERT(o->in_bytes <= sizeof r->in && is_keyless(row) == (o->key == NULL));
    memcpy(r->in, o->in, o->in_bytes);
    log_of.count++;
    if (log_of.watch != NULL) log_of.watch(r);
    if (row == LK_ROW_DH_PUBLIC) return true;
    if (lk_row_is_proof(row)) {
        bool good = (o->poo_r[0] & 1) == 0;
        o->extra_ns = good ? 0 : log_of.extra_ns;
        return good;
    }
    o->out_bytes = o->in_bytes < 64 ? o->in_bytes : 64;
    memcpy(o->out, o->in, o->out_bytes);
    return !log_of.fail;
}

static uint64_t row_run(enum lk_kernel_row row, struct lk_operand *operand, uint64_t live)
{
    uint64_t good = 0;
    for (unsigned i = 0; i < 64; i++)
        if ((live >> i & 1) != 0 && lane_run(row, &operand[i])) good |= UINT64_C(1) << i;
    log_of.batches++;
    return good;
}

#define ROWS(X)                                                                                   \
    X(RSA2048) X(RSA3072) X(RSA4096) X(RSA8192) X(P256) X(P384) X(P521) X(ED25519) X(ED448)        \
    X(POO_P256) X(POO_P384) X(POO_P521) X(POO_X25519) X(POO_X448)                            \
    X(SHARE_P256) X(SHARE_P384) X(SHARE_P521) X(SHARE_X25519) X(SHARE_X448)           \
    X(DH_PUBLIC) X(POO_DH2048) X(POO_DH3072) X(POO_DH4096) X(POO_DH6144) X(POO_DH8192)
#define ROW_RUN(id)                                                                               \
    static uint64_t run_##id(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live) \
    {                                                                                             \
        (void)work;                                                                               \
        return row_run(LK_ROW_##id, operand, live);                                             \
    }
ROWS(ROW_RUN)

void lk_record_kernels(struct lk_kernels *out, uint32_t lanes_max, uint32_t cost_ns)
{
#define ROW_KERNEL(id)                                                                            \
    out->row[LK_ROW_##id] = (struct lk_kernel){                                                 \
        .name = #id, .isa = "record", .lanes_max = lanes_max, .cost_ns = cost_ns, \
        .lanes_step = lanes_max > 1 ? lanes_max / 2 : 1, .run = run_##id};
    ROWS(ROW_KERNEL)
    out->points_p256 = lk_p256_points_library;
    out->sha256 = lk_sha256_lanes_library;
    out->siphash = lk_siphash_many_plain;
    lk_record_clear();
    lk_record_fail(false);
    lk_record_extra(0);
    lk_record_watch(NULL);
}

void lk_record_clear(void)
{
    log_of.count = log_of.batches = 0;
}

uint32_t lk_record_count(void)
{
    return log_of.count;
}

const struct lk_record *lk_record_at(uint32_t i)
{
    LK_ASSERT(i < log_of.count && i < LK_RECORDS_MAX);
    return &log_of.record[i];
}

uint32_t lk_record_batches(void)
{
    return log_of.batches;
}

void lk_record_watch(void (*watch)(const struct lk_record *record))
{
    log_of.watch = watch;
}

void lk_record_extra(uint32_t extra_ns)
{
    log_of.extra_ns = extra_ns;
}

void lk_record_fail(bool fail)
{
    log_of.fail = fail;
}
