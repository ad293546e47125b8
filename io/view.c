#include "io/view.h"

#include <openssl/ssl.h>
#include <stdlib.h>

#include "io/hello.h"
#include "io/session.h"

static lk_err build(struct lk_view *view, const struct lk_view_files *files, char *error,
                    size_t error_bytes)
{
    lk_err err = lk_policy_new(view->conf, view->keys, &view->policy);
    if (err != LK_OK) {
        snprintf(error, error_bytes, "policy: %s", lk_err_text(err));
        return err;
    }
    LK_TRY(lk_session_context(LK_SESSION_TLS, files, &view->tls, error, error_bytes));
    LK_TRY(lk_session_context(LK_SESSION_DTLS, files, &view->dtls, error, error_bytes));
    lk_hello_context(view->dtls);
    return LK_OK;
}

lk_err lk_view_new(uint64_t generation, struct lk_conf *conf, struct lk_keystore *keys,
                   const struct lk_view_files *files, struct lk_view **out, char *error,
                   size_t error_bytes)
{
    error[0] = '\0';
    struct lk_view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        lk_keystore_free(keys);
        lk_conf_free(conf);
        return LK_ERR_MEMORY;
    }
    *view = (struct lk_view){.generation = generation, .conf = conf, .keys = keys};
    lk_err err = build(view, files, error, error_bytes);
    if (err != LK_OK) {
        lk_view_free(view);
        return err;
    }
    *out = view;
    return LK_OK;
}

void lk_view_free(struct lk_view *view)
{
    if (view == NULL) return;
    SSL_CTX_free(view->tls);
    SSL_CTX_free(view->dtls);
    if (view->policy != NULL) lk_policy_free(view->policy);
    if (view->keys != NULL) lk_keystore_free(view->keys);
    if (view->conf != NULL) lk_conf_free(view->conf);
    free(view);
}
