/* The rows of key shares by kernels, seen from above: what the peer's end makes of a share is the
 * same secret, keys that are fresh over lanes, calls and forks, nothing without random bytes, and
 * what is no share of the group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "core/base/err.h"
#include "crypto/cpu.h"
#include "crypto/engine_share_batch.h"
#include "crypto/rng.h"
#include "tests/support/draw.h"

#define LANES_MAX 64
#define PEERS 5
#define ROOM 160

static bool no_random; /* the system has none */
bool __real_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len);
bool __wrap_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len);
bool __wrap_lk_rng_bytes(struct lk_rng *rng, void *out, size_t len)
{
    return !no_random && __real_lk_rng_bytes(rng, out, len);
}

struct scene {
    const struct lk_kernel *row;
    struct lk_engine_work *work;
    EVP_PKEY *peer[PEERS];
    uint8_t *share[PEERS];
    size_t share_bytes, secret_bytes;
    struct lk_operand operand[LANES_MAX];
    uint8_t out[LANES_MAX][ROOM];
};

static void peers_make(struct scene *s)
{
    bool p256 = strcmp(s->row->name, "share_p256") == 0;
    bool p384 = strcmp(s->row->name, "share_p384") == 0;
    s->secret_bytes = p384 ? 48 : 32;
    for (unsigned i = 0; i < PEERS; i++) {
        s->peer[i] = p256 || p384 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", p256 ? "P-256" : "P-384")
                                  : EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
        s->share_bytes = EVP_PKEY_get1_encoded_public_key(s->peer[i], &s->share[i]);
        LK_ASSERT(s->share_bytes == (p256 ? 65 : p384 ? 97 : 32));
    }
}

static void for_each_row(void (*test)(struct scene *s))
{
    static const struct lk_kernel *const rows[] = {
        &lk_share_x25519_row_ref,  &lk_share_p256_row_ref,  &lk_share_p384_row_ref,
        &lk_share_x25519_row_ifma, &lk_share_p256_row_ifma, &lk_share_p384_row_ifma};
    uint32_t features;
    (void)lk_cpu_features(&features);
    unsigned count = (features >> LK_CPU_IFMA & 1) != 0 ? 6 : 3;
    for (unsigned i = 0; i < count; i++) {
        struct scene *s = calloc(1, sizeof *s);
        LK_ASSERT(s != NULL);
        s->row = rows[i];
        s->work = lk_engine_work_new(0, false);
        LK_ASSERT(s->work != NULL);
        peers_make(s);
        test(s);
        for (unsigned p = 0; p < PEERS; p++) {
            EVP_PKEY_free(s->peer[p]);
            OPENSSL_free(s->share[p]);
        }
        lk_engine_work_free(s->work);
        free(s);
    }
}

static uint64_t run(struct scene *s, uint64_t live)
{
    memset(s->out, 0x77, sizeof s->out);
    for (unsigned i = 0; i < LANES_MAX; i++)
        if ((live >> i & 1) != 0)
            s->operand[i] = (struct lk_operand){.in = s->share[i % PEERS],
                                                .in_bytes = s->share_bytes,
                                                .out = s->out[i],
                                                .recomputed = true,
                                                .point_bad = true};
    return s->row->run(s->work, s->operand, live);
}

static uint64_t some(unsigned count)
{
    return ~UINT64_C(0) >> (64 - count);
}

/* What the peer has with our share is what we have with its. */
static void secret_same(const struct scene *s, unsigned lane)
{
    uint8_t secret[48];
    size_t len = s->secret_bytes;
    EVP_PKEY *key = s->peer[lane % PEERS], *ours = EVP_PKEY_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    LK_ASSERT(EVP_PKEY_copy_parameters(ours, key) == 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(ours, s->out[lane], s->share_bytes), 1);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, ours), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, secret, &len), 1);
    assert_int_equal(len, s->secret_bytes);
    assert_memory_equal(secret, s->out[lane] + s->share_bytes, len);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(ours);
}

static void lane_served(const struct scene *s, unsigned lane)
{
    const struct lk_operand *o = &s->operand[lane];
    assert_int_equal(o->out_bytes, s->share_bytes + s->secret_bytes);
    assert_true(o->by_kernel);
    assert_false(o->recomputed);
    assert_false(o->point_bad);
    assert_int_equal(s->out[lane][s->share_bytes + s->secret_bytes], 0x77); /* and nothing behind */
    secret_same(s, lane);
}

static void fills(struct scene *s)
{
    for (unsigned count = 1; count <= LANES_MAX; count += count < 4 ? 1 : 12) {
        assert_int_equal(run(s, some(count)), some(count));
        for (unsigned i = 0; i < count; i++)
            lane_served(s, i);
    }
    for (unsigned round = 0; round < 4; round++) { /* gaps, and more than the model takes */
        uint64_t live = lk_draw() | 1;
        assert_int_equal(run(s, live), live);
        for (uint64_t left = live; left != 0; left &= left - 1)
            lane_served(s, (unsigned)__builtin_ctzll(left));
    }
}

static void peer_has_the_same_secret(void **state)
{
    (void)state;
    for_each_row(fills);
}

static void lane_empty(const struct scene *s, unsigned lane)
{
    assert_int_equal(s->operand[lane].out_bytes, 0);
    for (size_t at = 0; at < s->share_bytes + s->secret_bytes; at++)
        assert_int_equal(s->out[lane][at], 0);
}

