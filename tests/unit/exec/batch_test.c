#include "core/exec/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/clock.h"
#include "tests/support/record.h"

enum { TENANTS = 8, LANES = 2048 };

/* Queues over the recording table; nothing is run. */
struct bench {
    struct lk_kernels kernels;
    struct lk_batch batch;
    void *memory;
    struct lk_lane *lane[LANES];
    struct lk_key key[TENANTS];
    uint32_t used;
};

static struct bench *bench_new(uint32_t lanes_max, uint64_t wait_ns)
{
    struct bench *b = calloc(1, sizeof *b);
    lk_record_kernels(&b->kernels, lanes_max, 20 * LK_NS_PER_US);
    b->kernels.row[LK_ROW_RSA4096].cost_ns = 4 * LK_NS_PER_MS;
    b->memory = calloc(1, lk_batch_bytes(TENANTS));
    lk_batch_init(&b->batch, &b->kernels, TENANTS, wait_ns, b->memory);
    for (uint32_t t = 0; t < TENANTS; t++)
        b->key[t].tenant = t;
    return b;
}

static void bench_free(struct bench *b)
{
    for (uint32_t i = 0; i < b->used; i++)
        free(b->lane[i]);
    free(b->memory);
    free(b);
}

static void add(struct bench *b, enum lk_kernel_row row, uint32_t tenant, uint32_t count, uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        struct lk_lane *lane = aligned_alloc(64, lk_lane_bytes(false));
        b->lane[b->used++] = lane;
        lane->row = row;
        lane->key = &b->key[tenant];
        lk_batch_add(&b->batch, lane, now_ns);
    }
}

/* Runs one batch: takes its lanes and gives back the row. *count: how many. */
static enum lk_kernel_row run(struct bench *b, uint64_t now_ns, uint32_t *count)
{
    enum lk_kernel_row row = lk_batch_row(&b->batch, now_ns);
    *count = 0;
    if (row == LK_ROW_COUNT) return row;
    while (*count < b->kernels.row[row].lanes_max && lk_batch_take(&b->batch, row) != NULL)
        ++*count;
    return row;
}

static void batch_of_ecdsa_waits_for_one_rsa4096_at_most(void **state)
{
    (void)state;
    struct bench *b = bench_new(1, 0);
    uint32_t count;
    add(b, LK_ROW_RSA4096, 0, 128, 0);
    assert_int_equal(run(b, 0, &count), LK_ROW_RSA4096);
    for (unsigned round = 0; round < 20; round++) {
        add(b, LK_ROW_P256, 0, 1, 0);
        unsigned waited = 0;
        while (run(b, 0, &count) != LK_ROW_P256)
            waited++;
        assert_true(waited <= 1);
    }
    bench_free(b);
}

/* With both flooded each row gets the same cost: 200 signatures for one RSA-4096. */
static void batch_rows_share_the_worker_by_cost(void **state)
{
    (void)state;
    struct bench *b = bench_new(1, 0);
    add(b, LK_ROW_RSA4096, 0, 10, 0);
    add(b, LK_ROW_P256, 0, 1800, 0);
    uint32_t rsa = 0, ecdsa = 0, count;
    while (ecdsa < 1700)
        if (run(b, 0, &count) == LK_ROW_RSA4096)
            rsa++;
        else
            ecdsa++;
    assert_in_range(rsa, 7, 10);
    bench_free(b);
}

/* A lone lane in a wide row is charged for one pass of the kernel, not for the batch it could have been:
 * 2 ms beside 100 signatures of 20 us. */
static void batch_pays_for_the_lanes_it_has(void **state)
{
    (void)state;
    struct bench *b = bench_new(8, 0);
    b->kernels.row[LK_ROW_P256].lanes_max = 1;
    b->kernels.row[LK_ROW_P256].lanes_step = 1;
    add(b, LK_ROW_P256, 0, 1500, 0);
    uint32_t rsa = 0, ecdsa = 0, count;
    add(b, LK_ROW_RSA4096, 1, 1, 0);
    while (rsa < 8) {
        if (run(b, 0, &count) != LK_ROW_RSA4096) {
            ecdsa++;
            continue;
        }
        assert_int_equal(count, 1);
        rsa++;
        add(b, LK_ROW_RSA4096, 1, 1, 0);
    }
    assert_in_range(ecdsa, 700, 900);
    bench_free(b);
}

