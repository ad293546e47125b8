#include "tools/lurkd/check.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/ct.h"
#include "io/bundle.h"
#include "io/chain.h"
#include "io/child.h"
#include "io/plan.h"
#include "io/sandbox.h"
#include "io/view.h"

struct check {
    struct lk_bundle *bundle;
    struct lk_keystore *keys;
    struct lk_view_files files;
    uint8_t *blob[LK_FILE_CRL + 1];
    size_t blob_bytes[LK_FILE_CRL + 1];
    uint8_t *channel_spki; /* public half of the channel's own certificate */
    int channel_spki_bytes;
    unsigned faults;
};

static void fault(struct check *c, uint32_t key, const char *text)
{
    const struct lk_conf_key *k = &c->bundle->conf->keys[key];
    fprintf(stderr, "%s:%u: key %s: %s: %s\n", c->bundle->path, k->line, k->name, k->file, text);
    c->faults++;
}

static void plain_fault(struct check *c, const char *text)
{
    fprintf(stderr, "%s\n", text);
    c->faults++;
}

/* --- the channel's files
 * --------------------------------------------------------------------------- */

static bool read_files(struct check *c)
{
    for (size_t i = 0; i <= LK_FILE_CRL; i++) {
        int fd = c->bundle->file_fd[i];
        if (fd >= 0 &&
            lk_blob_read(fd, LK_FILE_BYTES_MAX, &c->blob[i], &c->blob_bytes[i]) != LK_OK) {
            plain_fault(c, "a file of the channel cannot be read, or is longer than a mebibyte");
            return false;
        }
    }
    struct lk_view_files *f = &c->files;
    f->certificate = (struct lk_bytes){c->blob[LK_FILE_CERTIFICATE],
                                       c->blob_bytes[LK_FILE_CERTIFICATE]};
    f->key = (struct lk_bytes){c->blob[LK_FILE_CHANNEL_KEY], c->blob_bytes[LK_FILE_CHANNEL_KEY]};
    f->ca = (struct lk_bytes){c->blob[LK_FILE_CA], c->blob_bytes[LK_FILE_CA]};
    f->crl = (struct lk_bytes){c->blob[LK_FILE_CRL], c->blob_bytes[LK_FILE_CRL]};
    return true;
}

static void read_channel_spki(struct check *c)
{
    BIO *bio = BIO_new_mem_buf(c->files.certificate.data, (int)c->files.certificate.len);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (certificate != NULL)
        c->channel_spki_bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate),
                                                &c->channel_spki);
    X509_free(certificate);
    BIO_free(bio);
}

/* --- keys
 * -------------------------------------------------------------------------------------------- */

static char *read_secret(int fd, size_t limit, size_t *len)
{
    if (fd < 0 || lk_blob_size(fd, limit, len) != LK_OK) return NULL;
    char *text = OPENSSL_zalloc(*len + 1);
    if (text != NULL && lk_blob_read_into(fd, (uint8_t *)text, *len) == LK_OK) return text;
    OPENSSL_free(text);
    return NULL;
}

static void drop_secret(char *text, size_t len)
{
    if (text != NULL) OPENSSL_clear_free(text, len + 1);
}

static struct lk_engine_key *load_key(struct check *c, uint32_t i)
{
    char text[LK_PATH_BYTES_MAX * 2 + 512];
    int fd[2];
    if (lk_bundle_open_key(c->bundle, i, fd, text, sizeof text) != LK_OK) {
        plain_fault(c, text);
        return NULL;
    }
    size_t len = 0, pass_len = 0;
    char *key_text = read_secret(fd[0], LK_FILE_BYTES_MAX, &len),
         *pass = read_secret(fd[1], 1024, &pass_len);
    if (pass != NULL) pass[strcspn(pass, "\r\n")] = 0;
    enum lk_key_fault why = LK_KEY_NOT_A_KEY;
    struct lk_engine_key *key = key_text != NULL ? lk_engine_key_new(key_text, len, pass, 1, &why)
                                                 : NULL;
    drop_secret(key_text, len);
    drop_secret(pass, pass_len);
    close(fd[0]);
    if (fd[1] >= 0) close(fd[1]);
    if (key == NULL) fault(c, i, lk_key_fault_text(why));
    return key;
}

