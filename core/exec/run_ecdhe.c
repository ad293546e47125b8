/* The ecdhe exchange of tls12: lurk-tls12.md 6 and 7. */
#include <string.h>

#include "core/exec/poo.h"
#include "core/exec/run_tls12.h"

/* --- signature schemes ------------------------------------------------------------------------ */

#define KIND(k) (UINT32_C(1) << LK_KEY_##k)
#define ECDSA_KINDS (KIND(P256) | KIND(P384) | KIND(P521))
#define HASH_INSIDE LK_HASH_COUNT /* EdDSA: the scheme fixes its own, no mask applies */

struct scheme_row {
    uint16_t scheme; /* RFC 8446 4.2.3 */
    uint8_t hash;
    uint32_t kinds;
    /* in[] := what the kernel works on, from the text to sign. False: no random bytes. */
    bool (*encode)(struct lk_lane *lane, unsigned hash, struct lk_bytes text, struct lk_rng *rng);
};

static bool encode_digest(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                          struct lk_rng *rng)
{
    (void)rng;
    lk_hash(hash, text.data, text.len, lane->in);
    lane->operand.in_bytes = lk_hash_bytes(hash);
    return true;
}

static bool encode_text(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                        struct lk_rng *rng)
{
    (void)hash, (void)rng;
    memcpy(lane->in, text.data, text.len);
    lane->operand.in_bytes = text.len;
    return true;
}

static bool encode_pkcs1(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                         struct lk_rng *rng)
{
    (void)rng;
    uint8_t digest[LK_HASH_BYTES_MAX];
    lk_hash(hash, text.data, text.len, digest);
    lane->operand.in_bytes = lane->key->bytes;
    return lk_rsa_pad_pkcs1(hash, digest, lane->in, lane->key->bytes);
}

static bool encode_pss(struct lk_lane *lane, unsigned hash, struct lk_bytes text,
                       struct lk_rng *rng)
{
    uint8_t digest[LK_HASH_BYTES_MAX], salt[LK_HASH_BYTES_MAX];
    lk_hash(hash, text.data, text.len, digest);
    lane->operand.in_bytes = lane->key->bytes;
    return lk_rng_bytes(rng, salt, lk_hash_bytes(hash)) &&
           lk_rsa_pad_pss(hash, digest, salt, lk_engine_key_facts(lane->key->engine)->bits,
                          lane->in, lane->key->bytes);
}

static const struct scheme_row schemes[] = {
    {0x0401, LK_SHA256, KIND(RSA), encode_pkcs1},
    {0x0403, LK_SHA256, ECDSA_KINDS, encode_digest},
    {0x0501, LK_SHA384, KIND(RSA), encode_pkcs1},
    {0x0503, LK_SHA384, ECDSA_KINDS, encode_digest},
    {0x0601, LK_SHA512, KIND(RSA), encode_pkcs1},
    {0x0603, LK_SHA512, ECDSA_KINDS, encode_digest},
    {0x0804, LK_SHA256, KIND(RSA), encode_pss},
    {0x0805, LK_SHA384, KIND(RSA), encode_pss},
    {0x0806, LK_SHA512, KIND(RSA), encode_pss},
    {0x0807, HASH_INSIDE, KIND(ED25519), encode_text},
    {0x0808, HASH_INSIDE, KIND(ED448), encode_text},
    {0x0809, LK_SHA256, KIND(RSA_PSS), encode_pss},
    {0x080a, LK_SHA384, KIND(RSA_PSS), encode_pss},
    {0x080b, LK_SHA512, KIND(RSA_PSS), encode_pss},
};

static const struct scheme_row *scheme_find(uint16_t scheme)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (schemes[i].scheme == scheme) return &schemes[i];
    return NULL;
}

