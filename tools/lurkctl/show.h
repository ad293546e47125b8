/* show: a JSON value for people: arrays of objects become tables, objects become lines of name and
 * value, what lies deeper is indented. Programs read --json instead. */
#ifndef LK_TOOLS_LURKCTL_SHOW_H
#define LK_TOOLS_LURKCTL_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void lk_show(FILE *to, const json_t *value);

#endif
