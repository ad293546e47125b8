#include "tools/provider/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <unistd.h>

#define AGENT "@lurk-agent"

static bool refuse(const struct lk_prov *prov, const char *name, const char *value,
                   const char *want)
{
    lk_prov_error(prov, LK_REASON_SETTING, "%s = %s: want %s", name, value, want);
    return false;
}

static bool agent_take(struct lk_prov *prov, const char *value)
{
    size_t len = strlen(value);
    if ((value[0] != '/' && value[0] != '@') || len < 2 || len > LK_KEYFILE_AGENT_MAX)
        return refuse(prov, "agent", value, "/path or @name of a socket, 107 bytes at most");
    memcpy(prov->settings.agent, value, len + 1);
    return true;
}

static bool mode_take(struct lk_prov *prov, const char *value)
{
    if (strcmp(value, "full") != 0 && strcmp(value, "sign") != 0)
        return refuse(prov, "mode", value, "full or sign");
    prov->settings.mode = value[0] == 'f' ? LK_KEYFILE_MODE_FULL : LK_KEYFILE_MODE_SIGN;
    return true;
}

static bool fallback_take(struct lk_prov *prov, const char *value)
{
    if (strcmp(value, "refuse") != 0 && strcmp(value, "sign") != 0)
        return refuse(prov, "fallback", value, "refuse or sign");
    prov->settings.fallback = value[0] == 'r' ? LK_KEYFILE_FALLBACK_REFUSE
                                              : LK_KEYFILE_FALLBACK_SIGN;
    return true;
}

static bool verify_take(struct lk_prov *prov, const char *value)
{
    if (strcmp(value, "every") != 0 && strcmp(value, "sample") != 0)
        return refuse(prov, "verify", value, "every or sample");
    prov->settings.verify = value[0] == 'e' ? LK_KEYFILE_VERIFY_EVERY : LK_KEYFILE_VERIFY_SAMPLE;
    return true;
}

static bool wait_take(struct lk_prov *prov, const char *value)
{
    char *end;
    unsigned long ms = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != 0 || ms < LK_PROV_WAIT_MS_MIN ||
        ms > LK_PROV_WAIT_MS_MAX)
        return refuse(prov, "wait_ms", value, "a number of milliseconds, 50 to 60000");
    prov->settings.wait_ms = (uint32_t)ms;
    return true;
}

static bool trace_take(struct lk_prov *prov, const char *value)
{
    prov->settings.trace_fd = open(value, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    return prov->settings.trace_fd >= 0 || refuse(prov, "trace", value, strerror(errno));
}

/* The trace first, so that the rest is seen in it. */
static const struct setting_row {
    const char *name;
    bool (*take)(struct lk_prov *prov, const char *value);
} rows[] = {
    {"trace", trace_take},       {"agent", agent_take},   {"mode", mode_take},
    {"fallback", fallback_take}, {"verify", verify_take}, {"wait_ms", wait_take},
};
#define SETTING_COUNT (sizeof rows / sizeof rows[0])

bool lk_settings_init(struct lk_prov *prov)
{
    char *value[SETTING_COUNT] = {NULL};
    OSSL_PARAM params[SETTING_COUNT + 1];
    for (size_t i = 0; i < SETTING_COUNT; i++)
        params[i] = OSSL_PARAM_construct_utf8_ptr(rows[i].name, &value[i], 0);
    params[SETTING_COUNT] = OSSL_PARAM_construct_end();
    prov->settings = (struct lk_settings){.agent = AGENT,
                                          .mode = LK_KEYFILE_MODE_FULL,
                                          .fallback = LK_KEYFILE_FALLBACK_REFUSE,
                                          .verify = LK_KEYFILE_VERIFY_EVERY,
                                          .wait_ms = LK_PROV_WAIT_MS,
                                          .trace_fd = -1};
    if (prov->get_params == NULL || !prov->get_params(prov->handle, params)) return true;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (value[i] != NULL && !rows[i].take(prov, value[i])) return false;
    return true;
}

void lk_settings_fini(struct lk_settings *settings)
{
    if (settings->trace_fd >= 0) close(settings->trace_fd);
    settings->trace_fd = -1;
}
