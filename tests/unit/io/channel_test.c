/* The channel keeps messages apart and hands descriptors over. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/channel.h"

static int end[2];

static int setup(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end);
}

static int teardown(void **state)
{
    (void)state;
    close(end[0]);
    close(end[1]);
    return 0;
}

static struct lk_message sent, got;

static void channel_keeps_kind_body_and_borders(void **state)
{
    (void)state;
    sent = (struct lk_message){.kind = LK_M_PLAN, .bytes = LK_CHANNEL_BYTES_MAX};
    memset(sent.body, 0xa5, sizeof sent.body);
    assert_int_equal(lk_channel_send(end[0], &sent), LK_OK);
    sent = (struct lk_message){.kind = LK_M_STOP};
    assert_int_equal(lk_channel_send(end[0], &sent), LK_OK);
    assert_int_equal(lk_channel_receive(end[1], &got), LK_OK);
    assert_int_equal(got.kind, LK_M_PLAN);
    assert_int_equal(got.bytes, LK_CHANNEL_BYTES_MAX);
    for (size_t i = 0; i < got.bytes; i++)
        assert_int_equal(got.body[i], 0xa5);
    assert_int_equal(lk_channel_receive(end[1], &got), LK_OK);
    assert_int_equal(got.kind, LK_M_STOP);
    assert_int_equal(got.bytes, 0);
    assert_int_equal(got.fd_count, 0);
}

static void channel_hands_over_as_many_descriptors_as_an_epoch_has(void **state)
{
    (void)state;
    sent = (struct lk_message){.kind = LK_M_EPOCH, .fd_count = LK_CHANNEL_FDS_MAX};
    for (int i = 0; i < LK_CHANNEL_FDS_MAX; i++)
        sent.fd[i] = eventfd((unsigned)i + 1, EFD_CLOEXEC);
    assert_int_equal(lk_channel_send(end[0], &sent), LK_OK);
    assert_int_equal(lk_channel_receive(end[1], &got), LK_OK);
    assert_int_equal(got.fd_count, LK_CHANNEL_FDS_MAX);
    for (int i = 0; i < LK_CHANNEL_FDS_MAX; i++) {
        uint64_t value;
        assert_int_equal(read(got.fd[i], &value, sizeof value), sizeof value);
        assert_true(value == (uint64_t)i + 1);
        assert_true(fcntl(got.fd[i], F_GETFD) & FD_CLOEXEC);
        close(sent.fd[i]);
    }
    int kept = lk_message_take_fd(&got, 3);
    int closed = got.fd[4];
    lk_message_close(&got);
    assert_int_not_equal(fcntl(kept, F_GETFD), -1);
    assert_int_equal(fcntl(closed, F_GETFD), -1);
    assert_int_equal(lk_message_take_fd(&got, 0), -1);
    close(kept);
}

static void channel_end_of_file_is_closed(void **state)
{
    (void)state;
    shutdown(end[0], SHUT_RDWR);
    assert_int_equal(lk_channel_receive(end[1], &got), LK_ERR_CLOSED);
    sent = (struct lk_message){.kind = LK_M_STOP};
    assert_int_equal(lk_channel_send(end[1], &sent), LK_ERR_CLOSED);
}

static void channel_hears_who_went_without_listening(void **state)
{
    (void)state;
    sent = (struct lk_message){.kind = LK_M_PLAN};
    assert_int_equal(lk_channel_send(end[1], &sent), LK_OK); /* not read */
    sent = (struct lk_message){.kind = LK_M_REFUSED};
    assert_int_equal(lk_channel_send(end[0], &sent), LK_OK);
    close(end[0]);
    end[0] = -1;
    assert_int_equal(lk_channel_receive(end[1], &got), LK_OK);
    assert_int_equal(got.kind, LK_M_REFUSED);
    assert_int_equal(lk_channel_receive(end[1], &got), LK_ERR_CLOSED);
}

static void channel_keeps_no_descriptor_of_an_empty_packet(void **state)
{
    (void)state;
    int given = eventfd(0, EFD_CLOEXEC);
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof given)];
    } control = {.room = {0}};
    struct msghdr msg = {.msg_control = control.room, .msg_controllen = sizeof control.room};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    *c = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof given)};
    memcpy(CMSG_DATA(c), &given, sizeof given);
    assert_int_equal(sendmsg(end[0], &msg, 0), 0);
    int next = dup(given);
    close(next); /* the number that the receiver's will have */
    assert_int_equal(lk_channel_receive(end[1], &got), LK_ERR_CLOSED);
    assert_int_equal(fcntl(next, F_GETFD), -1);
    close(given);
}

static void channel_refuses_packets_that_are_too_short_or_long(void **state)
{
    (void)state;
    assert_int_equal(send(end[0], "ab", 2, 0), 2);
    assert_int_equal(lk_channel_receive(end[1], &got), LK_ERR_FORMAT);
    static char big[LK_CHANNEL_BYTES_MAX + 5];
    assert_int_equal(send(end[0], big, sizeof big, 0), sizeof big);
    assert_int_equal(lk_channel_receive(end[1], &got), LK_ERR_FORMAT);
}

static void blob_comes_back_and_cannot_change(void **state)
{
    (void)state;
    int fd;
    assert_int_equal(lk_blob_make("listen: []\n", 11, &fd), LK_OK);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_not_equal(ftruncate(fd, 1), 0);
    uint8_t *data;
    size_t len;
    assert_int_equal(lk_blob_read(fd, 10, &data, &len), LK_ERR_FULL);
    assert_int_equal(lk_blob_read(fd, 11, &data, &len), LK_OK);
    assert_int_equal(len, 11);
    assert_string_equal((char *)data, "listen: []\n");
    free(data);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(channel_keeps_kind_body_and_borders, setup, teardown),
        cmocka_unit_test_setup_teardown(channel_hands_over_as_many_descriptors_as_an_epoch_has,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(channel_end_of_file_is_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(channel_hears_who_went_without_listening, setup, teardown),
        cmocka_unit_test_setup_teardown(channel_keeps_no_descriptor_of_an_empty_packet, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(channel_refuses_packets_that_are_too_short_or_long, setup,
                                        teardown),
        cmocka_unit_test(blob_comes_back_and_cannot_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
