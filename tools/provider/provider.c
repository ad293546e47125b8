#include "tools/provider/provider.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "crypto/cpu.h"
#include "tools/provider/settings.h"
#include "tools/provider/thread.h"

#define LINE_BYTES 512

static const OSSL_ITEM reasons[] = {
    {LK_REASON_KEY_FILE, (void *)(uintptr_t) "bad lurk key file"},
    {LK_REASON_SETTING, (void *)(uintptr_t) "bad setting of the lurk provider"},
    {LK_REASON_MEMORY, (void *)(uintptr_t) "out of memory"},
    {LK_REASON_NOT_TLS, (void *)(uintptr_t) "neither TLS handshake nor certificate request: "
                                            "a remote key signs nothing else"},
    {LK_REASON_REQUEST, (void *)(uintptr_t) "a certificate request that is not signed"},
    {LK_REASON_ALGORITHM, (void *)(uintptr_t) "no TLS signature scheme"},
    {LK_REASON_NO_KEY, (void *)(uintptr_t) "only the public half of the key is here"},
    {LK_REASON_AGENT, (void *)(uintptr_t) "no answer from lurk-agent"},
    {LK_REASON_REFUSED, (void *)(uintptr_t) "the key server refused"},
    {LK_REASON_SIGNATURE, (void *)(uintptr_t) "the answer is no signature of this key"},
    {LK_REASON_FULL, (void *)(uintptr_t) "mode full cannot vouch for this handshake"},
    {0, NULL}};

/* --- errors and lines ---------------------------------------------------------------------- */

static void set_error(const struct lk_prov *prov, uint32_t reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    prov->vset_error(prov->handle, reason, format, arguments);
    va_end(arguments);
}

static void line_write(int fd, const char *format, va_list arguments)
{
    char line[LINE_BYTES];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int used = snprintf(line, sizeof line, "lurk.so[%d] %lld.%06ld ", getpid(),
                        (long long)now.tv_sec, now.tv_nsec / 1000);
    int more = vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    size_t len = (size_t)used + (more > 0 ? (size_t)more : 0);
    if (len > sizeof line - 1) len = sizeof line - 1;
    line[len++] = '\n';
    int kept = errno;
    if (write(fd, line, len) < 0) errno = kept; /* a full disk is no reason to fail a handshake */
}

void lk_prov_error(const struct lk_prov *prov, enum lk_prov_reason reason, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lk_prov_trace(prov, "error: %s", text);
    if (prov->new_error == NULL || prov->vset_error == NULL) return;
    prov->new_error(prov->handle);
    if (prov->set_error_debug != NULL) prov->set_error_debug(prov->handle, "lurk.so", 0, "lurk");
    set_error(prov, (uint32_t)reason, "%s", text);
}

void lk_prov_trace(const struct lk_prov *prov, const char *format, ...)
{
    if (prov->settings.trace_fd < 0) return;
    va_list arguments;
    va_start(arguments, format);
    line_write(prov->settings.trace_fd, format, arguments);
    va_end(arguments);
}

void lk_prov_say(const struct lk_prov *prov, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line_write(prov->settings.trace_fd >= 0 ? prov->settings.trace_fd : STDERR_FILENO, format,
               arguments);
    va_end(arguments);
}

/* --- what OpenSSL asks of every provider --------------------------------------------------- */

static const OSSL_PARAM *gettable_params(void *provctx)
{
    static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
                                       OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
                                       OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
                                       OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
                                       OSSL_PARAM_END};
    (void)provctx;
    return known;
}

static int get_params(void *provctx, OSSL_PARAM params[])
{
    (void)provctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, "TLS keys in a LURK key server")) return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, LK_COMMIT)) return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_BUILDINFO);
    if (p != NULL && !OSSL_PARAM_set_utf8_ptr(p, LK_COMMIT)) return 0;
    p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
    return p == NULL || OSSL_PARAM_set_int(p, 1);
}

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
    static const struct {
        int operation;
        const OSSL_ALGORITHM *algorithms;
    } rows[] = {
        {OSSL_OP_KEYMGMT, lk_keymgmt_algorithms},
        {OSSL_OP_SIGNATURE, lk_signature_algorithms},
        {OSSL_OP_ASYM_CIPHER, lk_asymcipher_algorithms},
        {OSSL_OP_DECODER, lk_decoder_algorithms},
        {OSSL_OP_STORE, lk_store_algorithms},
        {OSSL_OP_RAND, lk_rand_algorithms},
        {OSSL_OP_DIGEST, lk_digest_algorithms},
        {OSSL_OP_KDF, lk_kdf_algorithms},
    };
    (void)provctx;
    *no_cache = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].operation == operation) return rows[i].algorithms;
    return NULL;
}

static const OSSL_ITEM *reason_strings(void *provctx)
{
    (void)provctx;
    return reasons;
}

static void prov_free(void *provctx)
{
    struct lk_prov *prov = provctx;
    if (prov == NULL) return;
    lk_thread_leave(); /* what it keeps may be of this provider's keys; a main thread ends here */
    lk_settings_fini(&prov->settings);
    OSSL_LIB_CTX_free(prov->libctx);
    OPENSSL_free(prov);
}

static void core_take(struct lk_prov *prov, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_GET_PARAMS: prov->get_params = OSSL_FUNC_core_get_params(in); break;
        case OSSL_FUNC_CORE_NEW_ERROR: prov->new_error = OSSL_FUNC_core_new_error(in); break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            prov->set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR: prov->vset_error = OSSL_FUNC_core_vset_error(in); break;
        default: break;
        }
    }
}

/* The one symbol that is seen from outside. */
__attribute__((visibility("default"))) OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **provctx)
{
    static const OSSL_DISPATCH functions[] = {
        LK_ROW(OSSL_FUNC_PROVIDER_TEARDOWN, prov_free),
        LK_ROW(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable_params),
        LK_ROW(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
        LK_ROW(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
        LK_ROW(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, reason_strings),
        LK_ROW_END};
    struct lk_prov *prov = OPENSSL_zalloc(sizeof *prov);
    if (prov == NULL) return 0;
    prov->handle = handle;
    prov->settings.trace_fd = -1;
    (void)lk_cpu_features(&prov->cpu); /* a misspelt LURK_CPU is lurkd's to tell */
    core_take(prov, in);
    prov->libctx = OSSL_LIB_CTX_new_from_dispatch(handle, in);
    if (prov->libctx == NULL || !lk_settings_init(prov)) {
        prov_free(prov);
        return 0;
    }
    *out = functions;
    *provctx = prov;
    return 1;
}