static void no_source(struct scene *s)
{
    no_random = true;
    assert_int_equal(run(s, some(20)), 0);
    no_random = false;
    for (unsigned i = 0; i < 20; i++) {
        lane_empty(s, i);
        assert_false(s->operand[i].point_bad); /* it is not the peer's fault */
    }
}

static void without_random_bytes_there_is_no_share(void **state)
{
    (void)state;
    for_each_row(no_source);
}

/* Lengths about that of a share, and a share of zeros. */
static void no_shares(struct scene *s)
{
    static const uint8_t zeros[160];
    const size_t lengths[] = {0, 1, s->share_bytes - 1, s->share_bytes, s->share_bytes + 1, 160};
    uint64_t bad = 0;
    for (unsigned i = 0; i < LANES_MAX; i++)
        s->operand[i] = (struct lk_operand){
            .in = s->share[i % PEERS], .in_bytes = s->share_bytes, .out = s->out[i]};
    for (unsigned i = 0; i < 6; i++) {
        s->operand[9 * i].in = zeros;
        s->operand[9 * i].in_bytes = lengths[i];
        bad |= UINT64_C(1) << 9 * i;
    }
    assert_int_equal(s->row->run(s->work, s->operand, ~UINT64_C(0)), ~bad);
    for (unsigned i = 0; i < LANES_MAX; i++) {
        assert_int_equal(s->operand[i].point_bad, bad >> i & 1);
        assert_false(s->operand[i].recomputed);
        if ((bad >> i & 1) != 0)
            lane_empty(s, i);
        else
            secret_same(s, i);
    }
}

/* Of what a kernel refuses two a call are looked at, each lane in its turn, and paid for. */
static void refusals(struct scene *s)
{
    static const uint8_t zeros[ROOM]; /* a share of neither group */
    unsigned looked[8] = {0};
    for (unsigned call = 0; call < 4; call++) {
        for (unsigned i = 0; i < 8; i++)
            s->operand[i] = (struct lk_operand){
                .in = zeros, .in_bytes = s->share_bytes, .out = s->out[i], .extra_ns = 1};
        assert_int_equal(s->row->run(s->work, s->operand, 0xff), 0);
        for (unsigned i = 0; i < 8; i++) {
            assert_true(s->operand[i].point_bad && !s->operand[i].recomputed);
            assert_int_not_equal(s->operand[i].extra_ns, 1);
            looked[i] += s->operand[i].extra_ns > 1;
        }
    }
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(looked[i], 1);
}

static void refusals_are_looked_at_in_turn(void **state)
{
    (void)state;
    for_each_row(refusals);
}

static void what_is_no_share_is_the_peers_fault(void **state)
{
    (void)state;
    for_each_row(no_shares);
}

/* --- no two alike ---------------------------------------------------------------------------- */

static int share_compare(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void all_differ(uint8_t (*share)[32], size_t count)
{
    qsort(share, count, 32, share_compare);
    for (size_t i = 1; i < count; i++)
        assert_memory_not_equal(share[i - 1], share[i], 32);
}

static void gather(struct scene *s, uint8_t (*share)[32], unsigned calls)
{
    for (unsigned call = 0; call < calls; call++) {
        assert_int_equal(run(s, ~UINT64_C(0)), ~UINT64_C(0));
        for (unsigned i = 0; i < LANES_MAX; i++)
            memcpy(share[LANES_MAX * call + i], s->out[i] + 1, 32);
    }
}

/* Calls of few lanes draw from the worker's pool, of many from the system. */
static void distinct(struct scene *s)
{
    static uint8_t share[104 * LANES_MAX][32];
    unsigned calls = s->row->lanes_max == LANES_MAX ? lk_draw_rounds(100, 100) : 2,
             singles = lk_draw_rounds(4 * LANES_MAX, 4 * LANES_MAX), count = calls * LANES_MAX;
    gather(s, share, calls);
    for (unsigned i = 0; i < singles; i++, count++) {
        assert_int_equal(run(s, 1), 1);
        memcpy(share[count], s->out[0] + 1, 32);
    }
    all_differ(share, count);
}

static void shares_differ_over_lanes_and_calls(void **state)
{
    (void)state;
    for_each_row(distinct);
}

/* A child goes on from the very state of its parent. */
static void forked(struct scene *s)
{
    static uint8_t share[2][32];
    int line[2], status;
    assert_int_equal(run(s, 1), 1); /* now there is a pool */
    assert_int_equal(pipe(line), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool good = run(s, 1) == 1 && write(line[1], s->out[0] + 1, 32) == 32;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(run(s, 1), 1);
    memcpy(share[0], s->out[0] + 1, 32);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(line[0], share[1], 32), 32);
    close(line[0]), close(line[1]);
    assert_memory_not_equal(share[0], share[1], 32);
}

static void shares_differ_over_forks(void **state)
{
    (void)state;
    for_each_row(forked);
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_has_the_same_secret),
        cmocka_unit_test(without_random_bytes_there_is_no_share),
        cmocka_unit_test(what_is_no_share_is_the_peers_fault),
        cmocka_unit_test(refusals_are_looked_at_in_turn),
        cmocka_unit_test(shares_differ_over_lanes_and_calls),
        cmocka_unit_test(shares_differ_over_forks),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
