/* The published RSA vectors and the project's own, in every lane of every kernel: each file's
 * requests pass through a batch one lane further with each call, so that each stands in each lane
 * once, beside ever other requests. Results are compared with the file's where it has any, and
 * always with libcrypto's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/base/err.h"
#include "crypto/engine_rsa_batch.h"
#include "crypto/engine_work.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_pad.h"
#include "tests/support/draw.h"
#include "tests/support/rsa_trial.h"
#include "tests/support/vectors.h"

#define SUBJECTS_MAX 64
#define REQUESTS_MAX 512

/* A private operation and what comes of it: 0 where c is not below n. */
struct request {
    struct lk_subject *subject;
    struct lk_bytes c;
    uint8_t m[LK_SUBJECT_BYTES_MAX];
    bool below;
};

/* The file that is open, its keys and its requests. */
static struct {
    struct lk_vectors vectors;
    unsigned subjects, count;
    struct lk_subject subject[SUBJECTS_MAX];
    struct request request[REQUESTS_MAX];
} file;

static bool file_open(const char *name)
{
    file.subjects = file.count = 0;
    return lk_vectors_open(&file.vectors, name);
}

static void file_close(void)
{
    for (unsigned i = 0; i < file.subjects; i++)
        lk_subject_fini(&file.subject[i]);
    lk_vectors_close(&file.vectors);
}

/* --- keys ----------------------------------------------------------------------------------- */

static struct lk_subject *subject_of_numbers(const json_t *row)
{
    LK_ASSERT(file.subjects < SUBJECTS_MAX);
    struct lk_subject *subject = &file.subject[file.subjects++];
    lk_test_rsa_init(&subject->numbers, lk_vectors_text(row, "e"), lk_vectors_text(row, "p"),
                     lk_vectors_text(row, "q"), lk_vectors_text(row, "d"));
    lk_subject_init(subject);
    return subject;
}

static struct lk_subject *subject_of_pem(const char *pem)
{
    LK_ASSERT(file.subjects < SUBJECTS_MAX);
    struct lk_subject *subject = &file.subject[file.subjects++];
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    LK_ASSERT(key != NULL);
    lk_test_rsa_of(&subject->numbers, key);
    lk_subject_init(subject);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return subject;
}

static struct lk_subject *subject_named(struct lk_subject *first, const json_t *keys,
                                        const char *name)
{
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (strcmp(lk_vectors_text(json_array_get(keys, i), "name"), name) == 0) return first + i;
    LK_ASSERT(!"a key of this name");
    return NULL;
}

/* --- requests ------------------------------------------------------------------------------- */

static struct request *request_add(struct lk_subject *subject, struct lk_bytes c)
{
    LK_ASSERT(file.count < REQUESTS_MAX && c.len == subject->k);
    struct request *r = &file.request[file.count++];
    *r = (struct request){.subject = subject, .c = c};
    r->below = lk_subject_is_below(subject, c.data);
    lk_subject_root(subject, c.data, r->m);
    return r;
}

/* Of a root that is known: c is its power. False: it is not below n, or not of its length. */
static bool root_add(struct lk_subject *subject, struct lk_bytes m)
{
    uint8_t c[LK_SUBJECT_BYTES_MAX];
    if (m.len != subject->k || !lk_subject_is_below(subject, m.data)) return false;
    lk_subject_raise(subject, m.data, c);
    struct lk_bytes kept = lk_vectors_copy(&file.vectors, lk_bytes_of(c, subject->k));
    assert_memory_equal(request_add(subject, kept)->m, m.data, m.len);
    return true;
}

/* --- every lane ----------------------------------------------------------------------------- */

/* The requests of one class in the order of the file. */
struct queue {
    unsigned count;
    const struct request *request[REQUESTS_MAX];
};

/* From one window to the next: a step, but under a sanitizer. */
static unsigned window_step(const struct queue *queue)
{
    return queue->count > 0 ? queue->count / lk_draw_rounds(queue->count, queue->count) : 1;
}

static void kernel_window(struct lk_trial *trial, const struct queue *queue, unsigned first)
{
    unsigned lanes = trial->kernel->requests;
    const struct request *in[LK_RSA_REQUESTS_MAX];
    for (unsigned i = 0; i < lanes; i++) {
        in[i] = queue->request[(first + i) % queue->count];
        lk_trial_set(trial, i, in[i]->subject, in[i]->c.data);
    }
    uint64_t all = (UINT64_C(1) << lanes) - 1;
    assert_int_equal(lk_trial_run(trial, all), all);
    for (unsigned i = 0; i < lanes; i++)
        assert_memory_equal(trial->m[i], in[i]->m, in[i]->subject->k);
}

