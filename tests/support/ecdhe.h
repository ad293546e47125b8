/* ecdhe: small requests of tls12 ecdhe for tests of what happens around them: x25519, any point, as
 * the vault judges only its length, or what is given as a point of P-256. */
#ifndef LK_TESTS_SUPPORT_ECDHE_H
#define LK_TESTS_SUPPORT_ECDHE_H

#include <string.h>

#include "core/exec/keyring.h"
#include "core/wire/tls12.h"

struct lk_ecdhe_ask {
    uint16_t scheme;
    uint32_t time;   /* of S */
    uint32_t number; /* tells two S apart */
    bool proof;      /* a made-up one, whose r begins with proof_r */
    uint8_t proof_r;
    const uint8_t *p256; /* [65] the share, without a proof; NULL: of x25519 */
};

#define LK_ECDHE_ASK_BYTES 256
#define LK_ECDHE_S_AT 38 /* lurk-tls12.md 6 */

/* Writes the payload into out; returns a view of it. */
static inline struct lk_bytes lk_ecdhe_ask(const struct lk_key *key, const struct lk_ecdhe_ask *ask,
                                           uint8_t out[LK_ECDHE_ASK_BYTES])
{
    uint8_t params[69] = {3, 0, LK_GROUP_X25519, 32, 9}, random[2][LK_RANDOM_BYTES] = {{1}, {0}};
    if (ask->p256 != NULL) {
        params[2] = LK_GROUP_SECP256R1, params[3] = 65;
        memcpy(params + 4, ask->p256, 65);
    }
    uint8_t r[32] = {ask->proof_r};
    struct lk_writer s = lk_writer_of(random[1], LK_RANDOM_BYTES);
    lk_writer_u32(&s, ask->time);
    lk_writer_u32(&s, ask->number);
    struct lk_tls12_ecdhe request = {.client_random = random[0],
                                     .server_random = random[1],
                                     .sig_and_hash = ask->scheme,
                                     .params = lk_bytes_of(params, 4u + params[3]),
                                     .poo_prf = ask->proof ? 1 : 0,
                                     .poo_point = lk_bytes_of(params + 4, 32),
                                     .poo_r = lk_bytes_of(r, sizeof r)};
    memcpy(request.common.key_id + 1, key->keyid.id[0], LK_KEY_ID_BYTES);
    struct lk_writer w = lk_writer_of(out, LK_ECDHE_ASK_BYTES);
    lk_tls12_ecdhe_write(&w, &request);
    return lk_bytes_of(out, w.len);
}

#endif
