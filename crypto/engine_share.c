/* Key shares of TLS 1.3 that the server makes: a fresh key pair of a group, and the secret it has
 * with the client's share, by libcrypto. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "crypto/ct.h"
#include "crypto/engine_work.h"

static const struct group_row {
    const char *type, *group; /* of libcrypto; group NULL: the type says it all */
    uint16_t share_bytes, secret_bytes;
} groups[LK_SHARE_GROUP_COUNT] = {
    {"EC", "P-256", 65, 32},  {"EC", "P-384", 97, 48}, {"EC", "P-521", 133, 66},
    {"X25519", NULL, 32, 32}, {"X448", NULL, 56, 56},
};

bool lk_share_work_init(struct lk_engine_work *work)
{
    for (unsigned g = 0; g < LK_SHARE_GROUP_COUNT; g++) {
        EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, groups[g].type, NULL);
        work->share_make[g] = make;
        if (make == NULL || EVP_PKEY_keygen_init(make) != 1) return false;
        if (groups[g].group != NULL && EVP_PKEY_CTX_set_group_name(make, groups[g].group) != 1)
            return false;
    }
    return true;
}

void lk_share_work_fini(struct lk_engine_work *work)
{
    for (unsigned g = 0; g < LK_SHARE_GROUP_COUNT; g++)
        EVP_PKEY_CTX_free(work->share_make[g]);
}

/* The client's share as a key of the group of own: length, form, range, on the curve, not infinity.
 * NULL: it is none. */
static EVP_PKEY *peer_read(const struct group_row *row, EVP_PKEY *own,
                           const struct lk_operand *operand)
{
    if (operand->in_bytes != row->share_bytes) return NULL;
    if (row->group != NULL && operand->in[0] != 4) return NULL;
    EVP_PKEY *peer = EVP_PKEY_new();
    if (peer != NULL && EVP_PKEY_copy_parameters(peer, own) == 1 &&
        EVP_PKEY_set1_encoded_public_key(peer, operand->in, operand->in_bytes) == 1)
        return peer;
    EVP_PKEY_free(peer);
    return NULL;
}

/* A secret of zeros, which libcrypto refuses, is the work of a bad point of X25519 and X448
 * (RFC 7748 6.1), so a derivation that fails is the point's fault. */
static bool secret_make(const struct group_row *row, EVP_PKEY *own, EVP_PKEY *peer, uint8_t *out)
{
    size_t len = row->secret_bytes;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool good = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, out, &len) == 1 &&
                len == row->secret_bytes;
    EVP_PKEY_CTX_free(ctx);
    return good;
}

static bool share_put(const struct group_row *row, EVP_PKEY *own, uint8_t *out)
{
    size_t len = 0;
    return EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, out,
                                           row->share_bytes, &len) == 1 &&
           len == row->share_bytes;
}

static bool share_lane(struct lk_engine_work *work, struct lk_operand *operand, unsigned group)
{
    const struct group_row *row = &groups[group];
    size_t room = (size_t)row->share_bytes + row->secret_bytes;
    EVP_PKEY *own = NULL, *peer = NULL;
    bool good = EVP_PKEY_keygen(work->share_make[group], &own) == 1;
    if (good) peer = peer_read(row, own, operand);
    operand->point_bad = good && (peer == NULL ||
                                  !secret_make(row, own, peer, operand->out + row->share_bytes));
    good = good && !operand->point_bad && share_put(row, own, operand->out);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    operand->out_bytes = good ? room : 0;
    if (!good) {
        lk_wipe(operand->out, room);
        ERR_clear_error();
    }
    return good;
}

static uint64_t run_lanes(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live,
                          unsigned group)
{
    uint64_t good = 0;
    for (; live != 0; live &= live - 1) {
        int i = __builtin_ctzll(live);
        if (share_lane(work, &operand[i], group)) good |= UINT64_C(1) << i;
    }
    return good;
}

#define RUN(name, group)                                                                           \
    uint64_t lk_share_run_##name(struct lk_engine_work *work, struct lk_operand *operand,          \
                                 uint64_t live)                                                    \
    {                                                                                              \
        return run_lanes(work, operand, live, group);                                              \
    }
RUN(p256, 0)
RUN(p384, 1)
RUN(p521, 2)
RUN(x25519, 3)
RUN(x448, 4)
