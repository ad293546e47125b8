/* uring: how a loop's io_uring is set up: disabled, then restricted to the operations a loop uses,
 * then enabled; what the host lacks is named. Owner: the thread that opens it, and no other may
 * submit. */
#ifndef LK_IO_URING_H
#define LK_IO_URING_H

#include <liburing.h>

#include "core/base/err.h"

#define LK_URING_SQ_ENTRIES 1024
#define LK_URING_CQ_ENTRIES 8192

/* Disabled still: register buffers next, then seal. A kernel without the best flags gets a ring
 * without them and one log line. Errors: what io_uring_setup gave, with a log line that says where
 * to look. */
LK_MUST_USE lk_err lk_uring_open(struct io_uring *uring);
/* From here on only a loop's operations are accepted, and nothing more can be registered. */
LK_MUST_USE lk_err lk_uring_seal(struct io_uring *uring);

#endif
