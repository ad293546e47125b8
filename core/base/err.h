/* err: the world's errors. One signed type for every call that can fail for a reason outside the
 * program; what the peer did wrong is a wire status (registry.h), what we did wrong is LK_ASSERT.
 *
 * Zero is success. A negative value above LK_ERR_BASE is a negated errno; ours start below it and
 * have their name and text in one table (err.c).
 * Thread any. Allocates nothing. */
#ifndef LK_CORE_BASE_ERR_H
#define LK_CORE_BASE_ERR_H

#include <stdio.h>
#include <stdlib.h>

typedef int lk_err;

#define LK_MUST_USE __attribute__((warn_unused_result))

enum {
    LK_OK = 0,
    LK_ERR_BASE = -10000,
    LK_ERR_FULL = LK_ERR_BASE - 1,      /* a bound of limits.h was reached */
    LK_ERR_FORMAT = LK_ERR_BASE - 2,    /* bytes that are not what they should be */
    LK_ERR_RANGE = LK_ERR_BASE - 3,     /* a value outside the allowed range */
    LK_ERR_UNKNOWN = LK_ERR_BASE - 4,   /* a name, key or handle that is not known */
    LK_ERR_REFUSED = LK_ERR_BASE - 5,   /* known and not allowed */
    LK_ERR_MEMORY = LK_ERR_BASE - 6,    /* memory could not be had */
    LK_ERR_CRYPTO = LK_ERR_BASE - 7,    /* libcrypto or libssl refused */
    LK_ERR_ABSURD = LK_ERR_BASE - 8,    /* the other process wrote what it never may */
    LK_ERR_CLOSED = LK_ERR_BASE - 9,    /* the other end is gone */
    LK_ERR_KEY = LK_ERR_BASE - 10,      /* a key that fails its checks */
    LK_ERR_COLLISION = LK_ERR_BASE - 11 /* two keys of a tenant share an id */
};

/* Name and text of a code, "ENOENT" or "LK_ERR_FULL" and a sentence. Never NULL. */
const char *lk_err_name(lk_err err);
const char *lk_err_text(lk_err err);

/* Return early with the error of a call. */
#define LK_TRY(call)                                                                              \
    do {                                                                                          \
        lk_err lk_try_err = (call);                                                               \
        if (lk_try_err < 0) return lk_try_err;                                                    \
    } while (0)

/* Return early with `err` unless `cond` holds. */
#define LK_REQUIRE(cond, err)                                                                     \
    do {                                                                                          \
        if (!(cond)) return (err);                                                                \
    } while (0)

/* A broken invariant stops the process, in release builds too: going on would be worse. */
#define LK_ASSERT(cond)                                                                           \
    do {                                                                                          \
        if (!(cond)) lk_assert_failed(#cond, __FILE__, __LINE__);                                 \
    } while (0)

__attribute__((noreturn, cold)) void lk_assert_failed(const char *what, const char *file, int line);

#endif
