#include "tools/provider/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/ct.h"
#include "tools/liblurk/lurk.h"

/* lurk.so is linked to stay loaded (-z nodelete): a thread may end after the provider did. */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread struct lk_thread *mine;

static void forget(struct lk_thread *thread)
{
    for (size_t i = 0; i < LK_AGENTS_MAX; i++)
        lurk_transport_free(thread->line[i].transport); /* a child's copy says nothing */
    LK_WIPE(*thread);
}

static void thread_end(void *data)
{
    forget(data);
    free(data);
    mine = NULL;
}

static void key_make(void)
{
    if (pthread_key_create(&key, thread_end) != 0) abort();
}

struct lk_thread *lk_thread_get(void)
{
    if (mine == NULL) {
        pthread_once(&once, key_make);
        mine = calloc(1, sizeof *mine);
        if (mine == NULL) return NULL;
        pthread_setspecific(key, mine);
        mine->pid = getpid();
    }
    if (mine->pid != getpid()) {
        forget(mine);
        mine->pid = getpid();
    }
    return mine;
}