/* What the kernel is given: c below n. Keys the engine refuses come by here alone. */
static void through_kernel(const struct lk_rsa_kernel *kernel, enum lk_rsa_class size)
{
    struct queue queue = {0};
    struct lk_trial trial;
    for (unsigned i = 0; i < file.count; i++) {
        const struct request *r = &file.request[i];
        if (r->below && r->subject->kernel != NULL && r->subject->kernel->size == size)
            queue.request[queue.count++] = r;
    }
    lk_trial_open(&trial, kernel);
    for (unsigned first = 0; first < queue.count; first += window_step(&queue))
        kernel_window(&trial, &queue, first);
    lk_trial_close(&trial);
}

static void row_window(struct lk_engine_work *work, const struct lk_kernel *row,
                       const struct queue *queue, unsigned first)
{
    struct lk_operand operand[LK_RSA_REQUESTS_MAX];
    uint8_t out[LK_RSA_REQUESTS_MAX][LK_SUBJECT_BYTES_MAX];
    uint64_t all = (UINT64_C(1) << row->lanes_max) - 1;
    for (unsigned i = 0; i < row->lanes_max; i++) {
        const struct request *in = queue->request[(first + i) % queue->count];
        operand[i] = (struct lk_operand){
            .key = in->subject->engine, .in = in->c.data, .in_bytes = in->c.len, .out = out[i]};
    }
    assert_int_equal(row->run(work, operand, all), all);
    for (unsigned i = 0; i < row->lanes_max; i++) {
        const struct request *in = queue->request[(first + i) % queue->count];
        assert_false(operand[i].recomputed);
        assert_int_equal(operand[i].out_bytes, in->subject->k);
        assert_memory_equal(out[i], in->m, in->subject->k);
    }
}

static void through_row(const struct lk_kernel *row, enum lk_rsa_class size)
{
    struct queue queue = {0};
    struct lk_engine_work *work = lk_engine_work_new(0, false);
    LK_ASSERT(work != NULL);
    for (unsigned i = 0; i < file.count; i++) {
        const struct request *r = &file.request[i];
        if (r->subject->engine != NULL &&
            lk_engine_key_row(r->subject->engine) == LK_ROW_RSA2048 + size)
            queue.request[queue.count++] = r;
    }
    for (unsigned first = 0; first < queue.count; first += window_step(&queue))
        row_window(work, row, &queue, first);
    lk_engine_work_free(work);
}

static void through_all(unsigned expected)
{
    assert_int_equal(file.count, expected);
    for (unsigned i = 0; i < LK_RSA_CLASS_COUNT; i++) {
        enum lk_rsa_class size = (enum lk_rsa_class)i;
        const struct lk_rsa_kernel *kernels[LK_TRIAL_KERNELS_MAX];
        unsigned count = lk_trial_kernels(size, kernels);
        for (unsigned j = 0; j < count; j++)
            through_kernel(kernels[j], size);
        through_row(&lk_engine_rows[LK_ROW_RSA2048 + i], size);
        if (lk_trial_has_ifma()) through_row(&lk_rsa_rows_ifma[i], size);
    }
}

/* --- files ---------------------------------------------------------------------------------- */

static void primitive(const char *name, const char *in, const char *out, unsigned expected)
{
    if (!file_open(name)) skip();
    const json_t *rows = lk_vectors_rows(&file.vectors, "tests");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *want = json_object_get(row, "expected");
        struct lk_bytes c = lk_vectors_hex(&file.vectors, row, in);
        struct request *r = request_add(subject_of_numbers(row), c);
        if (!json_is_true(json_object_get(want, "testPassed"))) continue;
        assert_memory_equal(r->m, lk_vectors_hex(&file.vectors, want, out).data, c.len);
    }
    through_all(expected);
    file_close();
}

static void lanes_are_the_acvp_signature_primitive(void **state)
{
    (void)state;
    primitive("nist/acvp_rsa_sign_primitive.json", "message", "signature", 15);
}

static void lanes_are_the_acvp_decryption_primitive(void **state)
{
    (void)state;
    primitive("nist/acvp_rsa_decrypt_primitive.json", "ct", "pt", 10);
}

/* 00 02, eight bytes or more that are not 0, 0, the text. */
static bool is_padded(const uint8_t *m, size_t k, struct lk_bytes text)
{
    if (text.len + 11 > k || m[0] != 0 || m[1] != 2 || m[k - text.len - 1] != 0) return false;
    return memchr(m + 2, 0, k - text.len - 3) == NULL &&
           memcmp(m + k - text.len, text.data, text.len) == 0;
}

