#include "tools/lurkctl/edge_conf.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/lurkctl/finding.h"
#include "tools/provider/setting_name.h"

#define AGENT "@lurk-agent"

/* A file, and what is known of it. */
struct conf_file {
    const char *path;
    CONF *conf;
    const char *init;      /* section of openssl_conf */
    const char *providers; /* section of its providers */
    const char *lurk;      /* section of the provider lurk; NULL: none */
};

static const char *get(const struct conf_file *f, const char *section, const char *name)
{
    const char *value = section != NULL ? NCONF_get_string(f->conf, section, name) : NULL;
    ERR_clear_error(); /* what is not there leaves one */
    return value;
}

static bool file_load(struct conf_file *f)
{
    long line = 0;
    f->conf = NCONF_new(NULL);
    if (f->conf != NULL && NCONF_load(f->conf, f->path, &line) == 1) return true;
    const char *data = NULL;
    int flags = 0;
    ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    if (line > 0)
        lk_finding_fault("openssl", "%s:%ld: OpenSSL cannot read this line; write NAME = VALUE",
                         f->path, line);
    else
        lk_finding_fault("openssl",
                         "%s: cannot be read%s%s; is the path right, may this user "
                         "read it?",
                         f->path, data != NULL && data[0] != 0 ? ": " : "",
                         data != NULL ? data : "");
    ERR_clear_error();
    return false;
}

static bool sections_find(struct conf_file *f)
{
    f->init = get(f, NULL, "openssl_conf");
    f->init = f->init != NULL ? f->init : get(f, "default", "openssl_conf");
    if (f->init == NULL)
        lk_finding_fault("openssl",
                         "%s: has no line openssl_conf: OpenSSL takes nothing from it; "
                         "add openssl_conf = openssl_init at the top",
                         f->path);
    else if ((f->providers = get(f, f->init, "providers")) == NULL)
        lk_finding_fault("openssl",
                         "%s: section %s has no line providers; add providers = "
                         "lurk_providers, as in docs/edge/openssl.cnf",
                         f->path, f->init);
    return f->init != NULL && f->providers != NULL;
}

/* providers: told by itself. Every module that libcrypto has takes the name of a section. */
static void named_check(const struct conf_file *f)
{
    STACK_OF(CONF_VALUE) *rows = NCONF_get_section(f->conf, f->init);
    for (int i = 0; rows != NULL && i < sk_CONF_VALUE_num(rows); i++) {
        const CONF_VALUE *row = sk_CONF_VALUE_value(rows, i);
        if (strcmp(row->name, "providers") == 0 || NCONF_get_section(f->conf, row->value) != NULL)
            continue;
        lk_finding_fault("openssl",
                         "%s: there is no section %s, which %s of section %s names: OpenSSL "
                         "refuses the whole file; take that line out, or put the section back",
                         f->path, row->value, row->name, f->init);
    }
    ERR_clear_error();
}

/* --- providers -------------------------------------------------------------------------------- */

static void activate_check(const struct conf_file *f, const char *name, const char *section)
{
    const char *value = get(f, section, "activate");
    static const char *const yes[] = {"1", "yes", "true", "on"};
    for (size_t i = 0; value != NULL && i < sizeof yes / sizeof yes[0]; i++)
        if (strcasecmp(value, yes[i]) == 0) return;
    lk_finding_fault("openssl", "%s: provider %s is not activated; add activate = 1 to section %s",
                     f->path, name, section);
}

/* Both, in their order. False: lurk is not among them. */
static bool providers_check(struct conf_file *f)
{
    STACK_OF(CONF_VALUE) *rows = NCONF_get_section(f->conf, f->providers);
    int at_default = -1, at_lurk = -1;
    for (int i = 0; rows != NULL && i < sk_CONF_VALUE_num(rows); i++) {
        const CONF_VALUE *row = sk_CONF_VALUE_value(rows, i);
        if (strcmp(row->name, "default") == 0) at_default = i;
        if (strcmp(row->name, "lurk") == 0) at_lurk = i;
        if (strcmp(row->name, "default") == 0 || strcmp(row->name, "lurk") == 0)
            activate_check(f, row->name, row->value);
        if (strcmp(row->name, "lurk") == 0) f->lurk = row->value;
    }
    ERR_clear_error();
    if (at_lurk < 0)
        lk_finding_fault("openssl",
                         "%s: section %s does not name the provider lurk; add lurk = "
                         "lurk_provider, and that section",
                         f->path, f->providers);
    if (at_default < 0)
        lk_finding_fault("openssl",
                         "%s: section %s does not name the provider default, without "
                         "which nothing works; add default = lurk_default before lurk",
                         f->path, f->providers);
    if (at_default > at_lurk && at_lurk >= 0)
        lk_finding_fault("openssl",
                         "%s: lurk stands before default: ephemeral keys would be asked "
                         "of lurk.so; put the line default first in section %s",
                         f->path, f->providers);
    return at_lurk >= 0;
}

