/* registry: code points of LURK and its extensions, and the program's own number of each exchange.
 * Source: lurk.md 3, lurk-tls12.md 1, lurk-tls13.md 1, lurk-split.md 1; draft-mglt-lurk-lurk-01,
 * draft-mglt-lurk-tls12-05, draft-mglt-lurk-tls13-05. */
#ifndef LK_CORE_WIRE_REGISTRY_H
#define LK_CORE_WIRE_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

enum lk_designation { LK_EXT_LURK = 0, LK_EXT_TLS12 = 1, LK_EXT_TLS13 = 2, LK_EXT_SPLIT = 240 };
enum { LK_LURK_VERSION = 1, LK_TLS12_VERSION = 1, LK_TLS13_VERSION = 1, LK_SPLIT_VERSION = 1 };

/* The program's own numbers of them. */
enum lk_extension {
    LK_EXTENSION_LURK,
    LK_EXTENSION_TLS12,
    LK_EXTENSION_TLS13,
    LK_EXTENSION_SPLIT,
    LK_EXTENSION_COUNT
};
/* Designation and version of one. */
struct lk_extension_code {
    uint8_t designation, version;
};
struct lk_extension_code lk_extension_code(enum lk_extension extension);

/* Statuses. 0 to 3 are shared by every extension, the rest is each one's own. */
enum lk_status {
    LK_STATUS_REQUEST = 0,
    LK_STATUS_SUCCESS = 1,
    LK_STATUS_UNDEFINED_ERROR = 2,
    LK_STATUS_INVALID_FORMAT = 3
};
enum lk_lurk_status {
    LK_LURK_INVALID_EXTENSION = 4,
    LK_LURK_INVALID_TYPE = 5,
    LK_LURK_INVALID_STATUS = 6,
    LK_LURK_TEMPORARY_FAILURE = 7
};
enum lk_tls12_status {
    LK_TLS12_INVALID_PAYLOAD_FORMAT = 3,
    LK_TLS12_INVALID_KEY_ID_TYPE = 4,
    LK_TLS12_INVALID_KEY_ID = 5,
    LK_TLS12_INVALID_TLS_RANDOM = 6,
    LK_TLS12_INVALID_FRESHNESS_FUNCT = 7,
    LK_TLS12_INVALID_FINISHED = 9,
    LK_TLS12_INVALID_EC_TYPE = 10,
    LK_TLS12_INVALID_EC_CURVE = 11,
    LK_TLS12_INVALID_POO_PRF = 12,
    LK_TLS12_INVALID_POO = 13,
    LK_TLS12_INVALID_CIPHER_OR_PRF_HASH = 14
};
enum lk_tls13_status {
    LK_TLS13_INVALID_FORMAT = 3,
    LK_TLS13_INVALID_SESSION_ID = 5,
    LK_TLS13_INVALID_HANDSHAKE = 6,
    LK_TLS13_INVALID_FRESHNESS = 7,
    LK_TLS13_INVALID_EPHEMERAL = 8,
    LK_TLS13_INVALID_PSK = 9,
    LK_TLS13_INVALID_CERTIFICATE = 10,
    LK_TLS13_INVALID_TYPE = 11,
    LK_TLS13_INVALID_CERT_TYPE = 12,
    LK_TLS13_INVALID_SIGNATURE_SCHEME = 17,
    LK_TLS13_INVALID_CERTIFICATE_VERIFY = 19,
    LK_TLS13_TOO_MANY_IDENTITIES = 21
};
enum lk_split_status {
    LK_SPLIT_INVALID_PAYLOAD_FORMAT = 3,
    LK_SPLIT_INVALID_KEY_ID_TYPE = 4,
    LK_SPLIT_INVALID_KEY_ID = 5,
    LK_SPLIT_INVALID_TLS_RANDOM = 6,
    LK_SPLIT_INVALID_FRESHNESS_FUNCT = 7,
    LK_SPLIT_INVALID_PUBLIC_VALUE = 8,
    LK_SPLIT_INVALID_GROUP = 9,
    LK_SPLIT_INVALID_SIG_SCHEME = 10,
    LK_SPLIT_INVALID_PRF_HASH = 11,
    LK_SPLIT_INVALID_POO_PRF = 12,
    LK_SPLIT_INVALID_POO = 13,
    LK_SPLIT_INVALID_HANDSHAKE = 14,
    LK_SPLIT_INVALID_FORM = 15,
    LK_SPLIT_INVALID_PSK_IDENTITY = 17,
    LK_SPLIT_INVALID_HANDLE = 18,
    LK_SPLIT_INVALID_DIGEST = 19,
    LK_SPLIT_INVALID_CERT_REQUEST = 20,
    LK_SPLIT_INVALID_CERT_NAME = 21,
    LK_SPLIT_TOO_MANY_REQUESTS = 22
};
#define LK_STATUS_COUNT 23 /* of one extension, for counters */