static void decryption_add(struct lk_subject *subject, const json_t *row)
{
    struct lk_bytes c = lk_vectors_hex(&file.vectors, row, "ct");
    struct lk_bytes text = lk_vectors_hex(&file.vectors, row, "msg");
    bool valid = strcmp(lk_vectors_text(row, "result"), "valid") == 0;
    if (c.len != subject->k) {
        assert_false(valid);
        return;
    }
    struct request *r = request_add(subject, c);
    if (valid) assert_true(is_padded(r->m, subject->k, text));
}

static void decryptions(const char *name, unsigned expected)
{
    if (!file_open(name)) skip();
    const json_t *groups = lk_vectors_rows(&file.vectors, "testGroups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i), *tests = json_object_get(group, "tests");
        struct lk_subject *subject = subject_of_pem(lk_vectors_text(group, "privateKeyPem"));
        for (size_t j = 0; j < json_array_size(tests); j++)
            decryption_add(subject, json_array_get(tests, j));
    }
    through_all(expected);
    file_close();
}

static void lanes_decrypt_wycheproofs_2048(void **state)
{
    (void)state;
    decryptions("wycheproof/rsa_pkcs1_2048_test.json", 62);
}

static void lanes_decrypt_wycheproofs_3072(void **state)
{
    (void)state;
    decryptions("wycheproof/rsa_pkcs1_3072_test.json", 62);
}

/* The encoding that the signature is the root of, where it is one that is served. */
static void encoding_check(const json_t *group, const json_t *row, const struct request *r)
{
    static const char *const names[] = {"SHA-256", "SHA-384", "SHA-512"};
    uint8_t digest[64], em[LK_SUBJECT_BYTES_MAX];
    struct lk_bytes text = lk_vectors_hex(&file.vectors, row, "msg");
    for (unsigned hash = 0; hash < 3; hash++) {
        if (strcmp(lk_vectors_text(group, "sha"), names[hash]) != 0) continue;
        lk_hash(hash, text.data, text.len, digest);
        assert_true(lk_rsa_pad_pkcs1(hash, digest, em, r->subject->k));
        assert_memory_equal(em, r->c.data, r->subject->k);
    }
}

/* Each key has a row for every hash, some of which are too weak for anybody but the kernel. */
static void signatures_add(const json_t *group)
{
    const json_t *tests = json_object_get(group, "tests");
    struct lk_subject *subject = subject_of_pem(lk_vectors_text(group, "privateKeyPem"));
    for (size_t j = 0; j < json_array_size(tests); j++) {
        const json_t *row = json_array_get(tests, j);
        assert_true(root_add(subject, lk_vectors_hex(&file.vectors, row, "sig")));
        encoding_check(group, row, &file.request[file.count - 1]);
    }
}

static void signatures(const char *name, unsigned expected)
{
    if (!file_open(name)) skip();
    const json_t *groups = lk_vectors_rows(&file.vectors, "testGroups");
    for (size_t i = 0; i < json_array_size(groups); i++)
        signatures_add(json_array_get(groups, i));
    through_all(expected);
    file_close();
}

/* Keys too short for the engine: numbers of half a kernel's length. */
static void lanes_sign_wycheproofs_1024(void **state)
{
    (void)state;
    signatures("wycheproof/rsa_pkcs1_1024_sig_gen_test.json", 33);
}

static void lanes_sign_wycheproofs_2048(void **state)
{
    (void)state;
    signatures("wycheproof/rsa_pkcs1_2048_sig_gen_test.json", 43);
}

static void lanes_sign_wycheproofs_3072(void **state)
{
    (void)state;
    signatures("wycheproof/rsa_pkcs1_3072_sig_gen_test.json", 26);
}

/* --- signatures to be verified: theirs are our roots -------------------------------------------
 */

/* The private key of this modulus, out of a file that has private keys. */
static struct lk_subject *subject_of_modulus(const json_t *groups, const char *modulus_der)
{
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        if (strcmp(lk_vectors_text(group, "keyAsn"), modulus_der) == 0)
            return subject_of_pem(lk_vectors_text(group, "privateKeyPem"));
    }
    return NULL;
}

