#include "io/bundle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/file.h"

static lk_err read_conf(struct lk_bundle *b, char *error, size_t error_bytes)
{
    uint8_t *text;
    size_t len;
    LK_TRY(lk_file_read(b->path, LK_CONF_BYTES_MAX, &text, &len, error, error_bytes));
    const struct lk_bytes view = {.data = text, .len = len};
    lk_err err = lk_conf_parse(b->path, view, &b->conf, error, error_bytes);
    if (err == LK_OK) {
        err = lk_blob_make(text, len, &b->conf_fd);
        if (err != LK_OK) snprintf(error, error_bytes, "%s: %s", b->path, lk_err_text(err));
    }
    free(text);
    return err;
}

/* A copy that nobody can change while a child reads it. */
static lk_err copy_public(const char *path, int *fd, char *error, size_t error_bytes)
{
    uint8_t *data;
    size_t len;
    LK_TRY(lk_file_read(path, LK_FILE_BYTES_MAX, &data, &len, error, error_bytes));
    lk_err err = lk_blob_make(data, len, fd);
    free(data);
    if (err != LK_OK) snprintf(error, error_bytes, "%s: %s", path, lk_err_text(err));
    return err;
}

static lk_err open_channel_files(struct lk_bundle *b, char *error, size_t error_bytes)
{
    const struct lk_conf *c = b->conf;
    LK_TRY(
        copy_public(c->channel_certificate, &b->file_fd[LK_FILE_CERTIFICATE], error, error_bytes));
    LK_TRY(lk_file_open(c->channel_key, LK_FILE_SECRET, &b->file_fd[LK_FILE_CHANNEL_KEY], error,
                        error_bytes));
    LK_TRY(copy_public(c->channel_ca, &b->file_fd[LK_FILE_CA], error, error_bytes));
    if (c->channel_crl[0] == 0) return LK_OK;
    return copy_public(c->channel_crl, &b->file_fd[LK_FILE_CRL], error, error_bytes);
}

static lk_err open_parts(struct lk_bundle *b, char *error, size_t error_bytes)
{
    LK_TRY(read_conf(b, error, error_bytes));
    b->public = calloc(b->conf->key_count + 1, sizeof *b->public);
    LK_REQUIRE(b->public != NULL, LK_ERR_MEMORY);
    return open_channel_files(b, error, error_bytes);
}

lk_err lk_bundle_open(const char *path, struct lk_bundle **out, char *error, size_t error_bytes)
{
    struct lk_bundle *b = calloc(1, sizeof *b);
    LK_REQUIRE(b != NULL, LK_ERR_MEMORY);
    b->conf_fd = -1;
    for (size_t i = 0; i <= LK_FILE_CRL; i++)
        b->file_fd[i] = -1;
    snprintf(b->path, sizeof b->path, "%s", path);
    lk_err err = open_parts(b, error, error_bytes);
    if (err != LK_OK) {
        lk_bundle_free(b);
        return err;
    }
    *out = b;
    return LK_OK;
}

void lk_bundle_free(struct lk_bundle *b)
{
    if (b == NULL) return;
    if (b->public != NULL && b->conf != NULL) lk_bundle_forget_publics(b);
    free(b->public);
    if (b->conf_fd >= 0) close(b->conf_fd);
    for (size_t i = 0; i <= LK_FILE_CRL; i++)
        if (b->file_fd[i] >= 0) close(b->file_fd[i]);
    if (b->conf != NULL) lk_conf_free(b->conf);
    free(b);
}

void lk_bundle_say_where(const struct lk_bundle *b, char *error, size_t error_bytes)
{
    char what[2048];
    snprintf(what, sizeof what, "%s", error);
    bool line = what[0] >= '0' && what[0] <= '9';
    snprintf(error, error_bytes, "%s:%s%s", b->path, line ? "" : " ", what);
}

/* "FILE:LINE: key NAME: " in front of what went wrong. */
static void say_which(const struct lk_bundle *b, uint32_t index, char *error, size_t error_bytes)
{
    char what[LK_PATH_BYTES_MAX + 256];
    snprintf(what, sizeof what, "%s", error);
    snprintf(error, error_bytes, "%s:%u: key %s: %s", b->path, b->conf->keys[index].line,
             b->conf->keys[index].name, what);
}

lk_err lk_bundle_open_key(const struct lk_bundle *b, uint32_t index, int fd[2], char *error,
                          size_t error_bytes)
{
    const struct lk_conf_key *key = &b->conf->keys[index];
    fd[0] = fd[1] = -1;
    lk_err err = lk_file_open(key->file, LK_FILE_SECRET, &fd[0], error, error_bytes);
    if (err == LK_OK && key->passphrase_file[0] != 0)
        err = lk_file_open(key->passphrase_file, LK_FILE_SECRET, &fd[1], error, error_bytes);
    if (err == LK_OK) return LK_OK;
    if (fd[0] >= 0) close(fd[0]);
    say_which(b, index, error, error_bytes);
    return err;
}

lk_err lk_bundle_open_chain(const struct lk_bundle *b, uint32_t index, int *fd, char *error,
                            size_t error_bytes)
{
    *fd = -1;
    if (b->conf->keys[index].chain[0] == 0) return LK_OK;
    lk_err err = copy_public(b->conf->keys[index].chain, fd, error, error_bytes);
    if (err != LK_OK) say_which(b, index, error, error_bytes);
    return err;
}

lk_err lk_bundle_keep_public(struct lk_bundle *b, const struct lk_message *m)
{
    struct lk_key_public_message head;
    LK_REQUIRE(m->bytes >= sizeof head && m->bytes <= LK_KEY_PUBLIC_BYTES_MAX, LK_ERR_FORMAT);
    memcpy(&head, m->body, sizeof head);
    LK_REQUIRE(m->bytes == sizeof head + (uint64_t)head.spki_bytes + head.rsa_public_bytes,
               LK_ERR_FORMAT);
    LK_REQUIRE(head.index < b->conf->key_count && head.kind < LK_KEY_KIND_COUNT, LK_ERR_RANGE);
    LK_REQUIRE(head.handle >> 32 == b->generation, LK_ERR_RANGE);
    struct lk_bundle_public *p = &b->public[head.index];
    LK_REQUIRE(p->body == NULL, LK_ERR_RANGE);
    p->body = malloc(m->bytes);
    LK_REQUIRE(p->body != NULL, LK_ERR_MEMORY);
    memcpy(p->body, m->body, m->bytes);
    p->bytes = m->bytes;
    return LK_OK;
}

void lk_bundle_drop_public(struct lk_bundle *b, uint32_t index)
{
    free(b->public[index].body);
    b->public[index] = (struct lk_bundle_public){.body = NULL};
}

void lk_bundle_forget_publics(struct lk_bundle *b)
{
    for (uint32_t i = 0; i < b->conf->key_count; i++)
        lk_bundle_drop_public(b, i);
}

int lk_bundle_find(const struct lk_bundle *b, uint64_t handle)
{
    for (uint32_t i = 0; i < b->conf->key_count; i++) {
        struct lk_key_public_message head;
        if (b->public[i].body == NULL) continue;
        memcpy(&head, b->public[i].body, sizeof head);
        if (head.handle == handle) return (int)i;
    }
    return -1;
}

uint32_t lk_bundle_key_count(const struct lk_bundle *b)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < b->conf->key_count; i++)
        count += b->public[i].body != NULL;
    return count;
}