/* What a batch took beyond its charge is paid before the next of its row, also where the row was empty
 * meanwhile. */
static void batch_row_pays_what_it_owes(void **state)
{
    (void)state;
    struct bench *b = bench_new(1, 0);
    uint32_t count, others = 0;
    add(b, LK_ROW_POO_P256, 0, 1, 0);
    assert_int_equal(run(b, 0, &count), LK_ROW_POO_P256);
    lk_batch_charge(&b->batch, LK_ROW_POO_P256, 2 * LK_NS_PER_MS);
    add(b, LK_ROW_POO_P256, 0, 1, 0);
    add(b, LK_ROW_P256, 0, 300, 0);
    while (run(b, 0, &count) == LK_ROW_P256)
        others++;
    assert_in_range(others, 80, 120);
    bench_free(b);
}

/* Lanes that wait stay where they are when their row goes over to another kernel. */
static void batch_goes_over_to_another_kernel(void **state)
{
    (void)state;
    struct bench *b = bench_new(8, 0);
    struct lk_kernel narrow = b->kernels.row[LK_ROW_RSA2048];
    narrow.lanes_max = 1;
    narrow.lanes_step = 1;
    narrow.cost_ns = 160 * LK_NS_PER_MS; /* dearer than any before: a visit has to buy it still */
    add(b, LK_ROW_RSA2048, 0, 3, 0);
    lk_batch_use(&b->batch, LK_ROW_RSA2048, &narrow);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(lk_batch_row(&b->batch, 0), LK_ROW_RSA2048);
        assert_ptr_equal(lk_batch_take(&b->batch, LK_ROW_RSA2048), b->lane[i]);
    }
    assert_true(b->batch.quantum_ns * 256 > narrow.cost_ns);
    bench_free(b);
}

static void batch_tenants_of_a_row_take_turns(void **state)
{
    (void)state;
    struct bench *b = bench_new(1, 0);
    add(b, LK_ROW_P256, 0, 500, 0); /* a flood */
    add(b, LK_ROW_P256, 1, 3, 0);
    add(b, LK_ROW_P256, 2, 3, 0);
    uint32_t seen[TENANTS] = {0};
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(lk_batch_row(&b->batch, 0), LK_ROW_P256);
        seen[lk_batch_take(&b->batch, LK_ROW_P256)->key->tenant]++;
    }
    assert_int_equal(seen[0], 3);
    assert_int_equal(seen[1], 3);
    assert_int_equal(seen[2], 3);
    bench_free(b);
}

static void batch_lanes_of_a_tenant_keep_their_order(void **state)
{
    (void)state;
    struct bench *b = bench_new(4, 0);
    add(b, LK_ROW_ED448, 5, 50, 0);
    for (unsigned i = 0; i < 50; i++)
        assert_ptr_equal(lk_batch_take(&b->batch, LK_ROW_ED448), b->lane[i]);
    assert_null(lk_batch_take(&b->batch, LK_ROW_ED448));
    assert_int_equal(lk_batch_row(&b->batch, 0), LK_ROW_COUNT);
    bench_free(b);
}

static void batch_fills_from_many_tenants(void **state)
{
    (void)state;
    struct bench *b = bench_new(8, 0);
    for (uint32_t t = 0; t < TENANTS; t++)
        add(b, LK_ROW_RSA2048, t, 1, 0);
    uint32_t count;
    assert_int_equal(run(b, 0, &count), LK_ROW_RSA2048);
    assert_int_equal(count, 8);
    bench_free(b);
}

