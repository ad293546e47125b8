/* provider: what the whole of lurk.so stands on: the core's functions, the settings of the
 * configuration's section, errors and the trace. One a library context; made when the provider is
 * loaded, freed when it is unloaded; read by any thread in between.
 *
 * Loading reads openssl.cnf and opens the trace's file, if one is configured, and nothing else: no
 * socket, no thread.
 * What lurk.so needs of libcrypto for itself it asks in a library context of its own, with
 * OpenSSL's default provider alone: what the application prefers, lurk's own wrappers among it,
 * does not come back to it. */
#ifndef LK_TOOLS_PROVIDER_PROVIDER_H
#define LK_TOOLS_PROVIDER_PROVIDER_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>

#include "tools/provider/keyfile.h"

#define LK_PROV_NAME "lurk"
#define LK_PROV_WAIT_MS 2000
#define LK_PROV_WAIT_MS_MIN 50
#define LK_PROV_WAIT_MS_MAX 60000

/* Reasons in OpenSSL's error queue; texts in provider.c. */
enum lk_prov_reason {
    LK_REASON_NONE,
    LK_REASON_KEY_FILE,  /* the key file, or what is in it, is not usable */
    LK_REASON_SETTING,   /* a line of the provider's section */
    LK_REASON_MEMORY,    /* memory, or libcrypto for want of it */
    LK_REASON_NOT_TLS,   /* what is to be signed is no part of a TLS handshake */
    LK_REASON_REQUEST,   /* a certificate request that key servers do not sign */
    LK_REASON_ALGORITHM, /* a digest or padding that no TLS signature scheme has */
    LK_REASON_NO_KEY,    /* only the public half is here */
    LK_REASON_AGENT,     /* no answer from the agent */
    LK_REASON_REFUSED,   /* a key server refused */
    LK_REASON_SIGNATURE, /* an answer that is no signature of the key */
    LK_REASON_FULL,      /* mode full cannot vouch for this handshake, and may not fall back */
};

struct lk_settings {
    char agent[LK_KEYFILE_AGENT_MAX + 1];
    enum lk_keyfile_mode mode;
    enum lk_keyfile_fallback fallback;
    enum lk_keyfile_verify verify;
    uint32_t wait_ms;
    int trace_fd; /* -1: off */
};

struct lk_prov {
    const OSSL_CORE_HANDLE *handle;
    OSSL_LIB_CTX *libctx;
    OSSL_FUNC_core_get_params_fn *get_params;
    OSSL_FUNC_core_new_error_fn *new_error;
    OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
    OSSL_FUNC_core_vset_error_fn *vset_error;
    struct lk_settings settings;
    uint32_t cpu;   /* lk_cpu_features at the start: workers of nginx have no LURK_CPU */
    unsigned combs; /* that keys of this process have (verified.h); counted atomically */
};

/* Puts a reason and a sentence into the error queue. */
void lk_prov_error(const struct lk_prov *prov, enum lk_prov_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line for the trace: what libssl asked, what was sent, how it ended. Never a secret. */
void lk_prov_trace(const struct lk_prov *prov, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line an operator has to see: into the trace, or where there is none to standard error. */
void lk_prov_say(const struct lk_prov *prov, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The tables of the operations, each in the file of its noun. */
extern const OSSL_ALGORITHM lk_keymgmt_algorithms[];
extern const OSSL_ALGORITHM lk_signature_algorithms[];
extern const OSSL_ALGORITHM lk_asymcipher_algorithms[];
extern const OSSL_ALGORITHM lk_decoder_algorithms[];
extern const OSSL_ALGORITHM lk_store_algorithms[];
extern const OSSL_ALGORITHM lk_rand_algorithms[];
extern const OSSL_ALGORITHM lk_digest_algorithms[];
extern const OSSL_ALGORITHM lk_kdf_algorithms[];

/* A row of a dispatch table: OpenSSL keeps every function as one without arguments. */
#define LK_ROW(id, function)                                                                       \
    {                                                                                              \
        (id), (void (*)(void))(function)                                                           \
    }
#define LK_ROW_END                                                                                 \
    {                                                                                              \
        0, NULL                                                                                    \
    }

#endif
