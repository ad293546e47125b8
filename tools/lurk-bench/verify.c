#include "tools/lurk-bench/verify.h"

#include <openssl/sha.h>
#include <string.h>

#include "core/wire/lurk.h"
#include "crypto/kdf.h"

/* F(S) as the edge computes it, not by the server's function: a fault there has to show here. */
static void random_hide(const uint8_t s[LK_RANDOM_BYTES], uint8_t fs[LK_RANDOM_BYTES])
{
    static const uint8_t mark[7] = {0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44};
    uint8_t in[LK_RANDOM_BYTES + 9];
    memcpy(in, s, LK_RANDOM_BYTES);
    memcpy(in + LK_RANDOM_BYTES, "tls12 pfs", 9);
    SHA256(in, sizeof(in), fs);
    memcpy(fs, s, 4);
    if (!memcmp(s + 24, mark, sizeof(mark)) && s[31] <= 1) memcpy(fs + 24, s + 24, 8);
}

static void master_derive(const struct lk_bench_template *from, const uint8_t *client_random,
                          const uint8_t *fs, uint8_t master[LK_MASTER_BYTES])
{
    const struct lk_piece seed[] = {{client_random, LK_RANDOM_BYTES}, {fs, LK_RANDOM_BYTES}};
    lk_tls12_prf(from->prf, from->premaster, LK_MASTER_BYTES, "master secret", seed, 2, master,
                 LK_MASTER_BYTES);
}

bool lk_bench_verify_master(const struct lk_bench_template *from, const uint8_t *request,
                            struct lk_bytes payload)
{
    uint8_t fs[LK_RANDOM_BYTES], master[LK_MASTER_BYTES];
    random_hide(request + from->server_random_at, fs);
    master_derive(from, request + from->random_at, fs, master);
    return payload.len == LK_MASTER_BYTES && !memcmp(payload.data, master, LK_MASTER_BYTES);
}

/* The hash over the messages as the TLS peer saw them, with F(S) in the place of S, and the
 * master. */
static void handshake_derive(const struct lk_bench_template *from, const uint8_t *request,
                             uint8_t hash[LK_SHA256_BYTES], uint8_t master[LK_MASTER_BYTES])
{
    const uint8_t *messages = request + LK_HEADER_BYTES + 8;
    uint32_t bytes = from->bytes - LK_HEADER_BYTES - 8 - from->proof_bytes;
    uint32_t s_at = from->server_random_at - LK_HEADER_BYTES - 8;
    uint8_t fs[LK_RANDOM_BYTES];
    random_hide(request + from->server_random_at, fs);
    const struct lk_piece pieces[] = {
        {messages, s_at},
        {fs, LK_RANDOM_BYTES},
        {messages + s_at + LK_RANDOM_BYTES, bytes - s_at - LK_RANDOM_BYTES}};
    lk_hash_pieces(LK_SHA256, pieces, 3, hash);
    if (request[2] == LK_TLS12_RSA_MASTER_WITH_POH) {
        master_derive(from, request + from->random_at, fs, master);
        return;
    }
    const struct lk_piece seed = {hash, LK_SHA256_BYTES};
    lk_tls12_prf(from->prf, from->premaster, LK_MASTER_BYTES, "extended master secret", &seed, 1,
                 master, LK_MASTER_BYTES);
}

bool lk_bench_verify_handshake(const struct lk_bench_template *from, const uint8_t *request,
                               struct lk_bytes payload)
{
    uint8_t hash[LK_SHA256_BYTES], master[LK_MASTER_BYTES];
    handshake_derive(from, request, hash, master);
    return payload.len == LK_MASTER_BYTES && !memcmp(payload.data, master, LK_MASTER_BYTES);
}

bool lk_bench_verify_finished(const struct lk_bench_template *from, const uint8_t *request,
                              uint8_t verify_data[LK_VERIFY_DATA_BYTES])
{
    uint8_t hash[LK_SHA256_BYTES], master[LK_MASTER_BYTES];
    handshake_derive(from, request, hash, master);
    const struct lk_piece seed = {hash, LK_SHA256_BYTES};
    lk_tls12_prf(from->prf, master, LK_MASTER_BYTES, "client finished", &seed, 1, verify_data,
                 LK_VERIFY_DATA_BYTES);
    return true;
}

bool lk_bench_verify_signature(const struct lk_bench_template *from, const uint8_t *request,
                               struct lk_bytes payload)
{
    struct lk_bytes signature;
    struct lk_tls12_ecdhe sent;
    uint8_t tbs[LK_TBS_BYTES_MAX];
    if (!lk_tls12_signature_parse(payload, &signature)) return false;
    if (lk_tls12_ecdhe_parse(lk_bytes_of(request + LK_HEADER_BYTES, from->bytes - LK_HEADER_BYTES),
                             &sent) != 0)
        return false;
    memcpy(tbs, sent.client_random, LK_RANDOM_BYTES);
    random_hide(sent.server_random, tbs + LK_RANDOM_BYTES);
    memcpy(tbs + 2 * LK_RANDOM_BYTES, sent.params.data, sent.params.len);
    return lk_bench_key_check(from->key, sent.sig_and_hash,
                              lk_bytes_of(tbs, 2 * LK_RANDOM_BYTES + sent.params.len), signature);
}

bool lk_bench_verify_lurk_capabilities(const struct lk_bench_template *from, const uint8_t *request,
                                       struct lk_bytes payload)
{
    struct lk_lurk_capabilities capabilities;
    (void)from, (void)request;
    return lk_lurk_capabilities_parse(payload, &capabilities);
}

bool lk_bench_verify_tls12_capabilities(const struct lk_bench_template *from,
                                        const uint8_t *request, struct lk_bytes payload)
{
    (void)from, (void)request;
    if (payload.len < LK_STATE_BYTES) return false;
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(payload.data, payload.len - LK_STATE_BYTES));
    struct lk_tls12_capability entry;
    while (lk_cursor_left(&c) > 0)
        if (!lk_tls12_capability_parse(&c, &entry)) return false;
    return lk_cursor_done(&c);
}

bool lk_bench_plausible_master(const struct lk_bench_template *from, struct lk_bytes payload)
{
    (void)from;
    return payload.len == LK_MASTER_BYTES;
}

bool lk_bench_plausible_signature(const struct lk_bench_template *from, struct lk_bytes payload)
{
    struct lk_bytes signature;
    return lk_tls12_signature_parse(payload, &signature) && signature.len > 0 &&
           signature.len <= from->key->bytes;
}

bool lk_bench_plausible_state(const struct lk_bench_template *from, struct lk_bytes payload)
{
    (void)from;
    return payload.len >= LK_STATE_BYTES;
}
