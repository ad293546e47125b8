#include "tools/provider/setting_name.h"

#include <stddef.h>
#include <string.h>

const char *const lk_setting_names[LK_SETTING_COUNT] = {
    [LK_SETTING_TRACE] = "trace",       [LK_SETTING_AGENT] = "agent",
    [LK_SETTING_MODE] = "mode",         [LK_SETTING_FALLBACK] = "fallback",
    [LK_SETTING_VERIFY] = "verify",     [LK_SETTING_WAIT_MS] = "wait_ms",
};

/* OpenSSL's; it takes them with anything and a dot in front as well. */
static const char *const theirs[] = {"module", "activate", "identity", "soft_load"};

bool lk_setting_known(const char *name)
{
    for (size_t i = 0; i < LK_SETTING_COUNT; i++)
        if (strcmp(name, lk_setting_names[i]) == 0) return true;
    const char *dot = strchr(name, '.');
    const char *bare = dot != NULL ? dot + 1 : name;
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        if (strcmp(bare, theirs[i]) == 0) return true;
    return false;
}
