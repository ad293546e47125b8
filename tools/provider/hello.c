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
    bool drawn; /* random was given out for it */
    uint8_t random[RANDOM_BYTES];
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
    if (node == NULL) return; /* not known: its handshake will be told apart from none */
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

enum standing { WAITS, ASKS, OVER };

static bool is_zero(const uint8_t random[RANDOM_BYTES])
{
    static const uint8_t zero[RANDOM_BYTES];
    return lk_ct_equal(random, zero, RANDOM_BYTES);
}

static enum standing standing_of(const struct lk_libssl *libssl, const struct node *node)
{
    uint8_t client[RANDOM_BYTES] = {0}, server[RANDOM_BYTES] = {0};
    libssl->client_random(node->ssl, client, sizeof client);
    libssl->server_random(node->ssl, server, sizeof server);
    if (is_zero(client)) return WAITS;
    if (!libssl->is_server(node->ssl)) return OVER;
    bool reads_hello = libssl->state(node->ssl) == TLS_ST_SR_CLNT_HELLO;
    if (is_zero(server)) return reads_hello ? ASKS : OVER;
    /* A HelloRetryRequest may have gone: then the same is asked for once more. */
    bool again = libssl->version(node->ssl) == TLS1_3_VERSION && node->drawn &&
                 lk_ct_equal(server, node->random, RANDOM_BYTES);
    if (!again) return OVER;
    return reads_hello ? ASKS : libssl->state(node->ssl) == TLS_ST_OK ? OVER : WAITS;
}

/* As libssl's server does: it could have spoken 1.3 (maximum version 0: no limit). */
static bool is_marked(const struct lk_libssl *libssl, SSL *ssl)
{
    long most = libssl->ctrl(ssl, SSL_CTRL_GET_MAX_PROTO_VERSION, 0, NULL);
    return libssl->version(ssl) == TLS1_2_VERSION && (most == 0 || most >= TLS1_3_VERSION) &&
           (libssl->options(ssl) & SSL_OP_NO_TLSv1_3) == 0;
}

bool lk_hello_find(struct lk_hello *out, unsigned *candidates)
{
    struct list *list = node_index >= 0 ? pthread_getspecific(list_key) : NULL;
    struct node *found = NULL;
    *candidates = 0;
    const struct lk_libssl *libssl = list != NULL ? lk_libssl_get() : NULL;
    if (libssl == NULL) return false;
    pthread_mutex_lock(&list->lock);
    for (struct node *node = list->head, *next; node != NULL; node = next) {
        next = node->next;
        enum standing standing = standing_of(libssl, node);
        if (standing == OVER) unlist(node);
        if (standing != ASKS) continue;
        found = node;
        (*candidates)++;
    }
    pthread_mutex_unlock(&list->lock);
    if (*candidates != 1) return false;
    *out = (struct lk_hello){.version = (uint16_t)libssl->version(found->ssl),
                             .marked = is_marked(libssl, found->ssl),
                             .node = found};
    return true;
}

void lk_hello_drawn(const struct lk_hello *hello, const uint8_t random[RANDOM_BYTES])
{
    struct node *node = hello->node;
    node->drawn = true;
    memcpy(node->random, random, RANDOM_BYTES);
}
