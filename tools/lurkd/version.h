/* version: what this program is: for --version and for bug reports. */
#ifndef LK_TOOLS_LURKD_VERSION_H
#define LK_TOOLS_LURKD_VERSION_H

#include <stdio.h>

#define LK_VERSION "0.1.0"

/* Returns the exit code: 1 when a kernel fails its self-test. */
int lk_lurkd_version(FILE *to);

#endif
