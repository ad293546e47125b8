#include "core/wire/registry.h"

/* A key is used by what is neither capabilities nor ping; those are types 0 and 1 everywhere. */
#define KEYLESS_TYPE_LAST 1
#define LURK LK_EXT_LURK, LK_LURK_VERSION
#define TLS12 LK_EXT_TLS12, LK_TLS12_VERSION
#define TLS13 LK_EXT_TLS13, LK_TLS13_VERSION
#define SPLIT LK_EXT_SPLIT, LK_SPLIT_VERSION
#define ROW(extension, name, text)                                                                 \
    [LK_X_##extension##_##name] = {extension, LK_##extension##_##name, text}

static const struct {
    uint8_t designation, version, type;
    const char *name;
} rows[LK_EXCHANGE_COUNT] = {
    ROW(LURK, CAPABILITIES, "lurk.capabilities"),
    ROW(LURK, PING, "lurk.ping"),
    ROW(TLS12, CAPABILITIES, "tls12.capabilities"),
    ROW(TLS12, PING, "tls12.ping"),
    ROW(TLS12, RSA_MASTER, "tls12.rsa_master"),
    ROW(TLS12, RSA_MASTER_WITH_POH, "tls12.rsa_master_with_poh"),
    ROW(TLS12, RSA_EXTENDED_MASTER, "tls12.rsa_extended_master"),
    ROW(TLS12, RSA_EXTENDED_MASTER_WITH_POH, "tls12.rsa_extended_master_with_poh"),
    ROW(TLS12, ECDHE, "tls12.ecdhe"),
    ROW(TLS13, CAPABILITIES, "tls13.capabilities"),
    ROW(TLS13, PING, "tls13.ping"),
    ROW(TLS13, S_INIT_CERT_VERIFY, "tls13.s_init_cert_verify"),
    ROW(SPLIT, CAPABILITIES, "split.capabilities"),
    ROW(SPLIT, PING, "split.ping"),
    ROW(SPLIT, RSA_PREMASTER, "split.rsa_premaster"),
    ROW(SPLIT, SIGN_SKE, "split.sign_ske"),
    ROW(SPLIT, SIGN_CERT_VERIFY, "split.sign_cert_verify"),
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

uint8_t lk_exchange_designation(enum lk_exchange_id id)
{
    return rows[id].designation;
}

uint8_t lk_exchange_type(enum lk_exchange_id id)
{
    return rows[id].type;
}

bool lk_exchange_keyed(enum lk_exchange_id id)
{
    return (unsigned)id < LK_EXCHANGE_COUNT && rows[id].type > KEYLESS_TYPE_LAST;
}
