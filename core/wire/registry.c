#include "core/wire/registry.h"

#include <string.h>

static const struct {
    uint8_t designation, version, type;
    const char *name;
} rows[LK_EXCHANGE_COUNT] = {
    [LK_X_LURK_CAPABILITIES] = {LK_EXT_LURK, LK_LURK_VERSION, LK_LURK_CAPABILITIES,
                                "lurk.capabilities"},
    [LK_X_LURK_PING] = {LK_EXT_LURK, LK_LURK_VERSION, LK_LURK_PING, "lurk.ping"},
    [LK_X_TLS12_CAPABILITIES] = {LK_EXT_TLS12, LK_TLS12_VERSION, LK_TLS12_CAPABILITIES,
                                 "tls12.capabilities"},
    [LK_X_TLS12_PING] = {LK_EXT_TLS12, LK_TLS12_VERSION, LK_TLS12_PING, "tls12.ping"},
    [LK_X_TLS12_RSA_MASTER] = {LK_EXT_TLS12, LK_TLS12_VERSION, LK_TLS12_RSA_MASTER,
                               "tls12.rsa_master"},
    [LK_X_TLS12_RSA_MASTER_WITH_POH] = {LK_EXT_TLS12, LK_TLS12_VERSION,
                                        LK_TLS12_RSA_MASTER_WITH_POH,
                                        "tls12.rsa_master_with_poh"},
    [LK_X_TLS12_RSA_EXTENDED_MASTER] = {LK_EXT_TLS12, LK_TLS12_VERSION,
                                        LK_TLS12_RSA_EXTENDED_MASTER,
                                        "tls12.rsa_extended_master"},
    [LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH] = {LK_EXT_TLS12, LK_TLS12_VERSION,
                                                 LK_TLS12_RSA_EXTENDED_MASTER_WITH_POH,
                                                 "tls12.rsa_extended_master_with_poh"},
    [LK_X_TLS12_ECDHE] = {LK_EXT_TLS12, LK_TLS12_VERSION, LK_TLS12_ECDHE, "tls12.ecdhe"},
};

const char *lk_exchange_name(enum lk_exchange_id id)
{
    return (unsigned)id < LK_EXCHANGE_COUNT ? rows[id].name : "unknown";
}

int lk_exchange_find(uint8_t designation, uint8_t version, uint8_t type)
{
    for (int i = 0; i < LK_EXCHANGE_COUNT; i++)
        if (rows[i].designation == designation && rows[i].version == version
            && rows[i].type == type)
            return i;
    return -1;
}