static void verified(const char *name, const char *keys_name, unsigned expected)
{
    struct lk_vectors keys;
    if (!lk_vectors_open(&keys, keys_name)) skip();
    if (!file_open(name)) {
        lk_vectors_close(&keys);
        skip();
    }
    const json_t *groups = lk_vectors_rows(&file.vectors, "testGroups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i), *tests = json_object_get(group, "tests");
        struct lk_subject *subject = subject_of_modulus(lk_vectors_rows(&keys, "testGroups"),
                                                        lk_vectors_text(group, "publicKeyAsn"));
        for (size_t j = 0; subject != NULL && j < json_array_size(tests); j++) {
            const json_t *row = json_array_get(tests, j);
            bool added = root_add(subject, lk_vectors_hex(&file.vectors, row, "sig"));
            assert_true(added || strcmp(lk_vectors_text(row, "result"), "valid") != 0);
        }
    }
    through_all(expected);
    file_close();
    lk_vectors_close(&keys);
}

static void lanes_make_wycheproofs_signatures(void **state)
{
    (void)state;
    verified("wycheproof/rsa_signature_2048_sha256_test.json",
             "wycheproof/rsa_pkcs1_2048_sig_gen_test.json", 252);
}

static void lanes_make_wycheproofs_pss_2048(void **state)
{
    (void)state;
    verified("wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json",
             "wycheproof/rsa_pkcs1_2048_sig_gen_test.json", 102);
}

static void lanes_make_wycheproofs_pss_3072(void **state)
{
    (void)state;
    verified("wycheproof/rsa_pss_3072_sha256_mgf1_32_test.json",
             "wycheproof/rsa_pkcs1_3072_sig_gen_test.json", 102);
}

/* --- premasters and implicit rejection -------------------------------------------------------- */

typedef void row_fn(struct lk_subject *subject, const json_t *row);

static void named_keys(const char *name, row_fn *add, unsigned expected)
{
    if (!file_open(name)) skip();
    const json_t *keys = lk_vectors_rows(&file.vectors, "keys");
    const json_t *rows = lk_vectors_rows(&file.vectors, "tests");
    struct lk_subject *first = &file.subject[file.subjects];
    for (size_t i = 0; i < json_array_size(keys); i++)
        subject_of_numbers(json_array_get(keys, i));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        add(subject_named(first, keys, lk_vectors_text(row, "key")), row);
    }
    through_all(expected);
    file_close();
}

static void premaster_add(struct lk_subject *subject, const json_t *row)
{
    struct lk_bytes c = lk_vectors_hex(&file.vectors, row, "ct");
    bool valid = strcmp(lk_vectors_text(row, "result"), "valid") == 0;
    if (c.len != subject->k) {
        assert_string_equal(lk_vectors_text(row, "result"), "refuse");
        return;
    }
    struct request *r = request_add(subject, c);
    if (!valid) return;
    assert_true(is_padded(r->m, subject->k, lk_vectors_hex(&file.vectors, row, "pms")));
}

static void lanes_decrypt_premasters(void **state)
{
    (void)state;
    named_keys("tls12/rsa_premaster.json", premaster_add, 174);
}

/* Where the padding is bad the file has a stand-in, which the private operation knows nothing of.
 */
static void rejection_add(struct lk_subject *subject, const json_t *row)
{
    struct lk_bytes c = lk_vectors_hex(&file.vectors, row, "ct");
    const char *name = lk_vectors_text(row, "name");
    bool bad = strstr(name, "negative") != NULL || strstr(name, "invalid") != NULL ||
               strstr(name, "third_prf_value") != NULL;
    if (c.len != subject->k) return;
    struct request *r = request_add(subject, c);
    if (bad) return;
    assert_true(is_padded(r->m, subject->k, lk_vectors_hex(&file.vectors, row, "expected")));
}

static void lanes_decrypt_the_rejection_guidances(void **state)
{
    (void)state;
    named_keys("rfc/rsa_guidance_implicit_rejection.json", rejection_add, 38);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_the_acvp_signature_primitive),
        cmocka_unit_test(lanes_are_the_acvp_decryption_primitive),
        cmocka_unit_test(lanes_decrypt_wycheproofs_2048),
        cmocka_unit_test(lanes_decrypt_wycheproofs_3072),
        cmocka_unit_test(lanes_sign_wycheproofs_1024),
        cmocka_unit_test(lanes_sign_wycheproofs_2048),
        cmocka_unit_test(lanes_sign_wycheproofs_3072),
        cmocka_unit_test(lanes_make_wycheproofs_signatures),
        cmocka_unit_test(lanes_make_wycheproofs_pss_2048),
        cmocka_unit_test(lanes_make_wycheproofs_pss_3072),
        cmocka_unit_test(lanes_decrypt_premasters),
        cmocka_unit_test(lanes_decrypt_the_rejection_guidances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
