#include "tools/provider/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/provider/setting_name.h"

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

static bool (*const take[LK_SETTING_COUNT])(struct lk_prov *prov, const char *value) = {
    [LK_SETTING_TRACE] = trace_take,   [LK_SETTING_AGENT] = agent_take,
    [LK_SETTING_MODE] = mode_take,     [LK_SETTING_FALLBACK] = fallback_take,
    [LK_SETTING_VERIFY] = verify_take, [LK_SETTING_WAIT_MS] = wait_take,
};

/* --- names that are none ------------------------------------------------------------------- */

/* What the core holds of this provider by a name; NULL: nothing. */
static const char *core_value(const struct lk_prov *prov, const char *name)
{
    char *value = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr(name, &value, 0), OSSL_PARAM_END};
    return prov->get_params(prov->handle, params) ? value : NULL;
}

static const char *conf_value(const CONF *conf, const char *section, const char *name)
{
    return section != NULL ? NCONF_get_string(conf, section, name) : NULL;
}

/* The section of the file that this provider has. */
static STACK_OF(CONF_VALUE) *section_find(const struct lk_prov *prov, const CONF *conf)
{
    const char *init = NCONF_get_string(conf, NULL, "openssl_conf");
    if (init == NULL) init = NCONF_get_string(conf, "default", "openssl_conf");
    const char *providers = conf_value(conf, init, "providers");
    const char *name = core_value(prov, OSSL_PROV_PARAM_CORE_PROV_NAME);
    const char *section = name != NULL ? conf_value(conf, providers, name) : NULL;
    return section != NULL ? NCONF_get_section(conf, section) : NULL;
}

/* The core tells values by their names and not which names there are, so the file is read again. It
 * may be another than the program took its configuration from: what is told of is what the core has
 * as well. */
static void strangers_tell(const struct lk_prov *prov, const CONF *conf, const char *path)
{
    STACK_OF(CONF_VALUE) *rows = section_find(prov, conf);
    for (int i = 0; rows != NULL && i < sk_CONF_VALUE_num(rows); i++) {
        const CONF_VALUE *row = sk_CONF_VALUE_value(rows, i);
        const char *held = lk_setting_known(row->name) ? NULL : core_value(prov, row->name);
        if (held != NULL && strcmp(held, row->value) == 0)
            lk_prov_say(prov, "%s: '%s' is no setting of lurk.so and has no effect; there are %s",
                        path, row->name, LK_SETTING_LIST);
    }
}

static void strangers_find(const struct lk_prov *prov)
{
    ERR_set_mark();
    char *path = CONF_get1_default_config_file();
    CONF *conf = path != NULL ? NCONF_new(NULL) : NULL;
    if (conf != NULL && NCONF_load(conf, path, NULL) == 1) strangers_tell(prov, conf, path);
    NCONF_free(conf);
    OPENSSL_free(path);
    ERR_pop_to_mark();
}

bool lk_settings_init(struct lk_prov *prov)
{
    char *value[LK_SETTING_COUNT] = {NULL};
    OSSL_PARAM params[LK_SETTING_COUNT + 1];
    for (size_t i = 0; i < LK_SETTING_COUNT; i++)
        params[i] = OSSL_PARAM_construct_utf8_ptr(lk_setting_names[i], &value[i], 0);
    params[LK_SETTING_COUNT] = OSSL_PARAM_construct_end();
    prov->settings = (struct lk_settings){.agent = AGENT,
                                          .mode = LK_KEYFILE_MODE_FULL,
                                          .fallback = LK_KEYFILE_FALLBACK_REFUSE,
                                          .verify = LK_KEYFILE_VERIFY_EVERY,
                                          .wait_ms = LK_PROV_WAIT_MS,
                                          .trace_fd = -1};
    if (prov->get_params == NULL || !prov->get_params(prov->handle, params)) return true;
    for (size_t i = 0; i < LK_SETTING_COUNT; i++)
        if (value[i] != NULL && !take[i](prov, value[i])) return false;
    strangers_find(prov);
    return true;
}

void lk_settings_fini(struct lk_settings *settings)
{
    if (settings->trace_fd >= 0) close(settings->trace_fd);
    settings->trace_fd = -1;
}