enum lk_lurk_type { LK_LURK_CAPABILITIES = 0, LK_LURK_PING = 1 };
enum lk_tls12_type {
    LK_TLS12_CAPABILITIES = 0,
    LK_TLS12_PING = 1,
    LK_TLS12_RSA_MASTER = 2,
    LK_TLS12_RSA_MASTER_WITH_POH = 3,
    LK_TLS12_RSA_EXTENDED_MASTER = 4,
    LK_TLS12_RSA_EXTENDED_MASTER_WITH_POH = 5,
    LK_TLS12_ECDHE = 6
};
enum lk_tls13_type {
    LK_TLS13_CAPABILITIES = 0,
    LK_TLS13_PING = 1,
    LK_TLS13_S_INIT_CERT_VERIFY = 2
};
enum lk_split_type {
    LK_SPLIT_CAPABILITIES = 0,
    LK_SPLIT_PING = 1,
    LK_SPLIT_RSA_PREMASTER = 2,
    LK_SPLIT_SIGN_SKE = 4,
    LK_SPLIT_SIGN_CERT_VERIFY = 6,
    LK_SPLIT_SIGN_CERT_REQUEST = 10 /* of ours: docs/protocol.md */
};

/* Every exchange this program serves, in one row of numbers: bit in a rights mask, index of the
 * exchange table, index of counters. New exchanges are added before LK_EXCHANGE_COUNT. */
enum lk_exchange_id {
    LK_X_LURK_CAPABILITIES,
    LK_X_LURK_PING,
    LK_X_TLS12_CAPABILITIES,
    LK_X_TLS12_PING,
    LK_X_TLS12_RSA_MASTER,
    LK_X_TLS12_RSA_MASTER_WITH_POH,
    LK_X_TLS12_RSA_EXTENDED_MASTER,
    LK_X_TLS12_RSA_EXTENDED_MASTER_WITH_POH,
    LK_X_TLS12_ECDHE,
    LK_X_TLS13_CAPABILITIES,
    LK_X_TLS13_PING,
    LK_X_TLS13_S_INIT_CERT_VERIFY,
    LK_X_SPLIT_CAPABILITIES,
    LK_X_SPLIT_PING,
    LK_X_SPLIT_RSA_PREMASTER,
    LK_X_SPLIT_SIGN_SKE,
    LK_X_SPLIT_SIGN_CERT_VERIFY,
    LK_X_SPLIT_SIGN_CERT_REQUEST,
    LK_EXCHANGE_COUNT
};

typedef uint64_t lk_exchange_mask; /* bit i: enum lk_exchange_id i */
#define LK_EXCHANGE_BIT(id) (UINT64_C(1) << (id))

/* Name as the configuration, metrics and logs write it: "tls12.rsa_master". Never NULL. */
const char *lk_exchange_name(enum lk_exchange_id id);
/* The number for (designation, version, type), or -1. */
int lk_exchange_find(uint8_t designation, uint8_t version, uint8_t type);
/* Its extension, and its type there. */
enum lk_extension lk_exchange_extension(enum lk_exchange_id id);
uint8_t lk_exchange_type(enum lk_exchange_id id);
/* Does it ask for the use of a key? The others, capabilities and pings, come with the first that
 * does. */
bool lk_exchange_keyed(enum lk_exchange_id id);

/* Hash numbers of tls12 PRFHash and of the program: bits of a hash mask. */
enum lk_hash { LK_SHA256 = 0, LK_SHA384 = 1, LK_SHA512 = 2, LK_HASH_COUNT };

/* Named groups of TLS that can carry an ECDHE key. */
enum lk_group {
    LK_GROUP_SECP256R1 = 23,
    LK_GROUP_SECP384R1 = 24,
    LK_GROUP_SECP521R1 = 25,
    LK_GROUP_X25519 = 29,
    LK_GROUP_X448 = 30,
    /* Of TLS 1.3 only: draft-ietf-tls-ecdhe-mlkem. */
    LK_GROUP_SECP256R1MLKEM768 = 0x11eb,
    LK_GROUP_X25519MLKEM768 = 0x11ec,
    LK_GROUP_SECP384R1MLKEM1024 = 0x11ed
};

#endif
