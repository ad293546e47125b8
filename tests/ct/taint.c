/* taint: does a branch or an address depend on a secret?
 *
 * Secrets are marked undefined for memcheck, which then reports every branch and every address that
 * hangs on them, in the very objects that ship. Public results are marked defined again where they
 * leave. Rows that leak on purpose must be reported, or the run says nothing. memcheck has no
 * AVX-512: the kernels are run over two lanes of plain C here, and the other ones by msan.c.
 * Source: threat model, how constant time is checked, 2.
 *
 * Usage: rows.h; run by tests/support/run-taint.sh under valgrind --error-exitcode=9 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "crypto/dh_prove.h"
#include "crypto/ct.h"
#include "crypto/kdf.h"
#include "crypto/mont.h"
#include "crypto/poo_scalar.h"
#include "crypto/rsa/rsa_check.h"
#include "crypto/rsa/rsa_pad.h"
#include "crypto/schedule.h"
#include "crypto/sha256_lanes.h"
#include "tests/ct/leaky.h"
#include "tests/ct/rows.h"
#include "tests/ct/secret_ec.h"
#include "tests/ct/secret_ecdh.h"
#include "tests/ct/secret_run.h"

#define K 256

static void secret(const void *data, size_t len)
{
    VALGRIND_MAKE_MEM_UNDEFINED(data, len);
}

static void public(const void *data, size_t len)
{
    VALGRIND_MAKE_MEM_DEFINED(data, len);
}

static bool is_secret(const void *data, size_t len)
{
    const uint8_t *byte = data;
    uint8_t undefined = 0;
    for (size_t i = 0; i < len && undefined == 0; i++)
        VALGRIND_GET_VBITS(byte + i, &undefined, 1);
    return undefined != 0;
}

/* Bytes that the compiler knows nothing of; the seed is fixed, the values do not matter. */
static void fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(rand() >> 7);
}

static void premaster_unpads(void)
{
    uint8_t m[K], c[K], n[K], d_hash[32], premaster[LK_PREMASTER_BYTES];
    for (int versions = LK_PREMASTER_TLS; versions <= LK_PREMASTER_BOTH; versions++) {
        fill(m, K), fill(c, K), fill(n, K), fill(d_hash, sizeof d_hash);
        secret(m, K);
        secret(d_hash, sizeof d_hash);
        lk_rsa_premaster(m, c, n, K, d_hash, (enum lk_premaster_versions)versions, premaster);
        public(premaster, sizeof premaster);
    }
}

static void premaster_leaks(void)
{
    uint8_t m[K], c[K], premaster[LK_PREMASTER_BYTES] = {0};
    fill(m, K), fill(c, K);
    secret(m, K);
    if (m[0] == 0 && m[1] == 2) memcpy(premaster, m + K - sizeof premaster, sizeof premaster);
    public(premaster, sizeof premaster);
    if (premaster[0] == 1) puts("");
}

static void master_derives(void)
{
    uint8_t premaster[LK_PREMASTER_BYTES], randoms[64], master[48];
    for (unsigned hash = 0; hash < 3; hash++) {
        fill(premaster, sizeof premaster), fill(randoms, sizeof randoms);
        secret(premaster, sizeof premaster);
        struct lk_piece seed = {randoms, sizeof randoms};
        lk_tls12_prf(hash, premaster, sizeof premaster, "master secret", &seed, 1, master, 48);
        public(master, sizeof master);
    }
}

/* From a shared secret of any group to the secrets that leave. Transcript hashes are public. */
static void schedule_derives(void)
{
    static const size_t widths[] = {32, 48, 56, 64, 66, 80};
    uint8_t shared[80], transcript[LK_HASH_BYTES_MAX], handshake[LK_HASH_BYTES_MAX];
    uint8_t traffic[LK_HASH_BYTES_MAX], finished[LK_HASH_BYTES_MAX];
    for (unsigned i = 0; i < 12; i++) {
        unsigned hash = i % 2;
        fill(shared, sizeof shared), fill(transcript, sizeof transcript);
        secret(shared, sizeof shared);
        lk_tls13_handshake_secret(hash, shared, widths[i / 2], handshake);
        lk_tls13_expand(hash, handshake, "s hs traffic", transcript, lk_hash_bytes(hash), traffic);
        lk_tls13_finished(hash, traffic, transcript, finished);
        lk_tls13_master_secret(hash, handshake, handshake);
        lk_tls13_expand(hash, handshake, "c ap traffic", transcript, lk_hash_bytes(hash), traffic);
        public(finished, sizeof finished);
        public(traffic, sizeof traffic);
        if (finished[0] == 1 && traffic[0] == 1) puts("");
    }
}

