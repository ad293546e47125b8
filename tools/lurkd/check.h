/* check: `lurkd --check`: everything a start would look at, and primality besides, in one process
 * that serves nothing. */
#ifndef LK_TOOLS_LURKD_CHECK_H
#define LK_TOOLS_LURKD_CHECK_H

#include "core/conf/conf.h"

/* The places that a start needs: directories, and ports where nobody serves them. Returns the
 * faults, each said on standard error. */
unsigned lk_lurkd_check_places(const struct lk_conf *conf);
/* Says on standard output what each file is, on standard error what is wrong. Returns the exit
 * code. */
int lk_lurkd_check(const char *conf_path);

#endif
