#include "tools/lurk-agent/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool number(const char *text, uint32_t *value)
{
    char *end;
    errno = 0;
    unsigned long v = strtoul(text, &end, 10);
    *value = (uint32_t)v;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && v < UINT32_MAX;
}

bool lk_account_user(const char *name, uid_t *uid, gid_t *gid)
{
    const struct passwd *entry;
    if (number(name, uid)) {
        entry = getpwuid(*uid);
        *gid = entry != NULL ? entry->pw_gid : *uid;
        return true;
    }
    entry = getpwnam(name);
    if (entry == NULL) return false;
    *uid = entry->pw_uid;
    *gid = entry->pw_gid;
    return true;
}

bool lk_account_group(const char *name, gid_t *gid)
{
    if (number(name, gid)) return true;
    const struct group *entry = getgrnam(name);
    if (entry == NULL) return false;
    *gid = entry->gr_gid;
    return true;
}

lk_err lk_account_become(const char *name, char *error, size_t error_bytes)
{
    uid_t uid;
    gid_t gid;
    if (name[0] == '\0' || geteuid() != 0) return LK_OK;
    if (!lk_account_user(name, &uid, &gid)) {
        snprintf(error, error_bytes, "agent.user: there is no user '%s'", name);
        return LK_ERR_UNKNOWN;
    }
    if (initgroups(name, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(uid, uid, uid) != 0) {
        snprintf(error, error_bytes, "agent.user: cannot become '%s': %s", name, strerror(errno));
        return -errno;
    }
    return LK_OK;
}
