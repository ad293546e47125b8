#include "tools/provider/libssl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

static struct lk_libssl found;
static bool is_found;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const struct symbol_row {
    const char *name;
    void **place;
} rows[] = {
    {"SSL_version", (void **)&found.version},
    {"SSL_is_server", (void **)&found.is_server},
    {"SSL_get_state", (void **)&found.state},
    {"SSL_state_string", (void **)&found.state_string},
    {"SSL_get_server_random", (void **)&found.server_random},
    {"SSL_get_options", (void **)&found.options},
    {"SSL_ctrl", (void **)&found.ctrl},
    {"TLS_method", (void **)&found.method},
    {"SSL_CTX_new", (void **)&found.ctx_new},
    {"SSL_CTX_free", (void **)&found.ctx_free},
    {"SSL_CTX_ctrl", (void **)&found.ctx_ctrl},
    {"SSL_CTX_use_certificate", (void **)&found.ctx_use_certificate},
    {"SSL_CTX_use_PrivateKey", (void **)&found.ctx_use_key},
    {"SSL_new", (void **)&found.new},
    {"SSL_free", (void **)&found.free},
    {"SSL_set_bio", (void **)&found.set_bio},
    {"SSL_set_accept_state", (void **)&found.set_accept_state},
    {"SSL_set_connect_state", (void **)&found.set_connect_state},
    {"SSL_do_handshake", (void **)&found.do_handshake},
    {"SSL_get_error", (void **)&found.get_error},
};

/* By its file's name first: a module may have brought it without showing its symbols to all. */
static void *library_open(void)
{
    static const char *const files[] = {"libssl.so.3", "libssl.so.4"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        void *library = dlopen(files[i], RTLD_LAZY | RTLD_NOLOAD);
        if (library != NULL) return library;
    }
    return dlopen(NULL, RTLD_LAZY);
}

static bool look_up(void)
{
    void *library = library_open();
    bool all = library != NULL;
    for (size_t i = 0; all && i < sizeof rows / sizeof rows[0]; i++) {
        *rows[i].place = dlsym(library, rows[i].name);
        all = *rows[i].place != NULL;
    }
    if (!all && library != NULL) dlclose(library);
    return all; /* the handle is kept: its functions are */
}

const struct lk_libssl *lk_libssl_get(void)
{
    if (__atomic_load_n(&is_found, __ATOMIC_ACQUIRE)) return &found;
    pthread_mutex_lock(&lock);
    bool all = is_found || look_up();
    __atomic_store_n(&is_found, all, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
    return all ? &found : NULL;
}
