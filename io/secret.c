#include "io/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "crypto/ct.h"

#define RANGE_BYTES ((size_t)1 << 36) /* addresses only; memory comes by chunks */
#define PAGE_BYTES ((size_t)4096)

/* The range, from base: [0, taken) was given out, [0, mapped) is backed, the rest is PROT_NONE. */
static struct {
    pthread_mutex_t lock;
    uint8_t *base;
    size_t taken, mapped;
    int fd; /* memfd_secret, or -1: locked anonymous memory */
} range = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static int open_memfd(void)
{
    int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)RANGE_BYTES) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool map_secret(uint8_t *at, size_t bytes)
{
    void *p = mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, range.fd,
                   (off_t)(at - range.base));
    return p != MAP_FAILED && madvise(at, bytes, MADV_DONTFORK) == 0;
}

static bool map_locked(uint8_t *at, size_t bytes)
{
    if (mprotect(at, bytes, PROT_READ | PROT_WRITE) != 0) return false;
    return madvise(at, bytes, MADV_DONTDUMP) == 0 && madvise(at, bytes, MADV_DONTFORK) == 0 &&
           mlock(at, bytes) == 0;
}

static bool grow(size_t end)
{
    if (end <= range.mapped) return true;
    if (end > RANGE_BYTES) return false;
    size_t bytes = round_up(end - range.mapped, LK_SECRET_CHUNK_BYTES);
    if (range.mapped + bytes > RANGE_BYTES) return false;
    uint8_t *at = range.base + range.mapped;
    if (!(range.fd >= 0 ? map_secret(at, bytes) : map_locked(at, bytes))) return false;
    range.mapped += bytes;
    return true;
}

lk_err lk_secret_open(void)
{
    LK_ASSERT(range.base == NULL);
    if (!lk_secret_heap.in_range) return LK_OK;
    void *base = mmap(NULL, RANGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                      0);
    if (base == MAP_FAILED) return -errno;
    range.base = base;
    range.fd = open_memfd();
    if (range.fd >= 0 && !grow(LK_SECRET_CHUNK_BYTES)) { /* counted like locked memory, but try */
        close(range.fd);
        range.fd = -1;
    }
    LK_REQUIRE(grow(LK_SECRET_CHUNK_BYTES), -ENOMEM);
    return lk_secret_heap.open();
}

void *lk_secret_range_take(size_t bytes, size_t align)
{
    pthread_mutex_lock(&range.lock);
    size_t at = round_up(range.taken, align);
    void *taken = NULL;
    if (range.base != NULL && bytes <= RANGE_BYTES && grow(at + bytes)) {
        taken = range.base + at;
        range.taken = at + bytes;
    }
    pthread_mutex_unlock(&range.lock);
    return taken;
}

void *lk_secret_alloc(size_t bytes)
{
    void *memory = lk_secret_heap.alloc(bytes + (bytes == 0), 64);
    if (memory != NULL) memset(memory, 0, bytes);
    return memory;
}

void lk_secret_free(void *memory)
{
    if (memory == NULL) return;
    lk_wipe(memory, lk_secret_heap.usable(memory));
    lk_secret_heap.release(memory);
}

static void *take_stack(size_t bytes)
{
    uint8_t *pages = lk_secret_range_take(bytes + 2 * PAGE_BYTES, PAGE_BYTES);
    if (pages == NULL) return NULL;
    if (mprotect(pages, PAGE_BYTES, PROT_NONE) != 0 ||
        mprotect(pages + PAGE_BYTES + bytes, PAGE_BYTES, PROT_NONE) != 0)
        return NULL;
    return pages + PAGE_BYTES;
}

/* What makecontext cannot carry: it passes ints. */
static _Thread_local struct {
    void (*run)(void *arg);
    void *arg;
    ucontext_t home, away;
} journey;

static void travel(void)
{
    journey.run(journey.arg);
}

static lk_err prepare_journey(const size_t stack_bytes)
{
    if (getcontext(&journey.away) != 0) return -errno;
    journey.away.uc_stack = (stack_t){.ss_sp = take_stack(stack_bytes), .ss_size = stack_bytes};
    journey.away.uc_link = &journey.home;
    return journey.away.uc_stack.ss_sp != NULL ? LK_OK : LK_ERR_MEMORY;
}

lk_err lk_secret_run(void (*run)(void *arg), void *arg, size_t stack_bytes)
{
    if (range.base == NULL) {
        run(arg);
        return LK_OK;
    }
    LK_TRY(prepare_journey(round_up(stack_bytes, PAGE_BYTES)));
    journey.run = run;
    journey.arg = arg;
    makecontext(&journey.away, travel, 0);
    return swapcontext(&journey.home, &journey.away) == 0 ? LK_OK : -errno;
}

const char *lk_secret_kind(void)
{
    if (range.base == NULL) return "ordinary";
    return range.fd >= 0 ? "memfd_secret" : "locked";
}

bool lk_secret_holds(const void *address)
{
    const uint8_t *p = address;
    return range.base != NULL && p >= range.base && p < range.base + RANGE_BYTES;
}

/* --- libcrypto -------------------------------------------------------------------------------- */

static void *crypto_malloc(size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    return bytes == 0 ? NULL : lk_secret_heap.alloc(bytes, 0);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    lk_secret_free(memory);
}

static void *crypto_realloc(void *memory, size_t bytes, const char *file, int line)
{
    if (memory == NULL) return crypto_malloc(bytes, file, line);
    if (bytes == 0) {
        lk_secret_free(memory);
        return NULL;
    }
    size_t usable = lk_secret_heap.usable(memory);
    if (bytes <= usable) return memory;
    void *larger = lk_secret_heap.alloc(bytes,
                                        0); /* the heap's own realloc would leave a copy behind */
    if (larger == NULL) return NULL;
    memcpy(larger, memory, usable);
    lk_secret_free(memory);
    return larger;
}

bool lk_secret_take_libcrypto(void)
{
    if (!lk_secret_heap.in_range) return true; /* a sanitizer watches ordinary memory better */
    return CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1;
}
