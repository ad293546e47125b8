#include "tools/provider/hello.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/ct.h"
#include "tools/provider/libssl.h"

#define RANDOM_BYTES 32

/* --- the connections of a thread, until their hellos are over ------------------------------ */

struct node {
    struct node *next, **before; /* before NULL: not listed */
    struct list *list;
    SSL *ssl;
};

/* Lives until the thread and all its connections are gone: a connection may end in another. */
struct list {
    pthread_mutex_t lock;
    struct node *head;
    int references;
};

static int node_index = -1; /* of ex_data */
static pthread_key_t list_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void list_release(struct list *list)
{
    if (__atomic_sub_fetch(&list->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    pthread_mutex_destroy(&list->lock);
    free(list);
}

static void list_leave(void *data)
{
    list_release(data);
}

static struct list *list_get(void)
{
    struct list *list = pthread_getspecific(list_key);
    if (list != NULL) return list;
    list = calloc(1, sizeof *list);
    if (list == NULL) return NULL;
    pthread_mutex_init(&list->lock, NULL);
    list->references = 1;
    if (pthread_setspecific(list_key, list) == 0) return list;
    list_release(list);
    return NULL;
}

/* The list's lock is held. */
static void unlist(struct node *node)
{
    if (node->before == NULL) return;
    *node->before = node->next;
    if (node->next != NULL) node->next->before = node->before;
    node->before = NULL;
    node->next = NULL;
}

static void connection_made(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                            void *argp)
{
    (void)ptr, (void)argl, (void)argp;
    struct list *list = list_get();
    struct node *node = list != NULL ? calloc(1, sizeof *node) : NULL;
    if (node == NULL) return; /* it is not listed: there will be no S for it */
    if (!CRYPTO_set_ex_data(data, index, node)) {
        free(node);
        return;
    }
    node->ssl = parent;
    node->list = list;
    __atomic_add_fetch(&list->references, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&list->lock);
    node->next = list->head;
    node->before = &list->head;
    if (node->next != NULL) node->next->before = &node->next;
    list->head = node;
    pthread_mutex_unlock(&list->lock);
}

static void connection_ended(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                             void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    struct node *node = ptr;
    if (node == NULL) return;
    pthread_mutex_lock(&node->list->lock);
    unlist(node);
    pthread_mutex_unlock(&node->list->lock);
    list_release(node->list);
    free(node);
}

static void index_make(void)
{
    if (pthread_key_create(&list_key, list_leave) != 0) return;
    node_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, connection_made, NULL,
                                         connection_ended);
}

bool lk_hello_init(void)
{
    pthread_once(&once, index_make);
    return node_index >= 0;
}

/* --- which one ----------------------------------------------------------------------------- */

/* A handshake that failed stays as it was until the program frees it; its word for it is the one
 * sign. */
static bool has_failed(const struct lk_libssl *libssl, const SSL *ssl)
{
    return strcmp(libssl->state_string(ssl), "SSLERR") == 0;
}

/* No random will be drawn for it any more: a client that has begun, a handshake that has ended. (A
 * server may be asked for one twice: a HelloRetryRequest comes of the first.) */
static bool is_over(const struct lk_libssl *libssl, const SSL *ssl)
{
    OSSL_HANDSHAKE_STATE state = libssl->state(ssl);
    if (state == TLS_ST_BEFORE) return false;
    return state == TLS_ST_OK || !libssl->is_server(ssl) || has_failed(libssl, ssl);
}

/* As libssl's server does: it could have spoken 1.3 (maximum version 0: no limit). */
static bool is_marked(const struct lk_libssl *libssl, SSL *ssl)
{
    long most = libssl->ctrl(ssl, SSL_CTRL_GET_MAX_PROTO_VERSION, 0, NULL);
    return libssl->version(ssl) == TLS1_2_VERSION && (most == 0 || most >= TLS1_3_VERSION) &&
           (libssl->options(ssl) & SSL_OP_NO_TLSv1_3) == 0;
}

static bool shows(const struct lk_libssl *libssl, const SSL *ssl, const uint8_t *random)
{
    uint8_t own[RANDOM_BYTES] = {0};
    libssl->server_random(ssl, own, sizeof own);
    return libssl->is_server(ssl) && lk_ct_equal(own, random, RANDOM_BYTES);
}

bool lk_hello_find(const uint8_t random[RANDOM_BYTES], struct lk_hello *out)
{
    struct list *list = node_index >= 0 ? pthread_getspecific(list_key) : NULL;
    const struct lk_libssl *libssl = list != NULL ? lk_libssl_get() : NULL;
    SSL *found = NULL;
    if (libssl == NULL) return false;
    pthread_mutex_lock(&list->lock);
    for (struct node *node = list->head, *next; node != NULL; node = next) {
        next = node->next;
        if (shows(libssl, node->ssl, random))
            found = node->ssl;
        else if (is_over(libssl, node->ssl))
            unlist(node);
    }
    pthread_mutex_unlock(&list->lock);
    if (found == NULL) return false;
    *out = (struct lk_hello){.version = (uint16_t)libssl->version(found),
                             .marked = is_marked(libssl, found)};
    return true;
}