static void module_check(const struct conf_file *f, const char *modules, struct lk_edge_conf *out)
{
    const char *module = get(f, f->lurk, "module");
    module = module != NULL ? module : "lurk";
    const char *end = strrchr(module, '.');
    bool whole = end != NULL && strcmp(end, ".so") == 0;
    snprintf(out->module, sizeof out->module, "%s%s%s%s", module[0] == '/' ? "" : modules,
             module[0] == '/' ? "" : "/", module, whole ? "" : ".so");
    if (access(out->module, R_OK) != 0)
        lk_finding_fault("openssl",
                         "%s: there is no module %s, and OpenSSL would not say so; "
                         "install lurk.so there, or name it by its path: module = /PATH/lurk.so",
                         f->path, out->module);
}

/* --- what mode full needs -------------------------------------------------------------------- */

static void layers_check(const struct conf_file *f)
{
    const char *section = get(f, f->init, "alg_section");
    const char *properties = get(f, section, "default_properties");
    if (properties == NULL || strstr(properties, "?lurk.tls=yes") == NULL)
        lk_finding_fault("openssl",
                         "%s: mode full sees no handshake without default_properties = "
                         "?lurk.tls=yes in the section that alg_section of %s names; add it, or "
                         "set mode = sign",
                         f->path, f->init);
    section = get(f, f->init, "random");
    const char *random = get(f, section, "random");
    if (random == NULL || strcmp(random, "LURK-RAND") != 0)
        lk_finding_fault("openssl",
                         "%s: mode full sees no random without random = LURK-RAND in "
                         "the section that random of %s names; add it, or set mode = sign",
                         f->path, f->init);
}

/* OpenSSL says nothing of a name that lurk.so does not ask for. */
static void names_check(const struct conf_file *f)
{
    STACK_OF(CONF_VALUE) *rows = NCONF_get_section(f->conf, f->lurk);
    for (int i = 0; rows != NULL && i < sk_CONF_VALUE_num(rows); i++) {
        const CONF_VALUE *row = sk_CONF_VALUE_value(rows, i);
        if (!lk_setting_known(row->name))
            lk_finding_fault("openssl",
                             "%s: '%s' in section %s is no setting of lurk.so and has no effect; "
                             "take it out, or write one of %s",
                             f->path, row->name, f->lurk, LK_SETTING_LIST);
    }
    ERR_clear_error();
}

static bool settings_take(struct conf_file *f, const char *modules, struct lk_edge_conf *out)
{
    if (!sections_find(f)) return false;
    named_check(f);
    if (!providers_check(f)) return false;
    module_check(f, modules, out);
    names_check(f);
    const char *agent = get(f, f->lurk, "agent"), *mode = get(f, f->lurk, "mode");
    if (agent != NULL) snprintf(out->agent, sizeof out->agent, "%s", agent);
    out->full = mode == NULL || strcmp(mode, "sign") != 0;
    if (out->full) layers_check(f);
    return true;
}

bool lk_edge_conf_check(const char *path, const char *modules, struct lk_edge_conf *out)
{
    struct conf_file f = {.path = path};
    unsigned before = lk_finding_faults();
    *out = (struct lk_edge_conf){.agent = AGENT, .full = true};
    bool good = file_load(&f) && settings_take(&f, modules, out);
    NCONF_free(f.conf);
    if (lk_finding_faults() == before)
        lk_finding("openssl", "%s: default, then lurk, both active; mode %s, agent %s", path,
                   out->full ? "full" : "sign", out->agent);
    return good;
}
