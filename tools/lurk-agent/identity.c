/* identity: who the agent is towards key servers. */
#include <stdlib.h>
#include <unistd.h>

#include "io/chain.h"
#include "io/file.h"
#include "tools/lurk-agent/agent.h"

static lk_err judge(const char *path, enum lk_file_kind kind, char *error, size_t error_bytes)
{
    int fd;
    LK_TRY(lk_file_open(path, kind, &fd, error, error_bytes));
    close(fd);
    return LK_OK;
}

lk_err lk_agent_identity(const struct lk_agent_conf *conf, struct lurk_identity **out, char *error,
                         size_t error_bytes)
{
    LK_TRY(judge(conf->certificate, LK_FILE_PUBLIC, error, error_bytes));
    LK_TRY(judge(conf->key, LK_FILE_SECRET, error, error_bytes));
    LK_TRY(judge(conf->ca, LK_FILE_PUBLIC, error, error_bytes));
    if (conf->crl[0] != '\0') LK_TRY(judge(conf->crl, LK_FILE_PUBLIC, error, error_bytes));
    const struct lurk_identity_options options = {
        .size = sizeof options,
        .authority = conf->ca,
        .certificate = conf->certificate,
        .key = conf->key,
        .revoked = conf->crl[0] != '\0' ? conf->crl : NULL,
    };
    *out = lurk_identity_new(&options, error, error_bytes);
    return *out != NULL ? LK_OK : LK_ERR_FORMAT;
}

static int64_t end_of(const char *path, int64_t (*end)(struct lk_bytes pem))
{
    char why[LK_PATH_BYTES_MAX + 64];
    uint8_t *text = NULL;
    size_t len = 0;
    if (path[0] == '\0' ||
        lk_file_read(path, LK_FILE_BYTES_MAX, &text, &len, why, sizeof why) != LK_OK)
        return 0;
    int64_t at = end(lk_bytes_of(text, len));
    free(text);
    return at;
}

int64_t lk_agent_certificate_end_s(const struct lk_agent_conf *conf)
{
    return end_of(conf->certificate, lk_chain_expiry);
}

int64_t lk_agent_crl_end_s(const struct lk_agent_conf *conf)
{
    return end_of(conf->crl, lk_crl_expiry);
}

void lk_agent_ends_show(struct lk_agent_metrics *metrics, const struct lk_agent_conf *conf)
{
    lk_agent_set(metrics, LK_A_CERTIFICATE_S, (uint64_t)lk_agent_certificate_end_s(conf));
    lk_agent_set(metrics, LK_A_CRL_S, (uint64_t)lk_agent_crl_end_s(conf));
}
