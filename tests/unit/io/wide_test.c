/* Memory on large pages is the memory of its descriptor, whatever the kernel makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/wide.h"

#define LARGE ((size_t)2 << 20)

static int memory(size_t bytes)
{
    int fd = memfd_create("wide", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

/* What was there stays, and what one map writes another sees. */
static void map_is_the_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {4096, LARGE, 3 * LARGE + 70000};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t bytes = sizes[i];
        int fd = memory(bytes);
        assert_int_equal(pwrite(fd, "before", 6, (off_t)bytes - 6), 6);
        void *one, *other;
        assert_int_equal(lk_wide_map(fd, bytes, &one), LK_OK);
        assert_int_equal(lk_wide_map(fd, bytes, &other), LK_OK);
        assert_ptr_not_equal(one, other);
        assert_int_equal((uintptr_t)one % LARGE, 0);
        assert_memory_equal((uint8_t *)one + bytes - 6, "before", 6);
        memcpy(one, "after", 5);
        assert_memory_equal(other, "after", 5);
        assert_int_equal(munmap(one, bytes), 0);
        assert_int_equal(munmap(other, bytes), 0);
        close(fd);
    }
}

static size_t large_kb(const void *map)
{
    FILE *f = fopen("/proc/self/smaps", "re");
    char line[256], start[32];
    size_t kb = 0;
    bool here = false;
    snprintf(start, sizeof start, "%lx-", (unsigned long)(uintptr_t)map);
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, start, strlen(start)) == 0) here = true;
        if (here && sscanf(line, "ShmemPmdMapped: %zu", &kb) == 1) break;
    }
    fclose(f);
    return kb;
}

/* Where the kernel collapses at all, it does so here. */
static void map_has_large_pages(void **state)
{
    (void)state;
    int fd = memory(4 * LARGE);
    void *map;
    assert_int_equal(lk_wide_map(fd, 4 * LARGE, &map), LK_OK);
    int rc = madvise(map, 4 * LARGE, 25); /* MADV_COLLAPSE */
    size_t kb = large_kb(map);
    munmap(map, 4 * LARGE);
    close(fd);
    if (rc != 0) skip();
    assert_int_equal(kb, 4 * LARGE / 1024);
}

static void memory_that_is_none_is_an_error(void **state)
{
    (void)state;
    void *map;
    assert_true(lk_wide_map(-1, 4096, &map) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_is_the_memory),
        cmocka_unit_test(map_has_large_pages),
        cmocka_unit_test(memory_that_is_none_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
