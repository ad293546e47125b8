/* bundle: a generation as the supervisor holds it: the configuration, its text as children get it,
 * the opened files of the channel, and the public halves that the vault reported. No secret is read
 * here: files that hold one travel as descriptors.
 *
 * Owner   the supervisor. Key, passphrase and chain files are opened when they are sent, so that a
 *         hundred thousand keys cost no hundred thousand descriptors. */
#ifndef LK_IO_BUNDLE_H
#define LK_IO_BUNDLE_H

#include "core/conf/conf.h"
#include "crypto/crypto.h"
#include "io/channel.h"

struct lk_bundle_public {
    uint8_t
        *body; /* a struct lk_key_public_message and what follows it; NULL: the key is not served */
    uint32_t bytes;
};

struct lk_bundle {
    uint64_t generation;
    char path[LK_PATH_BYTES_MAX]; /* of the configuration */
    struct lk_conf *conf;
    int conf_fd;
    int file_fd[LK_FILE_CRL + 1];    /* by enum lk_file_role; -1: none */
    struct lk_bundle_public *public; /* [conf->key_count] */
};

/* Reads and checks the configuration and opens the channel's files. error: all faults, a line
 * each. */
LK_MUST_USE lk_err lk_bundle_open(const char *path, struct lk_bundle **out, char *error,
                                  size_t error_bytes);
void lk_bundle_free(struct lk_bundle *bundle);

/* The descriptors of a key: its file, and its passphrase (-1: none). */
LK_MUST_USE lk_err lk_bundle_open_key(const struct lk_bundle *bundle, uint32_t index, int fd[2],
                                      char *error, size_t error_bytes);
/* Its chain as a sealed copy; *fd = -1 when it has none. */
LK_MUST_USE lk_err lk_bundle_open_chain(const struct lk_bundle *bundle, uint32_t index, int *fd,
                                        char *error, size_t error_bytes);

/* Keeps a public half as the vault sent it, after a look at its shape. */
LK_MUST_USE lk_err lk_bundle_keep_public(struct lk_bundle *bundle,
                                         const struct lk_message *message);
/* Forgets all of them, before a vault reports anew. */
void lk_bundle_forget_publics(struct lk_bundle *bundle);
/* The key with this handle, or -1. */
int lk_bundle_find(const struct lk_bundle *bundle, uint64_t handle);
void lk_bundle_drop_public(struct lk_bundle *bundle, uint32_t index);
uint32_t lk_bundle_key_count(const struct lk_bundle *bundle); /* served */

/* Puts "FILE:" in front of a text that begins with a line, "FILE: " in front of any other. */
void lk_bundle_say_where(const struct lk_bundle *b, char *error, size_t error_bytes);

#endif
