/* A ring that is sealed does what a loop does and nothing else: an owned front opens no file by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/uring.h"

static struct io_uring ring;

static int open_sealed(void **state)
{
    (void)state;
    return lk_uring_open(&ring) == LK_OK && lk_uring_seal(&ring) == LK_OK ? 0 : 1;
}

static int close_ring(void **state)
{
    (void)state;
    io_uring_queue_exit(&ring);
    return 0;
}

/* Submits what `prepare` wrote; the result of the operation. */
static int result_of(void (*prepare)(struct io_uring_sqe *sqe))
{
    struct io_uring_cqe *cqe = NULL;
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    prepare(sqe);
    int r = io_uring_submit_and_wait(&ring, 1);
    if (r < 0) return r;
    assert_int_equal(io_uring_wait_cqe(&ring, &cqe), 0);
    r = cqe->res;
    io_uring_cqe_seen(&ring, cqe);
    return r;
}

static char room[16];

static void to_open(struct io_uring_sqe *sqe)
{
    io_uring_prep_openat(sqe, AT_FDCWD, "/proc/self/maps", O_RDONLY, 0);
}
static void to_read(struct io_uring_sqe *sqe)
{
    io_uring_prep_read(sqe, 0, room, sizeof room, 0);
}
static void to_make_a_socket(struct io_uring_sqe *sqe)
{
    io_uring_prep_socket(sqe, AF_INET, SOCK_STREAM, 0, 0);
}
static void to_connect(struct io_uring_sqe *sqe)
{
    static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    io_uring_prep_connect(sqe, 0, &nowhere, sizeof nowhere);
}
static void to_unlink(struct io_uring_sqe *sqe)
{
    io_uring_prep_unlinkat(sqe, AT_FDCWD, "/nonexistent", 0);
}
static void to_do_nothing(struct io_uring_sqe *sqe)
{
    io_uring_prep_nop(sqe);
}

static void uring_that_is_sealed_opens_nothing(void **state)
{
    (void)state;
    void (*const operations[])(struct io_uring_sqe *) = {to_open,    to_read,   to_make_a_socket,
                                                         to_connect, to_unlink, to_do_nothing};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        assert_int_equal(result_of(operations[i]), -EACCES);
}

static int pipe_end;

static void to_poll(struct io_uring_sqe *sqe)
{
    io_uring_prep_poll_add(sqe, pipe_end, POLLIN);
}

static void uring_that_is_sealed_serves_a_loop(void **state)
{
    (void)state;
    int end[2];
    assert_int_equal(pipe(end), 0);
    assert_int_equal(write(end[1], "x", 1), 1);
    pipe_end = end[0];
    assert_int_equal(result_of(to_poll), POLLIN);
    close(end[0]);
    close(end[1]);
}

static void uring_that_is_sealed_registers_nothing_more(void **state)
{
    (void)state;
    int fd = 0;
    assert_int_equal(io_uring_register_files(&ring, &fd, 1), -EACCES);
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_sealed, close_ring)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(uring_that_is_sealed_opens_nothing),
        T(uring_that_is_sealed_serves_a_loop),
        T(uring_that_is_sealed_registers_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
