/* fields: structs of the caller's that start with their size, so that either side may be older than
 * the other: what the caller's has not is zero in ours, what ours has not is left alone.
 * Thread any. Allocates nothing. */
#ifndef LK_TOOLS_LIBLURK_FIELDS_H
#define LK_TOOLS_LIBLURK_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* own := theirs. False: no struct, or one smaller than `least`, the size in the first version. */
static inline bool lk_fields_take(void *own, size_t own_bytes, const void *theirs, size_t least)
{
    size_t size;
    if (theirs == NULL) return false;
    memcpy(&size, theirs, sizeof size);
    if (size < least) return false;
    memset(own, 0, own_bytes);
    memcpy(own, theirs, size < own_bytes ? size : own_bytes);
    return true;
}

/* theirs := own, but for their size. False as above: nothing was written. */
static inline bool lk_fields_give(void *theirs, const void *own, size_t own_bytes, size_t least)
{
    size_t size, head = sizeof size;
    if (theirs == NULL) return false;
    memcpy(&size, theirs, sizeof size);
    if (size < least) return false;
    size_t bytes = size < own_bytes ? size : own_bytes;
    memcpy((char *)theirs + head, (const char *)own + head, bytes - head);
    return true;
}

/* With the struct of the first version, which all are. */
#define LK_FIELDS_TAKE(own, theirs) lk_fields_take(&(own), sizeof(own), (theirs), sizeof(own))
#define LK_FIELDS_GIVE(theirs, own) lk_fields_give((theirs), &(own), sizeof(own), sizeof(own))

#endif
