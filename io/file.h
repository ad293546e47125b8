/* file: the one place that opens files by name. The last part of a path may not be a symbolic link,
 * the file must be a regular one of root's or our own, nobody else may write it, and nobody else
 * may read one that holds a secret.
 *
 * Owner   the supervisor; its children get descriptors. Thread any. */
#ifndef LK_IO_FILE_H
#define LK_IO_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum lk_file_kind { LK_FILE_PUBLIC, LK_FILE_SECRET };

/* Read-only, close-on-exec. error: what is wrong with which file, and what to do. */
LK_MUST_USE lk_err lk_file_open(const char *path, enum lk_file_kind kind, int *fd, char *error,
                                size_t error_bytes);
/* Opens and reads a whole public file (malloc'ed, a zero byte behind). */
LK_MUST_USE lk_err lk_file_read(const char *path, size_t limit, uint8_t **data, size_t *len,
                                char *error, size_t error_bytes);

#endif
