/* exchange: what lurk-bench can ask. One row an exchange: how a request is prepared before the run,
 * made fresh for each sending, and its answer verified.
 *
 * A template is a whole request prepared for one key; a fresh copy gets its id, randoms and proof.
 * S must be new for every request, since the server refuses a repeated one; ciphertexts and ECDHE
 * shares come from the template.
 * Owner templates belong to the plan (plan.h), are made before threads start and read only
 * afterwards. */
#ifndef LK_TOOLS_BENCH_EXCHANGE_H
#define LK_TOOLS_BENCH_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "core/wire/header.h"
#include "core/wire/tls12.h"
#include "tools/lurk-bench/draw.h"
#include "tools/lurk-bench/key.h"

enum lk_bench_exchange_id {
    LK_BENCH_PING,
    LK_BENCH_TLS12_PING,
    LK_BENCH_CAPABILITIES,
    LK_BENCH_TLS12_CAPABILITIES,
    LK_BENCH_RSA_MASTER,
    LK_BENCH_RSA_MASTER_WITH_POH,
    LK_BENCH_RSA_EXTENDED_MASTER,
    LK_BENCH_RSA_EXTENDED_MASTER_WITH_POH,
    LK_BENCH_ECDHE,
    LK_BENCH_MALFORMED, /* only for --hostile */
    LK_BENCH_EXCHANGE_COUNT
};

enum lk_bench_need {
    LK_BENCH_NEED_NOTHING,
    LK_BENCH_NEED_DECRYPT,
    LK_BENCH_NEED_CERTIFICATE,
    LK_BENCH_NEED_SIGN
};

/* How requests of this run look, from the command line. */
struct lk_bench_style {
    uint16_t group;
    uint16_t scheme;
    uint8_t proof, prf;
};

#define LK_BENCH_SCALAR_BYTES_MAX 66

struct lk_bench_template {
    uint8_t *message;
    uint32_t bytes;
    uint32_t random_at, server_random_at; /* offsets in message; 0: the request has none */
    uint32_t proof_at, proof_bytes;       /* verify_data or r; 0: none */
    const struct lk_bench_key *key;
    uint8_t prf;
    uint8_t premaster[LK_MASTER_BYTES];
    uint16_t group;
    uint8_t b[LK_BENCH_SCALAR_BYTES_MAX],
        v[LK_BENCH_SCALAR_BYTES_MAX]; /* big-endian, group's width */
};

struct lk_bench_exchange {
    const char *name; /* as --mix writes it */
    uint8_t designation, version, type;
    enum lk_bench_need need;
    /* Fill the template for one key; false when libcrypto refuses. NULL: nothing but a header. */
    bool (*prepare)(const struct lk_bench_exchange *row, const struct lk_bench_style *style,
                    struct lk_bench_draw *draw, struct lk_bench_template *out);
    /* Put the proof into a fresh message whose randoms are set. NULL: no proof. */
    bool (*prove)(const struct lk_bench_template *from, uint8_t *message);
    /* The payload of a success against the request that was sent. NULL: it has to be empty. */
    bool (*verify)(const struct lk_bench_template *from, const uint8_t *request,
                   struct lk_bytes payload);
    /* The cheap look at every answer: a payload that can not be right, without its arithmetic. */
    bool (*plausible)(const struct lk_bench_template *from, struct lk_bytes payload);
};

extern const struct lk_bench_exchange lk_bench_exchanges[LK_BENCH_EXCHANGE_COUNT];

/* The row of a name, or -1; names with "tls12." or "lurk." in front pass as well. */
int lk_bench_exchange_find(const char *name);

/* Makes one template. Allocates its message. */
LK_MUST_USE lk_err lk_bench_template_make(const struct lk_bench_exchange *row,
                                          const struct lk_bench_key *key,
                                          const struct lk_bench_style *style,
                                          struct lk_bench_draw *draw,
                                          struct lk_bench_template *out);
void lk_bench_template_free(struct lk_bench_template *from);

/* message[from->bytes] := a request never sent before, with this id and with S of now_s. */
LK_MUST_USE bool lk_bench_template_fresh(const struct lk_bench_exchange *row,
                                         const struct lk_bench_template *from, uint64_t id,
                                         uint32_t now_s, struct lk_bench_draw *draw,
                                         uint8_t *message);

#endif
