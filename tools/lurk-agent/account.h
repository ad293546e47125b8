/* account: names and numbers of users and groups, and who a process becomes. */
#ifndef LK_TOOLS_LURK_AGENT_ACCOUNT_H
#define LK_TOOLS_LURK_AGENT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

/* A name of the user or group database, or a number. False: no such name. */
bool lk_account_user(const char *name, uid_t *uid, gid_t *gid);
bool lk_account_group(const char *name, gid_t *gid);

/* As root: this process becomes that user for good, with its groups and no capability. "" and a
 * process that is not root's: nothing. error: text for the operator. */
LK_MUST_USE lk_err lk_account_become(const char *name, char *error, size_t error_bytes);

#endif
