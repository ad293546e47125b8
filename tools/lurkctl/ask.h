/* ask: one question to lurkd over its control socket (io/control.h): a line of JSON there, a line
 * back. */
#ifndef LK_TOOLS_LURKCTL_ASK_H
#define LK_TOOLS_LURKCTL_ASK_H

#include <jansson.h>
#include <stddef.h>

/* The reply, the caller's; NULL: error says what went wrong and what to do. Waits up to 130 s,
 * since a reload of very many keys takes its time. */
json_t *lk_ask(const char *socket_path, const char *command, char *error, size_t error_bytes);

#endif
