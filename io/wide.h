/* wide: shared memory that is looked at in places nobody can foretell, on large pages where the
 * kernel has them: with pages of 4 kB each look is a walk through the page tables, in a guest two
 * of them, 0.1 us and more.
 * Owner   the caller: a map of `bytes`, from the start of the memfd.
 * Thread  any. Takes as long as the kernel needs to fill the memory, 0.2 s a gigabyte: at start.
 * Errors  -errno of mmap. Without large pages (Linux before 6.1, too little memory in one piece) it
 *         is a map like any other.
 * Source  madvise(2), MADV_COLLAPSE */
#ifndef LK_IO_WIDE_H
#define LK_IO_WIDE_H

#include <stddef.h>

#include "core/base/err.h"

LK_MUST_USE lk_err lk_wide_map(int fd, size_t bytes, void **out);

#endif
