/* What the provider takes for a signature of a key, with kernels that are right and such as lie:
 * libcrypto alone refuses, and who refused a right one is not asked again. */
#include "tools/provider/verified.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rsa.h>

#include "core/base/err.h"
#include "tests/support/draw.h"

#define ECDSA_SHA256 0x0403
#define ECDSA_SHA384 0x0503
#define ECDSA_SHA512 0x0603
#define RSA_PKCS1_SHA256 0x0401
#define RSA_PSS_SHA384 0x0805
#define ED25519 0x0807
#define SIGNATURE_BYTES_MAX 512

/* --- what it leans on ------------------------------------------------------------------------- */

static unsigned said;

void lk_prov_say(const struct lk_prov *prov, const char *format, ...)
{
    (void)prov, (void)format;
    said++;
}

void lk_prov_trace(const struct lk_prov *provider, const char *format, ...)
{
    (void)provider, (void)format;
}

/* --- kernels ---------------------------------------------------------------------------------- */

static unsigned asked;
static enum lk_verify lie;

static enum lk_verify verify_lying(void *work, const void *prepared,
                                   const struct lk_verify_job *job)
{
    (void)work, (void)prepared, (void)job;
    asked++;
    return lie;
}

static bool prepare_nothing(void *work, void *prepared, const uint8_t *xy)
{
    (void)work, (void)prepared, (void)xy;
    return true;
}

static const struct lk_verify_kernel lying = {.name = "p256",
                                              .isa = "lying",
                                              .needs = LK_CPU_FEATURE_COUNT,
                                              .bytes = 32,
                                              .work_bytes = 64,
                                              .prepare = prepare_nothing,
                                              .verify = verify_lying};

/* --- a signature ------------------------------------------------------------------------------ */

static struct lk_prov prov;

struct scene {
    struct lk_pkey key;
    uint16_t scheme;
    uint8_t message[130];
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t len;
};

static EVP_PKEY *key_make(const char *kind)
{
    EVP_PKEY *key = strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kind, (size_t)2048)
                    : strcmp(kind, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kind)
                                                   : EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
    LK_ASSERT(key != NULL);
    return key;
}

static void sign(struct scene *s, const char *digest, bool pss)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    s->len = sizeof s->signature;
    LK_ASSERT(EVP_DigestSignInit_ex(ctx, &pctx, digest, NULL, NULL, s->key.public_half, NULL) == 1);
    if (pss)
        LK_ASSERT(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1);
    LK_ASSERT(EVP_DigestSign(ctx, s->signature, &s->len, s->message, sizeof s->message) == 1);
    EVP_MD_CTX_free(ctx);
}

/* kernel: NULL, none. */
static void open_scene(struct scene *s, const char *kind, uint16_t scheme, const char *digest,
                       const struct lk_verify_kernel *kernel)
{
    memset(s, 0, sizeof *s);
    (void)lk_cpu_features(&prov.cpu);
    s->key.prov = &prov;
    s->key.answers = 2;
    s->key.public_half = key_make(kind);
    s->scheme = scheme;
    if (kernel != NULL) {
        s->key.lanes = lk_ecdsa_check_by(kernel, s->key.public_half);
        assert_non_null(s->key.lanes);
        prov.combs++;
    }
    lk_draw_bytes(s->message, sizeof s->message);
    sign(s, digest, scheme == RSA_PSS_SHA384);
    said = asked = 0;
}

static void close_scene(struct scene *s)
{
    lk_verified_free(&s->key);
    assert_int_equal(prov.combs, 0);
    EVP_PKEY_free(s->key.public_half);
}

static bool good(const struct scene *s)
{
    return lk_verified(&s->key, s->scheme, lk_bytes_of(s->message, sizeof s->message),
                       lk_bytes_of(s->signature, s->len));
}

/* --- the tests -------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    uint16_t scheme;
    const char *digest;
    const struct lk_verify_kernel *kernel;
} kinds[] = {
    {"P-256", ECDSA_SHA256, "SHA2-256", &lk_p256_verify_x2_ref},
    {"P-256", ECDSA_SHA384, "SHA2-384", &lk_p256_verify_x2_ref},
    {"P-256", ECDSA_SHA512, "SHA2-512", &lk_p256_verify_x2_ref},
    {"P-384", ECDSA_SHA256, "SHA2-256", &lk_p384_verify_x2_ref},
    {"P-384", ECDSA_SHA384, "SHA2-384", &lk_p384_verify_x2_ref},
    {"P-384", ECDSA_SHA512, "SHA2-512", &lk_p384_verify_x2_ref},
    {"P-256", ECDSA_SHA256, "SHA2-256", NULL},
    {"P-521", ECDSA_SHA512, "SHA2-512", NULL},
    {"RSA", RSA_PKCS1_SHA256, "SHA2-256", NULL},
    {"RSA", RSA_PSS_SHA384, "SHA2-384", NULL},
    {"ED25519", ED25519, NULL, NULL},
};

static void signature_is_judged_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct scene s;
        open_scene(&s, kinds[i].kind, kinds[i].scheme, kinds[i].digest, kinds[i].kernel);
        assert_true(good(&s));
        s.message[lk_draw_below(sizeof s.message)] ^= 1;
        assert_false(good(&s));
        sign(&s, kinds[i].digest, s.scheme == RSA_PSS_SHA384);
        assert_true(good(&s));
        s.signature[s.len - 1 - lk_draw_below(16)] ^= 1;
        assert_false(good(&s));
        assert_false(kinds[i].kernel != NULL && s.key.lanes_off);
        assert_int_equal(said, 0);
        close_scene(&s);
    }
}

/* An edge loads keys by the thousand of which few sign, or reads one at each handshake; a CPU that
 * has no lanes is asked once. */
