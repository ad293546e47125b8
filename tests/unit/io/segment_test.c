/* The segment keeps its size, its zeros and its parts apart. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/segment.h"

static const struct lk_segment_shape shape = {
    .loops = 2, .workers = 3, .small_per_loop = 8, .large_per_loop = 2};

static void segment_is_sealed_against_size_changes(void **state)
{
    (void)state;
    int fd;
    assert_int_equal(lk_segment_make(&shape, &fd), LK_OK);
    assert_int_not_equal(ftruncate(fd, 4096), 0);
    assert_int_not_equal(ftruncate(fd, (off_t)lk_segment_bytes(&shape) * 2), 0);
    assert_int_not_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    close(fd);
}

static void segment_is_refused_unsealed_or_of_another_shape(void **state)
{
    (void)state;
    struct lk_segment s;
    int fd = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, (off_t)lk_segment_bytes(&shape)), 0);
    assert_int_equal(lk_segment_map(&shape, 1, fd, &s), LK_ERR_ABSURD);
    close(fd);
    struct lk_segment_shape other = shape;
    other.small_per_loop = 16;
    assert_int_equal(lk_segment_make(&other, &fd), LK_OK);
    assert_int_equal(lk_segment_map(&shape, 1, fd, &s), LK_ERR_ABSURD);
    close(fd);
    other.loops = LK_LOOPS_MAX + 1;
    assert_int_equal(lk_segment_make(&other, &fd), LK_ERR_RANGE);
}

/* Fill every part with a byte of its own and see that none of them changed another. */
static void segment_parts_do_not_overlap(void **state)
{
    (void)state;
    int fd;
    struct lk_segment s;
    assert_int_equal(lk_segment_make(&shape, &fd), LK_OK);
    assert_int_equal(lk_segment_map(&shape, 7, fd, &s), LK_OK);
    struct { uint8_t *at; size_t bytes; } part[64];
    size_t count = 0;
    part[count].at = (uint8_t *)s.worker_bell;
    part[count++].bytes = sizeof(struct lk_bell_word) * shape.workers;
    part[count].at = (uint8_t *)s.loop_bell;
    part[count++].bytes = sizeof(struct lk_bell_word) * shape.loops;
    for (uint32_t l = 0; l < shape.loops; l++)
        for (uint32_t w = 0; w < shape.workers; w++) {
            part[count].at = (uint8_t *)lk_segment_ring_to_worker(&s, l, w);
            part[count++].bytes = lk_ring_bytes(LK_RING_CELLS);
            part[count].at = (uint8_t *)lk_segment_ring_to_loop(&s, l, w);
            part[count++].bytes = lk_ring_bytes(LK_RING_CELLS);
        }
    part[count].at = s.slots.base;
    part[count++].bytes = lk_slot_map_bytes(shape.loops, shape.small_per_loop, shape.large_per_loop);
    for (size_t i = 0; i < count; i++) {
        assert_true(part[i].at >= (uint8_t *)s.base);
        assert_true(part[i].at + part[i].bytes <= (uint8_t *)s.base + s.bytes);
        for (size_t b = 0; b < part[i].bytes; b++)
            assert_int_equal(part[i].at[b], 0);
        memset(part[i].at, (int)i + 1, part[i].bytes);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < part[i].bytes; b++)
            assert_int_equal(part[i].at[b], i + 1);
    lk_segment_unmap(&s);
    assert_null(s.base);
    close(fd);
}

static void segment_is_one_memory_in_both_maps(void **state)
{
    (void)state;
    int fd;
    struct lk_segment a, b;
    assert_int_equal(lk_segment_make(&shape, &fd), LK_OK);
    assert_int_equal(lk_segment_map(&shape, 1, fd, &a), LK_OK);
    assert_int_equal(lk_segment_map(&shape, 1, fd, &b), LK_OK);
    struct lk_ring in, out;
    lk_ring_init(&in, lk_segment_ring_to_worker(&a, 1, 2), LK_RING_CELLS);
    lk_ring_init(&out, lk_segment_ring_to_worker(&b, 1, 2), LK_RING_CELLS);
    assert_int_equal(lk_ring_push(&in, lk_slot_ref(9, 5)), LK_OK);
    uint64_t ref;
    assert_int_equal(lk_ring_pop(&out, &ref, 1), 1);
    assert_true(ref == lk_slot_ref(9, 5));
    lk_segment_unmap(&a);
    lk_segment_unmap(&b);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segment_is_sealed_against_size_changes),
        cmocka_unit_test(segment_is_refused_unsealed_or_of_another_shape),
        cmocka_unit_test(segment_parts_do_not_overlap),
        cmocka_unit_test(segment_is_one_memory_in_both_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
