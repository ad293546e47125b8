#include "tools/provider/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/ct.h"
#include "tools/liblurk/lurk.h"
#include "tools/provider/kept.h"

/* lurk.so is linked to stay loaded (-z nodelete): a thread may end after the provider did. */
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread struct lk_thread *mine;

uint64_t lk_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void forget(struct lk_thread *thread)
{
    lk_lines_close(&thread->lines);
    lurk_prover_free(thread->prover);
    lk_kept_free(thread->kept);
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
    }
    return mine;
}

void lk_thread_leave(void)
{
    if (mine == NULL) return;
    pthread_setspecific(key, NULL);
    thread_end(mine);
}

struct lk_kept *lk_thread_kept(void)
{
    struct lk_thread *thread = lk_thread_get();
    if (thread == NULL) return NULL;
    if (thread->kept == NULL) thread->kept = lk_kept_new();
    if (thread->kept != NULL) lk_kept_expire(thread->kept, lk_now_ns());
    return thread->kept;
}

struct lk_kept *lk_thread_kept_swap(struct lk_kept *kept)
{
    struct lk_thread *thread = lk_thread_get();
    struct lk_kept *before = thread != NULL ? thread->kept : NULL;
    if (thread != NULL) thread->kept = kept;
    return before;
}

struct lurk_prover *lk_thread_prover(void)
{
    struct lk_thread *thread = lk_thread_get();
    if (thread == NULL) return NULL;
    if (thread->prover == NULL) thread->prover = lurk_prover_new();
    return thread->prover;
}