/* A schedule that spares itself the work for a secret of zeros. */
static void schedule_leaks(void)
{
    uint8_t shared[32], handshake[LK_HASH_BYTES_MAX] = {0};
    fill(shared, sizeof shared);
    secret(shared, sizeof shared);
    if (shared[0] != 0) lk_tls13_handshake_secret(0, shared, sizeof shared, handshake);
    public(handshake, sizeof handshake);
    if (handshake[0] == 1) puts("");
}

static void finished_compares(void)
{
    uint8_t want[12], got[12];
    fill(want, sizeof want), fill(got, sizeof got);
    secret(want, sizeof want);
    bool equal = lk_ct_equal(want, got, sizeof want);
    public(&equal, sizeof equal);
    if (equal) puts("equal");
}

static void finished_leaks(void)
{
    uint8_t want[12], got[12];
    fill(want, sizeof want), fill(got, sizeof got);
    secret(want, sizeof want);
    if (lk_bytes_equal(lk_bytes_of(want, sizeof want), lk_bytes_of(got, sizeof got))) puts("equal");
}

/* The secret that nonces follow from, and nonces. */
static void nonces_hash(void)
{
    struct lk_hmac_states key;
    struct lk_hmac_job job[2] = {{.key = &key}, {.key = &key}};
    uint8_t mac[2][LK_HMAC_LANES_MAC_BYTES];
    fill((uint8_t *)&key, sizeof key);
    for (unsigned i = 0; i < 2; i++) {
        fill(job[i].message, LK_HMAC_LANES_BYTES);
        secret(job[i].message, LK_HMAC_LANES_BYTES);
        job[i].mac = mac[i];
    }
    secret(&key, sizeof key);
    lk_sha256_x2_ref.hmac(job, 2);
    LK_ASSERT(is_secret(mac, sizeof mac));
}

/* The prover's numbers: b of an ephemeral key, v drawn for one proof. q and c are public. */
static void proof_answers(void)
{
    static const size_t widths[] = {32, 48, 66, 56};
    uint8_t q[66], b[66], v[66], c[32], r[66];
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        fill(q, sizeof q), fill(b, sizeof b), fill(v, sizeof v), fill(c, sizeof c);
        secret(b, sizeof b);
        secret(v, sizeof v);
        uint32_t below = lk_poo_scalar_in_range(v, q, widths[i]);
        lk_poo_scalar_response(q, widths[i], b, v, c, sizeof c, r);
        lk_poo_scalar_fold(q, widths[i], b, 0u - (v[0] & 1u), b);
        public(&below, sizeof below);
        public(r, widths[i]);
        if (below != 0 && r[0] == 1) puts("");
    }
}

/* b and v up to the power, which is libcrypto's. */
static void dhe_number_is_judged(const struct lk_dh_group *group, const uint8_t *x, size_t len)
{
    uint64_t room[2 * LK_MONT_LIMBS_MAX], number[LK_MONT_LIMBS_MAX];
    uint8_t q[256];
    struct lk_mont mont;
    LK_ASSERT(BN_bn2binpad(group->q, q, sizeof q) == sizeof q);
    lk_mont_init(&mont, q, sizeof q, room);
    lk_mont_load(&mont, number, x, len);
    bool good = lk_mont_in_range(&mont, number);
    LK_ASSERT(is_secret(&good, sizeof good));
    public(&good, sizeof good);
    LK_ASSERT(good);
}

/* The same in a finite field. */
static void dhe_answers(void)
{
    struct lk_dh_prover *prover = lk_dh_prover_new();
    const struct lk_dh_group *group = &lk_dh_prover_groups(prover)->group[0];
    uint8_t b[32], v[256], c[32], r[256];
    fill(b, sizeof b), fill(v, sizeof v), fill(c, sizeof c);
    v[0] &= 0x7f;
    secret(b, sizeof b);
    secret(v, sizeof v);
    dhe_number_is_judged(group, b, sizeof b);
    dhe_number_is_judged(group, v, sizeof v);
    lk_dh_answer(prover, group, b, sizeof b, v, c, sizeof c, r);
    public(r, sizeof r);
    if (r[0] == 1) puts("");
    lk_dh_prover_free(prover);
}

