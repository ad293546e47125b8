/* identity: who the agent is towards key servers. */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

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

int64_t lk_agent_expiry_s(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    struct tm end;
    int64_t at = 0;
    if (certificate != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
        at = timegm(&end);
    X509_free(certificate);
    BIO_free(bio);
    return at;
}