/* A part-filled batch is held back only while another is due, and no longer than batch_wait. */
static void batch_holds_a_part_filled_row_under_load_alone(void **state)
{
    (void)state;
    const uint64_t wait_ns = 100 * LK_NS_PER_US;
    struct bench *b = bench_new(8, wait_ns);
    uint32_t count;
    add(b, LK_ROW_RSA2048, 0, 3, 1000);
    assert_int_equal(run(b, 1000, &count), LK_ROW_RSA2048); /* idle: takes what is there */
    assert_int_equal(count, 3);

    add(b, LK_ROW_RSA2048, 0, 3, 1000);
    add(b, LK_ROW_P256, 0, 8 * 40, 1000);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(run(b, 1000 + wait_ns - 1, &count), LK_ROW_P256);
    bool ran = false;
    for (unsigned i = 0; i < 20 && !ran; i++)
        ran = run(b, 1000 + wait_ns, &count) == LK_ROW_RSA2048;
    assert_true(ran);
    bench_free(b);
}

/* --- one edge with every group, beside one with a key ----------------------------------------- */

/* Costs in us of the rows of DHE as crypto/engine_openssl.c has them: a share, then proofs. */
static const uint32_t dhe_us[] = {350, 1650, 5000, 11500, 35000, 78000};

/* A run of a worker's clock: tenant 1 has lanes waiting in the first `groups` rows from `first` on all
 * the time, tenant 0 in that of P-256. */
struct contest {
    uint32_t share;    /* of the clock that tenant 0 gets, in a thousand */
    uint64_t worst_ns; /* between two of its batches */
};

static struct contest contest(enum lk_kernel_row first, unsigned groups)
{
    struct bench *b = bench_new(1, 0);
    struct contest seen = {0};
    uint64_t now_ns = 0, last_ns = 0, served_ns = 0;
    for (unsigned i = 0; i < groups; i++) {
        enum lk_kernel_row row = (enum lk_kernel_row)(first + i);
        b->kernels.row[row].cost_ns = dhe_us[i] * (uint32_t)LK_NS_PER_US;
        lk_batch_use(&b->batch, row, &b->kernels.row[row]);
        add(b, row, 1, 4, 0);
    }
    add(b, LK_ROW_P256, 0, 64, 0);
    while (now_ns < 20 * LK_NS_PER_S) {
        enum lk_kernel_row row = lk_batch_row(&b->batch, now_ns);
        struct lk_lane *lane = lk_batch_take(&b->batch, row);
        now_ns += b->kernels.row[row].cost_ns;
        lk_batch_add(&b->batch, lane, now_ns);
        if (row != LK_ROW_P256) continue;
        served_ns += b->kernels.row[row].cost_ns;
        if (now_ns - last_ns > seen.worst_ns) seen.worst_ns = now_ns - last_ns;
        last_ns = now_ns;
    }
    bench_free(b);
    seen.share = (uint32_t)(served_ns * 1000 / now_ns);
    return seen;
}

static void batch_groups_of_dhe_share_what_one_row_has(void **state)
{
    (void)state;
    struct contest seen = contest(LK_ROW_DH_PUBLIC, 6);
    assert_in_range(seen.share, 490, 510);
    assert_in_range(seen.worst_ns, 0, 132 * LK_NS_PER_MS); /* one of each */
    seen = contest(LK_ROW_DH_PUBLIC, 3); /* up to 3,072 bits */
    assert_in_range(seen.share, 490, 510);
    assert_in_range(seen.worst_ns, 0, 7500 * LK_NS_PER_US);
}

static void batch_groups_of_a_curve_share_what_one_row_has(void **state)
{
    (void)state;
    assert_in_range(contest(LK_ROW_POO_P256, 5).share, 490, 510);
    assert_in_range(contest(LK_ROW_SHARE_P256, 5).share, 490, 510);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_of_ecdsa_waits_for_one_rsa4096_at_most),
        cmocka_unit_test(batch_rows_share_the_worker_by_cost),
        cmocka_unit_test(batch_pays_for_the_lanes_it_has),
        cmocka_unit_test(batch_row_pays_what_it_owes),
        cmocka_unit_test(batch_goes_over_to_another_kernel),
        cmocka_unit_test(batch_tenants_of_a_row_take_turns),
        cmocka_unit_test(batch_lanes_of_a_tenant_keep_their_order),
        cmocka_unit_test(batch_fills_from_many_tenants),
        cmocka_unit_test(batch_holds_a_part_filled_row_under_load_alone),
        cmocka_unit_test(batch_groups_of_dhe_share_what_one_row_has),
        cmocka_unit_test(batch_groups_of_a_curve_share_what_one_row_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
