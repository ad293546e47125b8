#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/channel.h"

static void say_open_failed(const char *path, int code, char *error, size_t error_bytes)
{
    if (code == ELOOP)
        snprintf(error, error_bytes, "%s: is a symbolic link; name the file itself", path);
    else
        snprintf(error, error_bytes, "%s: cannot be opened: %s", path, strerror(code));
}

static lk_err judge(const char *path, enum lk_file_kind kind, const struct stat *st, char *error,
                    size_t error_bytes)
{
    unsigned mode = st->st_mode & 07777;
    if (!S_ISREG(st->st_mode)) {
        snprintf(error, error_bytes, "%s: is not a regular file", path);
        return LK_ERR_REFUSED;
    }
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        snprintf(error, error_bytes, "%s: belongs to user %u; it must belong to root or to user %u",
                 path, (unsigned)st->st_uid, (unsigned)geteuid());
        return LK_ERR_REFUSED;
    }
    if (kind == LK_FILE_SECRET && (mode & 077) != 0) {
        snprintf(error, error_bytes,
                 "%s: holds a secret and has mode %04o; others may not read it: chmod 0600", path,
                 mode);
        return LK_ERR_REFUSED;
    }
    if ((mode & 022) != 0) {
        snprintf(error, error_bytes, "%s: others may write it (mode %04o): chmod go-w", path, mode);
        return LK_ERR_REFUSED;
    }
    return LK_OK;
}

lk_err lk_file_open(const char *path, enum lk_file_kind kind, int *fd, char *error,
                    size_t error_bytes)
{
    /* O_NONBLOCK: a FIFO put in the place of a file may not stop us. */
    int opened = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened < 0) {
        lk_err err = -errno;
        say_open_failed(path, errno, error, error_bytes);
        return err;
    }
    struct stat st;
    lk_err err = LK_OK;
    if (fstat(opened, &st) != 0) {
        err = -errno;
        say_open_failed(path, errno, error, error_bytes);
    } else {
        err = judge(path, kind, &st, error, error_bytes);
    }
    if (err != LK_OK) {
        close(opened);
        return err;
    }
    *fd = opened;
    return LK_OK;
}

lk_err lk_file_read(const char *path, size_t limit, uint8_t **data, size_t *len, char *error,
                    size_t error_bytes)
{
    int fd;
    LK_TRY(lk_file_open(path, LK_FILE_PUBLIC, &fd, error, error_bytes));
    lk_err err = lk_blob_read(fd, limit, data, len);
    close(fd);
    if (err == LK_ERR_FULL)
        snprintf(error, error_bytes, "%s: is longer than %zu bytes", path, limit);
    else if (err != LK_OK)
        snprintf(error, error_bytes, "%s: cannot be read: %s", path, lk_err_text(err));
    return err;
}