static void lanes_are_made_at_the_second_check(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "P-256", ECDSA_SHA256, "SHA2-256", NULL);
    bool ifma = (prov.cpu >> LK_CPU_IFMA & 1) != 0;
    s.key.answers = 1;
    assert_true(good(&s));
    assert_null(s.key.lanes);
    assert_false(s.key.lanes_off);
    s.key.answers = 2;
    assert_true(good(&s));
    const struct lk_ecdsa_check *made = s.key.lanes;
    assert_int_equal(made != NULL, ifma);
    assert_int_equal(s.key.lanes_off, !ifma);
    assert_true(good(&s));
    assert_ptr_equal(s.key.lanes, made);
    assert_int_equal(prov.combs, ifma);
    close_scene(&s);
}

/* A client that asks for every site of a server makes it keep so much and no more. */
static void keys_past_the_bound_have_no_lanes(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "P-256", ECDSA_SHA256, "SHA2-256", NULL);
    prov.combs = LK_COMBS_MAX;
    assert_true(good(&s));
    assert_null(s.key.lanes);
    assert_int_equal(prov.combs, LK_COMBS_MAX);
    assert_false(s.key.lanes_off); /* room may come */
    prov.combs = 0;
    close_scene(&s);
}

/* What the environment said when the provider was loaded: nginx empties that of its workers. */
static void lanes_that_are_hidden_are_not_made(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "P-256", ECDSA_SHA256, "SHA2-256", NULL);
    prov.cpu &= ~(UINT32_C(1) << LK_CPU_IFMA);
    assert_true(good(&s));
    assert_null(s.key.lanes);
    close_scene(&s);
}

static void digest_of_a_scheme_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *name = lk_verified_digest(kinds[i].scheme);
        assert_int_equal(name == NULL, kinds[i].digest == NULL);
        if (name != NULL) assert_string_equal(name, kinds[i].digest);
    }
    assert_null(lk_verified_digest(0x0203));
}

static void right_signature_that_lanes_refuse_is_good(void **state)
{
    struct scene s;
    (void)state;
    lie = LK_VERIFY_BAD;
    open_scene(&s, "P-256", ECDSA_SHA256, "SHA2-256", &lying);
    assert_true(good(&s));
    assert_int_equal(asked, 1);
    close_scene(&s);
}

static void lanes_that_refused_a_right_signature_are_left(void **state)
{
    struct scene s;
    (void)state;
    lie = LK_VERIFY_BAD;
    open_scene(&s, "P-256", ECDSA_SHA256, "SHA2-256", &lying);
    for (unsigned i = 0; i < 3; i++)
        assert_true(good(&s));
    assert_int_equal(asked, 1);
    assert_int_equal(said, 1);
    s.message[0] ^= 1;
    assert_false(good(&s));
    close_scene(&s);
}

/* They were right; an undecided one says nothing of them. */
static void lanes_that_refused_a_wrong_signature_stay(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, "P-256", ECDSA_SHA256, "SHA2-256", &lying);
    lie = LK_VERIFY_UNDECIDED;
    assert_true(good(&s));
    s.message[0] ^= 1;
    assert_false(good(&s));
    lie = LK_VERIFY_BAD;
    assert_false(good(&s));
    assert_false(s.key.lanes_off);
    assert_int_equal(asked, 3);
    assert_int_equal(said, 0);
    close_scene(&s);
}

/* A kernel for signatures of the other kind is never asked. */
static void lanes_take_no_other_scheme(void **state)
{
    struct scene s;
    (void)state;
    lie = LK_VERIFY_GOOD;
    open_scene(&s, "P-256", ECDSA_SHA256, "SHA2-256", &lying);
    s.message[0] ^= 1;
    s.scheme = ED25519;
    assert_false(good(&s));
    s.scheme = 0x0203; /* SHA-1 */
    assert_false(good(&s));
    assert_int_equal(asked, 0);
    close_scene(&s);
}

static int setup(void **state)
{
    (void)state;
    lk_draw_seed();
    prov.settings.trace_fd = -1;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_is_judged_as_it_is),
        cmocka_unit_test(lanes_are_made_at_the_second_check),
        cmocka_unit_test(keys_past_the_bound_have_no_lanes),
        cmocka_unit_test(lanes_that_are_hidden_are_not_made),
        cmocka_unit_test(digest_of_a_scheme_has_its_name),
        cmocka_unit_test(right_signature_that_lanes_refuse_is_good),
        cmocka_unit_test(lanes_that_refused_a_right_signature_are_left),
        cmocka_unit_test(lanes_that_refused_a_wrong_signature_stay),
        cmocka_unit_test(lanes_take_no_other_scheme),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
