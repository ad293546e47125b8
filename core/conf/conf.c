#include "core/conf/conf.h"

#include <stdlib.h>

#include "core/conf/check.h"
#include "core/conf/read.h"

static void check(const void *conf, struct lk_faults *faults)
{
    lk_conf_check(conf, faults);
}

lk_err lk_conf_parse(const char *file, struct lk_bytes text, struct lk_conf **out, char *error,
                     size_t error_bytes)
{
    struct lk_conf *conf = calloc(1, sizeof *conf);
    LK_REQUIRE(conf != NULL, LK_ERR_MEMORY);
    lk_err err = lk_conf_read(&lk_schema_lurkd, file, text, check, conf, error, error_bytes);
    if (err != LK_OK) {
        lk_conf_free(conf);
        return err;
    }
    *out = conf;
    return LK_OK;
}

void lk_conf_print(const struct lk_conf *conf, FILE *to)
{
    lk_schema_print(&lk_schema_lurkd, conf, to);
}

bool lk_conf_reloadable(const struct lk_conf *running, const struct lk_conf *next, char *text,
                        size_t text_bytes)
{
    return lk_schema_reloadable(&lk_schema_lurkd, running, next, text, text_bytes);
}

void lk_conf_free(struct lk_conf *conf)
{
    if (conf == NULL) return;
    for (uint32_t i = 0; conf->rules != NULL && i < conf->rule_count; i++) {
        free(conf->rules[i].edges);
        free(conf->rules[i].keys);
    }
    free(conf->listens);
    free(conf->tenants);
    free(conf->keys);
    free(conf->edges);
    free(conf->rules);
    free(conf);
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

bool lk_conf_rule_names_key(const struct lk_conf_rule *rule, uint32_t key_index)
{
    return rule->key_count > 0 &&
           bsearch(&key_index, rule->keys, rule->key_count, sizeof key_index, compare_u32) != NULL;
}
