/* Any bytes as the agent's configuration: refused with an error, or taken, and then what is printed
 * of it parses again to what prints the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lurk-agent/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lk_agent_conf *parse(struct lk_bytes text)
{
    char error[4096];
    struct lk_agent_conf *conf = NULL;
    lk_err err = lk_agent_conf_parse("fuzz", text, &conf, error, sizeof error);
    if (err != LK_OK && (error[0] == '\0' || conf != NULL)) abort();
    return conf;
}

static char *print(const struct lk_agent_conf *conf, size_t *len)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, len);
    if (to == NULL) abort();
    lk_agent_conf_print(conf, to);
    if (fclose(to) != 0) abort();
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_agent_conf *conf = parse(lk_bytes_of(data, size));
    if (conf == NULL) return 0;
    size_t first_len;
    size_t second_len;
    char *first = print(conf, &first_len);
    struct lk_agent_conf *again = parse(lk_bytes_of(first, first_len));
    if (again == NULL) abort();
    char *second = print(again, &second_len);
    if (strcmp(first, second) != 0) abort();
    if (conf->socket_count == 0 || conf->server_count + conf->srv_count == 0) abort();
    free(first);
    free(second);
    lk_agent_conf_free(conf);
    lk_agent_conf_free(again);
    return 0;
}
