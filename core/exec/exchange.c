#include "core/exec/exchange.h"

#include "core/exec/run_tls12.h"

#define ANY_KEY ((UINT32_C(1) << LK_KEY_KIND_COUNT) - 1)
#define RSA_KEY (UINT32_C(1) << LK_KEY_RSA)

#define HANDSHAKE_ROW(name)                                                                       \
    {                                                                                             \
        .id = LK_X_TLS12_##name, .type = LK_TLS12_##name, .key_kinds = RSA_KEY,                    \
        .cut = lk_run_handshake_cut, .check = lk_run_handshake_check,                              \
        .start = lk_run_handshake_start, .resume = lk_run_handshake_resume,                        \
        .write = lk_run_master_write                                                               \
    }

static const struct lk_exchange rows[LK_EXCHANGE_COUNT] = {
    [LK_X_TLS12_RSA_MASTER] = {.id = LK_X_TLS12_RSA_MASTER,
                               .type = LK_TLS12_RSA_MASTER,
                               .key_kinds = RSA_KEY,
                               .cut = lk_run_rsa_master_cut,
                               .check = lk_run_rsa_master_check,
                               .start = lk_run_rsa_master_start,
                               .resume = lk_run_rsa_master_resume,
                               .write = lk_run_master_write},
    [LK_X_TLS12_RSA_MASTER_WITH_POH] = HANDSHAKE_ROW(RSA_MASTER_WITH_POH),
    [LK_X_TLS12_RSA_EXTENDED_MASTER] = HANDSHAKE_ROW(RSA_EXTENDED_MASTER),
    [LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH] = HANDSHAKE_ROW(RSA_EXTENDED_MASTER_WITH_POH),
    [LK_X_TLS12_ECDHE] = {.id = LK_X_TLS12_ECDHE,
                          .type = LK_TLS12_ECDHE,
                          .key_kinds = ANY_KEY,
                          .ecdhe_window = true,
                          .cut = lk_run_ecdhe_cut,
                          .check = lk_run_ecdhe_check,
                          .start = lk_run_ecdhe_start,
                          .resume = lk_run_ecdhe_resume,
                          .write = lk_run_signature_write},
};

const struct lk_exchange *lk_exchange_row(unsigned id)
{
    if (id >= LK_EXCHANGE_COUNT || rows[id].cut == NULL) return NULL;
    return &rows[id];
}
