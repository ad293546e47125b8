#include "core/base/err.h"

#include <string.h>

static const struct {
    lk_err err;
    const char *name;
    const char *text;
} rows[] = {
    {LK_OK, "LK_OK", "success"},
    {LK_ERR_FULL, "LK_ERR_FULL", "no room left"},
    {LK_ERR_FORMAT, "LK_ERR_FORMAT", "malformed input"},
    {LK_ERR_RANGE, "LK_ERR_RANGE", "value out of range"},
    {LK_ERR_UNKNOWN, "LK_ERR_UNKNOWN", "not known"},
    {LK_ERR_REFUSED, "LK_ERR_REFUSED", "not allowed"},
    {LK_ERR_MEMORY, "LK_ERR_MEMORY", "out of memory"},
    {LK_ERR_CRYPTO, "LK_ERR_CRYPTO", "the cryptographic library refused"},
    {LK_ERR_ABSURD, "LK_ERR_ABSURD", "impossible value in shared memory"},
    {LK_ERR_CLOSED, "LK_ERR_CLOSED", "the other end is gone"},
    {LK_ERR_KEY, "LK_ERR_KEY", "the key fails its checks"},
    {LK_ERR_COLLISION, "LK_ERR_COLLISION", "two keys of one tenant share a key id"},
};

static size_t row_of(lk_err err)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].err == err) return i;
    return sizeof rows / sizeof rows[0];
}

const char *lk_err_name(lk_err err)
{
    size_t i = row_of(err);
    if (i < sizeof rows / sizeof rows[0]) return rows[i].name;
    const char *name = err < 0 && err > LK_ERR_BASE ? strerrorname_np(-err) : NULL;
    return name != NULL ? name : "unknown";
}

const char *lk_err_text(lk_err err)
{
    size_t i = row_of(err);
    if (i < sizeof rows / sizeof rows[0]) return rows[i].text;
    const char *text = err < 0 && err > LK_ERR_BASE ? strerrordesc_np(-err) : NULL;
    return text != NULL ? text : "unknown error";
}

void lk_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "lurk: broken invariant: %s (%s:%d)\n", what, file, line);
    abort();
}