static void judge_key(struct check *c, uint32_t i, const struct lk_engine_key *key)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(key);
    const char *uses = lk_conf_key_uses_fault(&c->bundle->conf->keys[i], facts->kind);
    if (uses != NULL) fault(c, i, uses);
    if (!lk_engine_key_primes_good(key)) fault(c, i, lk_key_fault_text(LK_KEY_NOT_PRIME));
    if (c->channel_spki_bytes > 0 && facts->spki_bytes == (size_t)c->channel_spki_bytes &&
        memcmp(facts->spki, c->channel_spki, facts->spki_bytes) == 0)
        fault(c, i,
              "is the channel's own TLS key; a site key is one whose certificate the edges show");
}

static bool read_chain(struct check *c, uint32_t i, struct lk_bytes spki, struct lk_chain *out)
{
    char text[LK_PATH_BYTES_MAX * 2 + 512];
    int fd;
    uint8_t *pem = NULL;
    size_t len = 0;
    *out = (struct lk_chain){.data = NULL};
    if (lk_bundle_open_chain(c->bundle, i, &fd, text, sizeof text) != LK_OK) {
        plain_fault(c, text);
        return false;
    }
    if (fd < 0) return true;
    lk_err err = lk_blob_read(fd, LK_FILE_BYTES_MAX, &pem, &len);
    close(fd);
    if (err == LK_OK) err = lk_chain_read((struct lk_bytes){pem, len}, spki, out);
    free(pem);
    if (err == LK_ERR_KEY)
        fault(c, i, "the first certificate of its chain is of another key");
    else if (err == LK_ERR_FULL)
        fault(c, i, "its chain holds more than 4 certificates of the key itself: remove old ones");
    else if (err != LK_OK)
        fault(c, i, "its chain holds no certificate in PEM, or a broken one");
    bool requests = (c->bundle->conf->keys[i].flags & LK_FLAG_REQUEST) != 0;
    const char *names = err == LK_OK && requests ? lk_chain_names_fault(out) : NULL;
    if (names != NULL) fault(c, i, names);
    return err == LK_OK;
}

static void add_key(struct check *c, uint32_t i, const struct lk_engine_key *engine)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(engine);
    const struct lk_bytes spki = {facts->spki, facts->spki_bytes};
    const struct lk_bytes rsa = {facts->rsa_public, facts->rsa_public_bytes};
    struct lk_chain chain;
    if (!read_chain(c, i, spki, &chain)) return;
    struct lk_key_public key = {.handle = i + 1ull,
                                .index = i,
                                .tenant = c->bundle->conf->keys[i].tenant,
                                .uses = c->bundle->conf->keys[i].uses,
                                .flags = c->bundle->conf->keys[i].flags,
                                .kind = facts->kind,
                                .bits = facts->bits,
                                .bytes = facts->bytes,
                                .barred_hashes = facts->barred_hashes,
                                .spki = spki,
                                .chain = {chain.data, chain.len}};
    lk_keyid_of(spki, rsa, &key.keyid);
    const struct lk_key_public *other = NULL;
    lk_err err = lk_keystore_add(c->keys, &key, &other);
    if (err != LK_OK) {
        char text[LK_NAME_BYTES_MAX + 64];
        if (other != NULL)
            snprintf(text, sizeof text, "has the key id of key %s of the same tenant",
                     c->bundle->conf->keys[other->index].name);
        else if (err == LK_ERR_COLLISION)
            snprintf(text, sizeof text, "has two certificates with one fingerprint in its chain");
        else
            snprintf(text, sizeof text, "%s", lk_err_text(err));
        fault(c, i, text);
    }
    printf("%-12s %s (%s, %u bits): a site key%s\n", "site key", c->bundle->conf->keys[i].file,
           c->bundle->conf->keys[i].name, facts->bits,
           chain.own == 0   ? ""
           : chain.own == 1 ? ", with its certificate"
                            : ", with its certificates");
    lk_chain_free(&chain);
}