/* Step 3: known, of this kind of key, and its hash open. */
static bool scheme_allowed(const struct lk_key *key, uint16_t scheme)
{
    const struct scheme_row *row = scheme_find(scheme);
    if (row == NULL || (row->kinds >> key->kind & 1) == 0) return false;
    return row->hash == HASH_INSIDE || (key->rights.hashes >> row->hash & 1) != 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

uint8_t lk_run_ecdhe_cut(struct lk_lane *lane)
{
    struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    uint8_t fault = lk_tls12_ecdhe_cut(lk_bytes_of(lane->job, lane->job_bytes), request);
    if (fault != 0) return fault;
    lane->common = request->common;
    lane->s = request->server_random;
    return 0;
}

uint8_t lk_run_ecdhe_check(struct lk_lane *lane)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    lane->client_random = request->client_random;
    lane->scheme = request->sig_and_hash;
    lane->row = request->poo_prf == 0 ? lane->key->row : lk_poo_row(request->group);
    return lane->row < LK_ROW_COUNT ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

/* Step 7: client_random || F(S) || ecdhe_params, as RFC 8422 5.4 has the TLS server sign. */
static bool signature_start(struct lk_lane *lane, struct lk_rng *rng)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    uint8_t text[LK_TBS_BYTES_MAX];
    struct lk_writer w = lk_writer_of(text, sizeof text);
    lk_writer_put(&w, lane->client_random, LK_RANDOM_BYTES);
    lk_writer_put(&w, lane->fs, LK_RANDOM_BYTES);
    lk_writer_put(&w, request->params.data, request->params.len);
    LK_ASSERT(!w.bad);
    const struct scheme_row *scheme = scheme_find(lane->scheme);
    lane->operand = (struct lk_operand){.key = lane->key->engine, .in = lane->in, .out = lane->out};
    lane->row = lane->key->row;
    return scheme->encode(lane, scheme->hash, lk_bytes_of(text, w.len), rng);
}

/* Step 6. */
static void proof_start(struct lk_lane *lane)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    lane->operand = (struct lk_operand){.in = request->point.data,
                                        .in_bytes = request->point.len,
                                        .out = lane->out,
                                        .poo_point = request->poo_point.data,
                                        .poo_r = request->poo_r.data,
                                        .poo_challenge = lane->challenge};
    lane->operand.poo_challenge_bytes = lk_poo_challenge(request, lane->challenge);
}

uint8_t lk_run_ecdhe_start(struct lk_lane *lane, struct lk_rng *rng)
{
    const struct lk_tls12_ecdhe *request = &lane->request.ecdhe;
    LK_REQUIRE(scheme_allowed(lane->key, request->sig_and_hash),
               LK_TLS12_INVALID_CIPHER_OR_PRF_HASH);
    uint8_t fault = lk_tls12_ecdhe_judge(request); /* step 4 */
    if (fault != 0) return fault;
    if (request->poo_prf != 0) { /* its points are judged by the kernel */
        proof_start(lane);
        return 0;
    }
    LK_REQUIRE(lk_group_point_good(request->group, request->point.data, request->point.len),
               LK_TLS12_INVALID_PAYLOAD_FORMAT);
    bool optional = (lk_lane_head(lane)->flags & LK_SLOT_POO_OPTIONAL) != 0;
    lane->denied = optional && !lane->key->rights.poo_optional;
    LK_REQUIRE(optional && !lane->denied, LK_TLS12_INVALID_POO_PRF);
    return signature_start(lane, rng) ? 0 : LK_STATUS_UNDEFINED_ERROR;
}

static bool is_proof(enum lk_kernel_row row)
{
    return row >= LK_ROW_POO_P256 && row <= LK_ROW_POO_X448;
}

bool lk_run_ecdhe_resume(struct lk_lane *lane, bool good, struct lk_rng *rng)
{
    if (!is_proof(lane->row)) {
        lk_lane_answer(lane, good ? LK_STATUS_SUCCESS : LK_STATUS_UNDEFINED_ERROR);
        return false;
    }
    lk_lane_answer(lane, lane->operand.point_bad ? LK_TLS12_INVALID_PAYLOAD_FORMAT
                                                 : LK_TLS12_INVALID_POO);
    if (!good) return false;
    lk_lane_answer(lane, LK_STATUS_UNDEFINED_ERROR);
    return signature_start(lane, rng);
}

void lk_run_signature_write(const struct lk_lane *lane, struct lk_writer *w)
{
    lk_tls12_signature_write(w, lk_bytes_of(lane->out, lane->operand.out_bytes));
}
