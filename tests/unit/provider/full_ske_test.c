/* What of a handshake lies about while a signature of DHE is waited for: the test stands in for the
 * call to the agent, and looks through all that libcrypto has handed out. */
#include "tools/provider/full.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "core/base/bytes.h"
#include "crypto/dh_prove.h"
#include "tools/liblurk/lurk.h"
#include "tools/provider/dhe.h"
#include "tools/provider/thread.h"

#define BLOCKS 4096
#define P_BYTES 256
#define DRAWN_BYTES 29 /* 225 bits and two */

/* --- memory that is handed out ---------------------------------------------------------------- */

static struct {
    uint8_t *at;
    size_t len;
} block[BLOCKS];

static void note(void *at, size_t len)
{
    unsigned i = 0;
    while (i < BLOCKS && block[i].at != NULL)
        i++;
    if (at == NULL || i == BLOCKS) return;
    block[i].at = at;
    block[i].len = len;
}

static void *hand_out(size_t len, const char *file, int line)
{
    void *at = malloc(len);
    (void)file, (void)line;
    note(at, len);
    return at;
}

static void give_back(void *at, const char *file, int line)
{
    (void)file, (void)line;
    for (unsigned i = 0; i < BLOCKS && at != NULL; i++)
        if (block[i].at == at) block[i].at = NULL;
    free(at);
}

static void *resize(void *at, size_t len, const char *file, int line)
{
    for (unsigned i = 0; i < BLOCKS && at != NULL; i++)
        if (block[i].at == at) block[i].at = NULL;
    void *moved = realloc(at, len);
    (void)file, (void)line;
    note(moved, len);
    return moved;
}

static unsigned copies(const uint8_t *bytes, size_t len)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < BLOCKS; i++)
        for (size_t at = 0; block[i].at != NULL && at + len <= block[i].len; at++)
            seen += memcmp(block[i].at + at, bytes, len) == 0;
    return seen;
}

/* --- the parts around it ---------------------------------------------------------------------- */

static struct lk_kept *kept;
static struct lurk_prover *prover;
static char told[LK_FULL_WHY_BYTES];
static struct {
    unsigned calls, copies_of_r, copies_of_s;
    size_t len;
} sent;
static uint8_t s[32], random_of_s[32];

struct lk_kept *lk_thread_kept(void)
{
    return kept;
}

struct lurk_prover *lk_thread_prover(void)
{
    return prover;
}

void lk_pkey_free(struct lk_pkey *key)
{
    (void)key;
}

enum lk_full lk_full_unknown(char why[LK_FULL_WHY_BYTES], const char *text)
{
    (void)why;
    snprintf(told, sizeof told, "%s", text);
    return LK_FULL_UNKNOWN;
}

enum lk_full lk_full_send(const struct lk_pkey *key, int written, struct lurk_bytes message,
                          const char *what, struct lk_reply *reply)
{
    (void)key, (void)what, (void)reply;
    assert_int_equal(written, LURK_OK);
    sent.calls++;
    sent.len = message.len;
    sent.copies_of_r = copies(message.data + message.len - P_BYTES, P_BYTES);
    sent.copies_of_s = copies(s, sizeof s);
    return LK_FULL_DONE;
}

/* --- tests ------------------------------------------------------------------------------------ */

/* What is left is the message, once: r ends it, and S is in it. */
static void dhe_keeps_the_message_alone(void **state)
{
    (void)state;
    struct lk_dh_prover *own = lk_dh_prover_new();
    const struct lk_dh_group *group = &lk_dh_prover_groups(own)->group[0];
    uint8_t drawn[DRAWN_BYTES], b[LK_DHE_DRAWN_BYTES_MAX], y[P_BYTES], params[3 * P_BYTES];
    char why[LK_FULL_WHY_BYTES];
    for (size_t i = 0; i < sizeof s; i++)
        s[i] = (uint8_t)(i * 7 + 1), random_of_s[i] = (uint8_t)(i * 5 + 2);
    memset(drawn, 0x35, sizeof drawn);
    assert_true(lk_dhe_private(lk_bytes_of(drawn, sizeof drawn), P_BYTES, b));
    assert_true(lk_dh_key_public(own, group, b, sizeof drawn, y));
    struct lk_writer w = lk_writer_of(params, sizeof params);
    lk_writer_vec16(&w, lk_bytes_of(group->p_bytes, P_BYTES));
    lk_writer_vec16(&w, lk_bytes_of("\2", 1));
    lk_writer_vec16(&w, lk_bytes_of(y, P_BYTES));
    struct lk_kept_s *kept_s = lk_kept_s_take(kept, 1);
    memcpy(kept_s->s, s, sizeof s);
    memcpy(kept_s->random, random_of_s, sizeof s);
    struct lk_kept_private *number = lk_kept_private_take(kept, 1);
    memcpy(number->bytes, drawn, number->len = sizeof drawn);

    const struct lk_pkey key = {.mode = 0};
    const struct lk_question q = {.kind = LK_QUESTION_SKE, .client_random = y,
                                  .server_random = random_of_s, .dhe = true,
                                  .params = lk_bytes_of(params, w.len)};
    enum lk_full end = lk_full_ske(&key, 0x0401, &q, NULL, why);
    if (end != LK_FULL_DONE) fail_msg("%s", told);
    assert_int_equal(sent.calls, 1);
    assert_int_equal(sent.copies_of_r, 1);
    assert_int_equal(sent.copies_of_s, 1);
    assert_in_range(sent.len, w.len + 2 * P_BYTES, w.len + 2 * P_BYTES + 128);
    assert_int_equal(copies(s, sizeof s), 0); /* and of that nothing, afterwards */
    lk_dh_prover_free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(dhe_keeps_the_message_alone)};
    if (CRYPTO_set_mem_functions(hand_out, resize, give_back) != 1) return 1;
    kept = lk_kept_new();
    prover = lurk_prover_new();
    int failed = kept == NULL || prover == NULL || cmocka_run_group_tests(tests, NULL, NULL);
    lk_kept_free(kept);
    lurk_prover_free(prover);
    return failed;
}