/* The check of a decryption works on the plain text: that is a secret. */
static void result_checks(void)
{
    uint8_t n[K], m[K], c[K];
    static const uint8_t e[] = {1, 0, 1};
    uint64_t room[2 * (K / 8)];
    struct lk_rsa_public pub;
    fill(n, K), fill(m, K), fill(c, K);
    n[0] |= 0x80, n[K - 1] |= 1, m[0] = c[0] = 0;
    lk_rsa_public_init(&pub, n, K, e, sizeof e, room);
    secret(m, K);
    bool good = lk_rsa_result_good(&pub, m, c);
    public(&good, sizeof good);
    if (good) puts("good");
}

/* --- the kernels' private operation ---------------------------------------------------------- */

static const struct lk_marker memcheck = {
    .secret = secret, .public = public, .is_secret = is_secret};

/* A request alone, and with another. Few keys: msan.c, which is fifty times as fast, has all. */
static void private_runs(const struct lk_rsa_kernel *kernel, unsigned keys)
{
    lk_secret_run(kernel, &memcheck, 1, keys);
    lk_secret_run(kernel, &memcheck, 3, keys);
}

static void private_2048(void)
{
    private_runs(&lk_rsa_private_x2_ref[LK_RSA_2048], 8);
}

static void private_3072(void)
{
    private_runs(&lk_rsa_private_x2_ref[LK_RSA_3072], 2);
}

static void private_4096(void)
{
    private_runs(&lk_rsa_private_x2_ref[LK_RSA_4096], 2);
}

/* A request, then a pair of vectors and one alone. */
static void sign_p256(void)
{
    lk_secret_ec(&lk_p256_x2_ref, &memcheck, 1, 1);
    lk_secret_ec(&lk_p256_x2_ref, &memcheck, 5, 1);
}

static void sign_p384(void)
{
    lk_secret_ec(&lk_p384_x2_ref, &memcheck, 1, 1);
    lk_secret_ec(&lk_p384_x2_ref, &memcheck, 5, 1);
}

/* Two vectors of Curve25519 and of P-384, three of P-256. */
static void agree_x25519(void)
{
    lk_secret_ecdh(&lk_x25519_x2_ref, &memcheck, 3, 1);
}

static void agree_p256(void)
{
    lk_secret_ecdh(&lk_p256_ecdh_x2_ref, &memcheck, 5, 1);
}

static void agree_p384(void)
{
    lk_secret_ecdh(&lk_p384_ecdh_x2_ref, &memcheck, 3, 1);
}

static void run_control(enum lk_leak which)
{
    lk_leak = which;
    lk_secret_run(&lk_rsa_leaky_x2_ref[LK_RSA_2048], &memcheck, 1, 1);
}

/* What is found in the controls is their leak: without one they are clean. */
static void private_no_leak(void)
{
    run_control(LK_LEAK_NONE);
}

static void private_lookup(void)
{
    run_control(LK_LEAK_LOOKUP);
}

static void private_branch(void)
{
    run_control(LK_LEAK_BRANCH);
}

static void private_jump(void)
{
    run_control(LK_LEAK_JUMP);
}

static void private_early_out(void)
{
    run_control(LK_LEAK_EARLY_OUT);
}

static void private_borrow(void)
{
    run_control(LK_LEAK_BORROW);
}

static const struct lk_row rows[] = {
    {"premaster", premaster_unpads, premaster_leaks},
    {"master", master_derives, NULL},
    {"finished", finished_compares, finished_leaks},
    {"schedule", schedule_derives, schedule_leaks},
    {"result", result_checks, NULL},
    {"proof", proof_answers, NULL},
    {"dhe_proof", dhe_answers, NULL},
    {"sign_p256", sign_p256, NULL},
    {"sign_p384", sign_p384, NULL},
    {"agree_x25519", agree_x25519, NULL},
    {"agree_p256", agree_p256, NULL},
    {"agree_p384", agree_p384, NULL},
    {"nonces", nonces_hash, NULL},
    {"private_2048", private_2048, NULL},
    {"private_3072", private_3072, NULL},
    {"private_4096", private_4096, NULL},
    {"private_control", private_no_leak, NULL},
    {"private_lookup", NULL, private_lookup},
    {"private_branch", NULL, private_branch},
    {"private_jump", NULL, private_jump},
    {"private_early_out", NULL, private_early_out},
    {"private_borrow", NULL, private_borrow},
};

int main(int argc, char **argv)
{
    return lk_rows_main(rows, sizeof rows / sizeof rows[0], argc, argv);
}
