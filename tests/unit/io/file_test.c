/* Which files may be opened: by mode, owner, kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/file.h"

static char dir[] = "/tmp/lurk-file-XXXXXX";
static char path[128], error[512];

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL) return -1;
    snprintf(path, sizeof path, "%s/key", dir);
    FILE *f = fopen(path, "w");
    if (f == NULL) return -1;
    fputs("text", f);
    return fclose(f);
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static bool opens(enum lk_file_kind kind)
{
    int fd = -1;
    error[0] = 0;
    lk_err err = lk_file_open(path, kind, &fd, error, sizeof error);
    if (err == LK_OK) close(fd);
    assert_true((err == LK_OK) == (error[0] == 0)); /* a refusal has its reason */
    if (err != LK_OK) assert_non_null(strstr(error, path));
    return err == LK_OK;
}

static void file_mode_decides_by_kind(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        bool secret, public;
    } rows[] = {
        {0600, true, true},   {0400, true, true},   {0700, true, true},   {0640, false, true},
        {0604, false, true},  {0644, false, true},  {0620, false, false}, {0602, false, false},
        {0660, false, false}, {0666, false, false}, {0610, false, true},  {0601, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_int_equal(opens(LK_FILE_SECRET), rows[i].secret);
        assert_int_equal(opens(LK_FILE_PUBLIC), rows[i].public);
    }
    assert_int_equal(chmod(path, 0600), 0);
}

static void file_of_somebody_else_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_false(opens(LK_FILE_SECRET));
    assert_non_null(strstr(error, "12345"));
    assert_false(opens(LK_FILE_PUBLIC));
    assert_int_equal(chown(path, 0, 0), 0);
    assert_true(opens(LK_FILE_SECRET));
}

static void file_must_be_a_file_itself(void **state)
{
    (void)state;
    char real[128];
    snprintf(real, sizeof real, "%s/real", dir);
    assert_int_equal(rename(path, real), 0);
    assert_false(opens(LK_FILE_PUBLIC)); /* missing */
    assert_int_equal(symlink("real", path), 0);
    assert_false(opens(LK_FILE_SECRET));
    assert_non_null(strstr(error, "symbolic link"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(opens(LK_FILE_SECRET)); /* and does not wait for a writer */
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(opens(LK_FILE_SECRET));
    rmdir(path);
    assert_int_equal(rename(real, path), 0);
}

static void file_longer_than_its_limit_is_refused(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t len;
    assert_int_equal(lk_file_read(path, 3, &data, &len, error, sizeof error), LK_ERR_FULL);
    assert_non_null(strstr(error, "longer than 3"));
    assert_int_equal(lk_file_read(path, 4, &data, &len, error, sizeof error), LK_OK);
    assert_int_equal(len, 4);
    assert_string_equal((char *)data, "text");
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_mode_decides_by_kind),
        cmocka_unit_test(file_of_somebody_else_is_refused),
        cmocka_unit_test(file_must_be_a_file_itself),
        cmocka_unit_test(file_longer_than_its_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
