/* read: configuration text into a program's struct, as its schema says.
 *
 * Owner   the caller gives a zeroed struct; rows of lists are allocated into it and are the
 *         caller's, after a failure too.
 * Errors  LK_ERR_FORMAT: error[] holds one line per fault, "FILE:LINE: option: what is wrong;
 *         allowed: ..."; reading goes on to find more than one. LK_ERR_MEMORY. Thread any. */
#ifndef LK_CORE_CONF_READ_H
#define LK_CORE_CONF_READ_H

#include "core/conf/fault.h"
#include "core/conf/schema.h"

/* What must hold between options, asked once each is good by itself. */
typedef void (*lk_conf_check_fn)(const void *conf, struct lk_faults *faults);

LK_MUST_USE lk_err lk_conf_read(const struct lk_schema *schema, const char *file,
                                struct lk_bytes text, lk_conf_check_fn check, void *conf,
                                char *error, size_t error_bytes);

#endif
