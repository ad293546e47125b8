#include "io/wide.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES ((size_t)2 << 20) /* x86-64's next size */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; Debian 12's libc does not name it */
#endif

/* The kernel puts a large page only where address and offset are its multiples, and only where
 * there is a page already. */
static void collapse(uint8_t *map, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += PAGE_BYTES)
        (void)*(volatile const uint8_t *)(map + at);
    (void)madvise(map, bytes, MADV_COLLAPSE); /* no large pages, then */
}

lk_err lk_wide_map(int fd, size_t bytes, void **out)
{
    size_t room = bytes + PAGE_BYTES;
    uint8_t *base = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return -errno;
    size_t before = -(uintptr_t)base % PAGE_BYTES;
    uint8_t *map = base + before;
    void *p = mmap(map, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    if (p == MAP_FAILED) {
        int failed = errno;
        munmap(base, room);
        return -failed;
    }
    collapse(map, bytes);
    *out = map;
    return LK_OK;
}
