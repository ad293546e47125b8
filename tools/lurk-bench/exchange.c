#include "tools/lurk-bench/exchange.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/lurk.h"
#include "tools/lurk-bench/handshake.h"
#include "tools/lurk-bench/share.h"
#include "tools/lurk-bench/verify.h"

#define MESSAGE_BYTES                                                                              \
    16384 /* of a template while it is made: a chain of one certificate and the rest */

/* --- requests --------------------------------------------------------------------------------- */

static void common_fill(struct lk_tls12_common *common, const struct lk_bench_key *key)
{
    memcpy(common->key_id, key->id, sizeof(common->key_id));
    common->freshness = 0;
}

/* Version 0303 and 46 random bytes, and the same under the public key. */
static bool premaster_draw(const struct lk_bench_key *key, uint8_t premaster[LK_MASTER_BYTES],
                           uint8_t *encrypted)
{
    premaster[0] = 3;
    premaster[1] = 3;
    if (RAND_bytes(premaster + 2, LK_MASTER_BYTES - 2) != 1) return false;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    size_t bytes = key->bytes;
    bool good = ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_encrypt(ctx, encrypted, &bytes, premaster, LK_MASTER_BYTES) == 1 &&
                bytes == key->bytes;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

static bool prepare_rsa_master(const struct lk_bench_exchange *row,
                               const struct lk_bench_style *style, struct lk_bench_draw *draw,
                               struct lk_bench_template *out)
{
    uint8_t encrypted[LK_RSA_BYTES_MAX], zero[LK_RANDOM_BYTES] = {0};
    (void)row, (void)draw;
    if (out->key->bytes > sizeof(encrypted) || !premaster_draw(out->key, out->premaster, encrypted))
        return false;
    struct lk_tls12_rsa_master request = {
        .prf_hash = style->prf,
        .client_random = zero,
        .server_random = zero,
        .encrypted_premaster = lk_bytes_of(encrypted, out->key->bytes),
    };
    common_fill(&request.common, out->key);
    struct lk_writer w = lk_writer_of(out->message, MESSAGE_BYTES);
    w.len = LK_HEADER_BYTES;
    lk_tls12_rsa_master_write(&w, &request);
    out->prf = style->prf;
    out->random_at = LK_HEADER_BYTES + 7;
    out->server_random_at = out->random_at + LK_RANDOM_BYTES;
    out->bytes = (uint32_t)w.len;
    return !w.bad;
}

/* Types 3 to 5: a handshake in TLS layout, as lk_bench_handshake_write lays it out. */
static bool prepare_handshake(const struct lk_bench_exchange *row,
                              const struct lk_bench_style *style, struct lk_bench_draw *draw,
                              struct lk_bench_template *out)
{
    uint8_t encrypted[LK_RSA_BYTES_MAX], messages[MESSAGE_BYTES - 256],
        zero[LK_VERIFY_DATA_BYTES] = {0};
    (void)style, (void)draw;
    if (out->key->bytes > sizeof(encrypted) || !premaster_draw(out->key, out->premaster, encrypted))
        return false;
    struct lk_writer list = lk_writer_of(messages, sizeof(messages));
    struct lk_bench_handshake_places places;
    lk_bench_handshake_write(&list, row->type != LK_TLS12_RSA_MASTER_WITH_POH,
                             lk_bytes_of(out->key->certificate, out->key->certificate_bytes),
                             lk_bytes_of(encrypted, out->key->bytes), &places);
    bool proof = row->type != LK_TLS12_RSA_EXTENDED_MASTER;
    struct lk_tls12_handshake request = {.messages = lk_bytes_of(messages, list.len),
                                         .verify_data = proof ? zero : NULL};
    common_fill(&request.common, out->key);
    struct lk_writer w = lk_writer_of(out->message, MESSAGE_BYTES);
    w.len = LK_HEADER_BYTES;
    lk_tls12_handshake_write(&w, row->type, &request);
    uint32_t list_at = LK_HEADER_BYTES + 6 + 2;
    out->prf = LK_SHA256;
    out->random_at = list_at + places.client_random_at;
    out->server_random_at = list_at + places.server_random_at;
    out->proof_at = proof ? list_at + (uint32_t)list.len : 0;
    out->proof_bytes = proof ? LK_VERIFY_DATA_BYTES : 0;
    out->bytes = (uint32_t)w.len;
    return !w.bad && !list.bad;
}

static bool prepare_ecdhe(const struct lk_bench_exchange *row, const struct lk_bench_style *style,
                          struct lk_bench_draw *draw, struct lk_bench_template *out)
{
    (void)row, (void)draw;
    const struct lk_group_row *group = lk_group_find(style->group);
    uint8_t point[256], poo_point[256], zero[LK_BENCH_SCALAR_BYTES_MAX] = {0}, params[260];
    if (!lk_bench_share_draw(group, out->b, point)) return false;
    if (style->proof != 0 && !lk_bench_share_draw(group, out->v, poo_point)) return false;
    struct lk_writer p = lk_writer_of(params, sizeof(params));
    lk_writer_u8(&p, 3);
    lk_writer_u16(&p, group->group);
    lk_writer_u8(&p, (uint8_t)group->point_bytes);
    lk_writer_put(&p, point, group->point_bytes);
    struct lk_tls12_ecdhe request = {
        .client_random = zero,
        .server_random = zero,
        .sig_and_hash = style->scheme ? style->scheme : out->key->scheme,
        .params = lk_bytes_of(params, p.len),
        .group = group->group,
        .point = lk_bytes_of(point, group->point_bytes),
        .poo_prf = style->proof,
        .poo_point = lk_bytes_of(poo_point, style->proof ? group->point_bytes : 0),
        .poo_r = lk_bytes_of(zero, style->proof ? group->scalar_bytes : 0),
    };
    common_fill(&request.common, out->key);
    struct lk_writer w = lk_writer_of(out->message, MESSAGE_BYTES);
    w.len = LK_HEADER_BYTES;
    lk_tls12_ecdhe_write(&w, &request);
    out->group = group->group;
    out->random_at = LK_HEADER_BYTES + 6;
    out->server_random_at = out->random_at + LK_RANDOM_BYTES;
    out->proof_bytes = style->proof ? group->scalar_bytes : 0;
    out->proof_at = style->proof ? (uint32_t)w.len - out->proof_bytes : 0;
    out->bytes = (uint32_t)w.len;
    return !w.bad && !p.bad;
}

/* Something the server has to refuse, another fault each time a template is made. */
static bool prepare_malformed(const struct lk_bench_exchange *row,
                              const struct lk_bench_style *style, struct lk_bench_draw *draw,
                              struct lk_bench_template *out)
{
    static const struct lk_header faults[] = {
        {.designation = 9, .version = 1, .type = 1},                   /* extension */
        {.designation = 1, .version = 2, .type = 2},                   /* version */
        {.designation = 1, .version = 1, .type = 99},                  /* type */
        {.designation = 1, .version = 1, .type = 1, .status = 1},      /* status */
        {.designation = 1, .version = 1, .type = LK_TLS12_RSA_MASTER}, /* payload */
        {.designation = 1, .version = 1, .type = LK_TLS12_ECDHE},      /* payload */
        {.designation = 0, .version = 1, .type = LK_LURK_PING},        /* payload too long */
    };
    (void)row, (void)style;
    struct lk_header header = faults[lk_bench_draw_below(draw, sizeof(faults) / sizeof(faults[0]))];
    uint32_t noise = 1 + lk_bench_draw_below(draw, 200);
    out->bytes = header.length = LK_HEADER_BYTES + noise;
    struct lk_writer w = lk_writer_of(out->message, LK_HEADER_BYTES);
    lk_header_write(&w, &header);
    lk_bench_draw_bytes(draw, out->message + LK_HEADER_BYTES, noise);
    return true;
}

/* --- proofs ----------------------------------------------------------------------------------- */

static bool prove_handshake(const struct lk_bench_template *from, uint8_t *message)
{
    return lk_bench_verify_finished(from, message, message + from->proof_at);
}

static bool prove_ecdhe(const struct lk_bench_template *from, uint8_t *message)
{
    return from->proof_bytes == 0 || lk_bench_share_prove(from, message);
}

/* --- rows ------------------------------------------------------------------------------------- */

const struct lk_bench_exchange lk_bench_exchanges[LK_BENCH_EXCHANGE_COUNT] = {
    [LK_BENCH_PING] = {"ping", LK_EXT_LURK, 1, LK_LURK_PING, LK_BENCH_NEED_NOTHING, NULL, NULL,
                       NULL, NULL},
    [LK_BENCH_TLS12_PING] = {"tls12_ping", LK_EXT_TLS12, 1, LK_TLS12_PING, LK_BENCH_NEED_NOTHING,
                             NULL, NULL, NULL, NULL},
    [LK_BENCH_CAPABILITIES] = {"capabilities", LK_EXT_LURK, 1, LK_LURK_CAPABILITIES,
                               LK_BENCH_NEED_NOTHING, NULL, NULL, lk_bench_verify_lurk_capabilities,
                               lk_bench_plausible_state},
    [LK_BENCH_TLS12_CAPABILITIES] = {"tls12_capabilities", LK_EXT_TLS12, 1, LK_TLS12_CAPABILITIES,
                                     LK_BENCH_NEED_NOTHING, NULL, NULL,
                                     lk_bench_verify_tls12_capabilities, lk_bench_plausible_state},
    [LK_BENCH_RSA_MASTER] = {"rsa_master", LK_EXT_TLS12, 1, LK_TLS12_RSA_MASTER,
                             LK_BENCH_NEED_DECRYPT, prepare_rsa_master, NULL,
                             lk_bench_verify_master, lk_bench_plausible_master},
    [LK_BENCH_RSA_MASTER_WITH_POH] = {"rsa_master_with_poh", LK_EXT_TLS12, 1,
                                      LK_TLS12_RSA_MASTER_WITH_POH, LK_BENCH_NEED_CERTIFICATE,
                                      prepare_handshake, prove_handshake, lk_bench_verify_handshake,
                                      lk_bench_plausible_master},
    [LK_BENCH_RSA_EXTENDED_MASTER] = {"rsa_extended_master", LK_EXT_TLS12, 1,
                                      LK_TLS12_RSA_EXTENDED_MASTER, LK_BENCH_NEED_CERTIFICATE,
                                      prepare_handshake, NULL, lk_bench_verify_handshake,
                                      lk_bench_plausible_master},
    [LK_BENCH_RSA_EXTENDED_MASTER_WITH_POH] = {"rsa_extended_master_with_poh", LK_EXT_TLS12, 1,
                                               LK_TLS12_RSA_EXTENDED_MASTER_WITH_POH,
                                               LK_BENCH_NEED_CERTIFICATE, prepare_handshake,
                                               prove_handshake, lk_bench_verify_handshake,
                                               lk_bench_plausible_master},
    [LK_BENCH_ECDHE] = {"ecdhe", LK_EXT_TLS12, 1, LK_TLS12_ECDHE, LK_BENCH_NEED_SIGN, prepare_ecdhe,
                        prove_ecdhe, lk_bench_verify_signature, lk_bench_plausible_signature},
    [LK_BENCH_MALFORMED] = {"malformed", 0, 0, 0, LK_BENCH_NEED_NOTHING, prepare_malformed, NULL,
                            NULL, NULL},
};

int lk_bench_exchange_find(const char *name)
{
    if (!strncmp(name, "tls12.", 6) && strcmp(name, "tls12.ping") &&
        strcmp(name, "tls12.capabilities"))
        name += 6;
    if (!strncmp(name, "lurk.", 5)) name += 5;
    if (!strcmp(name, "tls12.ping")) return LK_BENCH_TLS12_PING;
    if (!strcmp(name, "tls12.capabilities")) return LK_BENCH_TLS12_CAPABILITIES;
    for (int i = 0; i < LK_BENCH_MALFORMED; i++)
        if (!strcmp(lk_bench_exchanges[i].name, name)) return i;
    return -1;
}

/* --- templates -------------------------------------------------------------------------------- */

static lk_err template_shrink(struct lk_bench_template *out)
{
    uint8_t *fit = realloc(out->message, out->bytes);
    if (fit) out->message = fit;
    return LK_OK;
}

lk_err lk_bench_template_make(const struct lk_bench_exchange *row, const struct lk_bench_key *key,
                              const struct lk_bench_style *style, struct lk_bench_draw *draw,
                              struct lk_bench_template *out)
{
    *out = (struct lk_bench_template){
        .message = malloc(MESSAGE_BYTES), .key = key, .bytes = LK_HEADER_BYTES};
    LK_REQUIRE(out->message, LK_ERR_MEMORY);
    struct lk_header header = {
        .designation = row->designation, .version = row->version, .type = row->type};
    bool malformed = row == &lk_bench_exchanges[LK_BENCH_MALFORMED];
    if (row->prepare && !row->prepare(row, style, draw, out)) {
        lk_bench_template_free(out);
        return LK_ERR_CRYPTO;
    }
    header.length = out->bytes;
    struct lk_writer w = lk_writer_of(out->message, LK_HEADER_BYTES);
    if (!malformed) lk_header_write(&w, &header);
    return template_shrink(out);
}

void lk_bench_template_free(struct lk_bench_template *from)
{
    free(from->message);
    from->message = NULL;
}

bool lk_bench_template_fresh(const struct lk_bench_exchange *row,
                             const struct lk_bench_template *from, uint64_t id, uint32_t now_s,
                             struct lk_bench_draw *draw, uint8_t *message)
{
    memcpy(message, from->message, from->bytes);
    uint64_t id_be = __builtin_bswap64(id);
    memcpy(message + 4, &id_be, sizeof(id_be));
    if (from->server_random_at == 0) return true;
    lk_bench_draw_bytes(draw, message + from->random_at, LK_RANDOM_BYTES);
    uint32_t now_be = __builtin_bswap32(now_s);
    memcpy(message + from->server_random_at, &now_be, sizeof(now_be));
    lk_bench_draw_bytes(draw, message + from->server_random_at + 4, LK_RANDOM_BYTES - 4);
    return !row->prove || row->prove(from, message);
}
