#include "core/exec/exchange.h"

#include "core/exec/run_split.h"
#include "core/exec/run_tls12.h"
#include "core/exec/run_tls13.h"

#define ANY_KEY ((UINT32_C(1) << LK_KEY_KIND_COUNT) - 1)
#define RSA_KEY (UINT32_C(1) << LK_KEY_RSA)

/* What all that name their key by its id have in common. */
#define ROW(extension, name)                                                                      \
    .id = LK_X_##extension##_##name, .type = LK_##extension##_##name,                              \
    .no_key = LK_##extension##_INVALID_KEY_ID, .names_key = lk_lane_names_key

#define HANDSHAKE_ROW(name)                                                                       \
    {                                                                                             \
        ROW(TLS12, name), .key_kinds = RSA_KEY, .cut = lk_run_handshake_cut,                       \
                          .funct = lk_run_tls12_funct, .check = lk_run_handshake_check,            \
                          .start = lk_run_handshake_start, .resume = lk_run_handshake_resume,      \
                          .write = lk_run_master_write                                             \
    }

static const struct lk_exchange rows[LK_EXCHANGE_COUNT] = {
    [LK_X_TLS12_RSA_MASTER] = {ROW(TLS12, RSA_MASTER),
                               .key_kinds = RSA_KEY,
                               .cut = lk_run_rsa_master_cut,
                               .funct = lk_run_tls12_funct,
                               .check = lk_run_rsa_master_check,
                               .start = lk_run_rsa_master_start,
                               .resume = lk_run_rsa_master_resume,
                               .write = lk_run_master_write},
    [LK_X_TLS12_RSA_MASTER_WITH_POH] = HANDSHAKE_ROW(RSA_MASTER_WITH_POH),
    [LK_X_TLS12_RSA_EXTENDED_MASTER] = HANDSHAKE_ROW(RSA_EXTENDED_MASTER),
    [LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH] = HANDSHAKE_ROW(RSA_EXTENDED_MASTER_WITH_POH),
    [LK_X_TLS12_ECDHE] = {ROW(TLS12, ECDHE),
                          .key_kinds = ANY_KEY,
                          .ecdhe_window = true,
                          .public_scratch = true,
                          .cut = lk_run_ecdhe_cut,
                          .funct = lk_run_tls12_funct,
                          .check = lk_run_ecdhe_check,
                          .text = lk_run_ecdhe_text,
                          .start = lk_run_ecdhe_start,
                          .resume = lk_run_ecdhe_resume,
                          .write = lk_run_signature_write},
    [LK_X_TLS13_S_INIT_CERT_VERIFY] = {.id = LK_X_TLS13_S_INIT_CERT_VERIFY,
                                       .type = LK_TLS13_S_INIT_CERT_VERIFY,
                                       .no_key = LK_TLS13_INVALID_CERTIFICATE,
                                       .key_kinds = ANY_KEY,
                                       .names_key = lk_run_s_init_names_key,
                                       .cut = lk_run_s_init_cut,
                                       .funct = lk_run_s_init_funct,
                                       .check = lk_run_s_init_check,
                                       .start = lk_run_s_init_start,
                                       .resume = lk_run_s_init_resume,
                                       .write = lk_run_s_init_write},
    [LK_X_SPLIT_RSA_PREMASTER] = {ROW(SPLIT, RSA_PREMASTER),
                                  .key_kinds = RSA_KEY,
                                  .rated = LK_RATED_PREMASTER,
                                  .cut = lk_run_rsa_premaster_cut,
                                  .funct = lk_run_rsa_premaster_funct,
                                  .check = lk_run_rsa_premaster_check,
                                  .start = lk_run_rsa_premaster_start,
                                  .resume = lk_run_rsa_premaster_resume,
                                  .write = lk_run_master_write},
    [LK_X_SPLIT_SIGN_SKE] = {ROW(SPLIT, SIGN_SKE),
                             .key_kinds = ANY_KEY,
                             .ecdhe_window = true,
                             .public_scratch = true,
                             .cut = lk_run_sign_ske_cut,
                             .funct = lk_run_sign_ske_funct,
                             .check = lk_run_sign_ske_check,
                             .text = lk_run_ecdhe_text,
                             .start = lk_run_ecdhe_start,
                             .resume = lk_run_ecdhe_resume,
                             .write = lk_run_signature_write},
    [LK_X_SPLIT_SIGN_CERT_VERIFY] = {ROW(SPLIT, SIGN_CERT_VERIFY),
                                     .key_kinds = ANY_KEY,
                                     .public_scratch = true,
                                     .cut = lk_run_sign_cert_verify_cut,
                                     .funct = lk_run_sign_cert_verify_funct,
                                     .check = lk_run_sign_cert_verify_check,
                                     .start = lk_run_sign_cert_verify_start,
                                     .resume = lk_run_sign_cert_verify_resume,
                                     .write = lk_run_signature_write},
    [LK_X_SPLIT_SIGN_CERT_REQUEST] = {ROW(SPLIT, SIGN_CERT_REQUEST),
                                      .key_kinds = ANY_KEY,
                                      .rated = LK_RATED_CERT_REQUEST,
                                      .public_scratch = true,
                                      .cut = lk_run_sign_cert_request_cut,
                                      .funct = lk_run_sign_cert_request_funct,
                                      .check = lk_run_sign_cert_request_check,
                                      .start = lk_run_sign_cert_request_start,
                                      .resume = lk_run_sign_cert_verify_resume,
                                      .write = lk_run_signature_write},
};

#define BIT(name) LK_EXCHANGE_BIT(LK_X_##name)
const lk_exchange_mask lk_exchange_windows[2] = {
    BIT(TLS12_RSA_MASTER) | BIT(TLS12_RSA_MASTER_WITH_POH) | BIT(TLS12_RSA_EXTENDED_MASTER) |
        BIT(TLS12_RSA_EXTENDED_MASTER_WITH_POH),
    BIT(TLS12_ECDHE) | BIT(SPLIT_SIGN_SKE),
};

const struct lk_exchange *lk_exchange_row(unsigned id)
{
    if (id >= LK_EXCHANGE_COUNT || rows[id].cut == NULL) return NULL;
    return &rows[id];
}