static void check_keys(struct check *c)
{
    for (uint32_t i = 0; i < c->bundle->conf->key_count; i++) {
        struct lk_engine_key *key = load_key(c, i);
        if (key == NULL) continue;
        judge_key(c, i, key);
        add_key(c, i, key);
        lk_engine_key_free(key);
    }
}

/* The view takes configuration and keystore over; it is the last thing looked at. */
static void check_view(struct check *c)
{
    char error[1024] = "";
    struct lk_view *view = NULL;
    lk_err err = lk_view_new(1, c->bundle->conf, c->keys, &c->files, &view, error, sizeof error);
    if (err != LK_OK) {
        if (error[0] == 0) snprintf(error, sizeof error, "%s", lk_err_text(err));
        lk_bundle_say_where(c->bundle, error, sizeof error);
        plain_fault(c, error);
    }
    lk_view_free(view);
    c->bundle->conf = NULL;
    c->keys = NULL;
}

/* Users and CPUs, as the supervisor would find them when this user started it. */
static void check_host(struct check *c)
{
    static struct lk_topology topology; /* tables of every CPU: large, and needed once */
    static struct lk_plan plan;
    char text[1024] = "";
    struct lk_child_identity who;
    lk_err err = lk_child_identity_find(c->bundle->conf->user, LK_ROLE_FRONT, &who, text,
                                        sizeof text);
    if (err == LK_OK) err = lk_topology_read(&topology);
    if (err == LK_OK) err = lk_plan_make(c->bundle->conf, &topology, &plan, text, sizeof text);
    if (err == LK_OK) return;
    if (text[0] == 0) snprintf(text, sizeof text, "%s", lk_err_text(err));
    lk_bundle_say_where(c->bundle, text, sizeof text);
    plain_fault(c, text);
}

static void check_all(struct check *c)
{
    const struct lk_conf *conf = c->bundle->conf;
    check_host(c);
    c->faults += lk_lurkd_check_places(conf);
    if (!read_files(c)) return;
    read_channel_spki(c);
    printf("%-12s %s: the server's own TLS certificate; edges verify it\n", "channel",
           conf->channel_certificate);
    printf("%-12s %s: its private key\n", "channel", conf->channel_key);
    printf("%-12s %s: signs the edges' certificates\n", "channel", conf->channel_ca);
    if (lk_keystore_new(conf->key_count, &c->keys) != LK_OK) {
        plain_fault(c, lk_err_text(LK_ERR_MEMORY));
        return;
    }
    check_keys(c);
    check_view(c);
}

int lk_lurkd_check(const char *conf_path)
{
    static char error[16384];
    struct check c = {.faults = 0};
    setvbuf(stdout, NULL, _IOLBF, 0); /* beside faults on standard error, in order */
    lk_sandbox_dumps_off();           /* this process holds keys for a moment */
    lk_err err = lk_bundle_open(conf_path, &c.bundle, error, sizeof error);
    if (err != LK_OK) {
        fprintf(stderr, "%s\n", error[0] != 0 ? error : lk_err_text(err));
        return 1;
    }
    check_all(&c);
    if (c.keys != NULL) lk_keystore_free(c.keys);
    if (c.blob[LK_FILE_CHANNEL_KEY] != NULL)
        lk_wipe(c.blob[LK_FILE_CHANNEL_KEY], c.blob_bytes[LK_FILE_CHANNEL_KEY]);
    for (size_t i = 0; i <= LK_FILE_CRL; i++)
        free(c.blob[i]);
    OPENSSL_free(c.channel_spki);
    lk_bundle_free(c.bundle);
    printf("%s: %u fault%s\n", conf_path, c.faults, c.faults == 1 ? "" : "s");
    return c.faults == 0 ? 0 : 1;
}
