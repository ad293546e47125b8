#include "core/wire/registry.h"

/* A key is used by what is neither capabilities nor ping; those are types 0 and 1 everywhere. */
#define KEYLESS_TYPE_LAST 1
#define ROW(extension, name, text)                                                                 \
    [LK_X_##extension##_##name] = {LK_EXTENSION_##extension, LK_##extension##_##name, text}

static const struct lk_extension_code codes[LK_EXTENSION_COUNT] = {
    [LK_EXTENSION_LURK] = {LK_EXT_LURK, LK_LURK_VERSION},
    [LK_EXTENSION_TLS12] = {LK_EXT_TLS12, LK_TLS12_VERSION},
    [LK_EXTENSION_TLS13] = {LK_EXT_TLS13, LK_TLS13_VERSION},
    [LK_EXTENSION_SPLIT] = {LK_EXT_SPLIT, LK_SPLIT_VERSION},
};

static const struct {
    uint8_t extension, type;
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
    ROW(SPLIT, SIGN_CERT_REQUEST, "split.sign_cert_request"),
};

const char *lk_exchange_name(enum lk_exchange_id id)
{
    return (unsigned)id < LK_EXCHANGE_COUNT ? rows[id].name : "unknown";
}

int lk_exchange_find(uint8_t designation, uint8_t version, uint8_t type)
{
    for (int i = 0; i < LK_EXCHANGE_COUNT; i++) {
        struct lk_extension_code code = codes[rows[i].extension];
        if (code.designation == designation && code.version == version && rows[i].type == type)
            return i;
    }
    return -1;
}

struct lk_extension_code lk_extension_code(enum lk_extension extension)
{
    return codes[extension];
}

enum lk_extension lk_exchange_extension(enum lk_exchange_id id)
{
    return (enum lk_extension)rows[id].extension;
}

uint8_t lk_exchange_type(enum lk_exchange_id id)
{
    return rows[id].type;
}

bool lk_exchange_keyed(enum lk_exchange_id id)
{
    return (unsigned)id < LK_EXCHANGE_COUNT && rows[id].type > KEYLESS_TYPE_LAST;
}
