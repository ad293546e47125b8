/* secret: the vault's memory. Private keys, every allocation of libcrypto, worker arenas and stacks
 * lie in one reserved range of addresses that no dump, no fork and no swap takes along:
 * memfd_secret (gone from the kernel's own map), else locked and not dumped. What is freed is wiped
 * first.
 *
 * Owner   the vault process; opened once, before libcrypto allocates anything, never closed.
 * Grows   by chunks inside the range; each counts against RLIMIT_MEMLOCK.
 * Thread  any. In sanitizer builds, and for lk_secret_alloc in --one-process, ordinary memory
 * serves. */
#ifndef LK_IO_SECRET_H
#define LK_IO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define LK_SECRET_CHUNK_BYTES ((size_t)4 << 20)

/* Reserves the range and maps the first chunk. */
LK_MUST_USE lk_err lk_secret_open(void);
/* All of libcrypto's memory from here on. False: it has allocated already. */
bool lk_secret_take_libcrypto(void);

/* Zeroed, 64-byte aligned. NULL: no memory, or RLIMIT_MEMLOCK reached. */
void *lk_secret_alloc(size_t bytes);
/* Wipes first. NULL is fine. */
void lk_secret_free(void *memory);
/* Calls run(arg) on a stack of this size in secret memory, with an unmapped page before and behind.
 * Once a thread, as its outermost call: the stack is not given back. The thread's own block stays
 * in ordinary memory, since the kernel cannot wake who joins a thread through memfd_secret.
 * LK_ERR_MEMORY: not run. */
LK_MUST_USE lk_err lk_secret_run(void (*run)(void *arg), void *arg, size_t stack_bytes);

/* "memfd_secret", "locked" or "ordinary": for the log line. */
const char *lk_secret_kind(void);
/* Does this address lie in the range? For tests and assertions. */
bool lk_secret_holds(const void *address);

/* The heap on the range (secret_heap.c with jemalloc, secret_plain.c without). */
struct lk_secret_heap {
    lk_err (*open)(void);
    void *(*alloc)(size_t bytes, size_t align); /* align: 64, or 0 for what malloc gives */
    void (*release)(void *memory);
    size_t (*usable)(const void *memory);
    bool in_range; /* false: the range is not used at all */
};
extern const struct lk_secret_heap lk_secret_heap;
/* For the heap: fresh zeroed bytes of the range, aligned; NULL when it is full or may not grow. */
void *lk_secret_range_take(size_t bytes, size_t align);

#endif
