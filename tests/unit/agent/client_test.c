/* The sockets of local clients: what comes in with a packet. A client and the agent's side of it in one
 * process; where the test says so the system has no stamps (linked with --wrap=setsockopt). */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "tools/lurk-agent/client.h"

#define MS LK_NS_PER_MS
#define RIGHTS 4

static bool no_stamps;

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    if (no_stamps && level == SOL_SOCKET && name == SO_TIMESTAMPNS) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return __real_setsockopt(fd, level, name, value, len);
}

static struct agent {
    struct lk_agent_metrics metrics;
    struct lk_broker broker;
    struct lk_desk desk;
    struct lk_door door;
    struct lk_watches watches;
    struct lk_clients clients;
    struct sockaddr_un at;
    socklen_t at_len;
} agent;

static int set_up(void **state)
{
    (void)state;
    static const struct lk_broker_conf broker = {.try_ns = 800 * MS, .total_ns = 1800 * MS,
                                                 .in_flight_per_line = 8};
    static const struct lk_desk_conf desk = {.clients = 2, .in_flight = 8, .in_flight_large = 1,
                                             .in_flight_per_client = 8,
                                             .output_bytes_per_client = 65536,
                                             .unread_ns = 2000 * MS};
    struct agent *a = &agent;
    char error[256];
    *a = (struct agent){.at = {.sun_family = AF_UNIX}, .door = {.count = 1, .user_count = 1}};
    char name[64];
    int len = snprintf(name, sizeof name, "@lurk-client-%d", (int)getpid());
    memcpy(a->at.sun_path + 1, name + 1, (size_t)len - 1);
    a->at_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
    a->door.user[0] = geteuid();
    if (lk_door_listen(name, 0600, &a->door.socket[0].fd, error, sizeof error) != LK_OK) return -1;
    bool good = lk_broker_init(&a->broker, &broker, desk.in_flight, 7, &a->metrics) &&
                lk_watches_open(&a->watches, 8) == LK_OK &&
                lk_desk_init(&a->desk, &desk, &a->broker, &a->metrics, &lk_clients_io,
                             &a->clients) == LK_OK &&
                lk_clients_init(&a->clients, desk.clients, &a->desk, &a->door, &a->watches) == LK_OK &&
                lk_clients_let_in(&a->clients) == LK_OK;
    return good ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lk_clients_fini(&agent.clients);
    lk_desk_fini(&agent.desk);
    lk_watches_close(&agent.watches);
    lk_broker_fini(&agent.broker);
    close(agent.door.socket[0].fd);
    return 0;
}

static unsigned descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static int come_in(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&agent.at, agent.at_len), 0);
    (void)lk_watches_turn(&agent.watches, 0);
    assert_int_equal(agent.desk.open, 1);
    return fd;
}

static void send_rights(int fd)
{
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(RIGHTS * sizeof(int))];
    } control = {.bytes = {0}};
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    int rights[RIGHTS] = {fd, fd, fd, fd};
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof rights);
    memcpy(CMSG_DATA(c), rights, sizeof rights);
    assert_int_equal(sendmsg(fd, &message, 0), 1);
}

/* Whether the system stamps packets or not. */
static void clients_leave_no_descriptor_with_us(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        no_stamps = i == 1;
        int fd = come_in();
        unsigned before = descriptors();
        send_rights(fd);
        lk_clients_read_all(&agent.clients, lk_clock_now_ns());
        assert_int_equal(recv(fd, &(char){0}, 1, MSG_DONTWAIT), 1); /* it was read, and answered */
        assert_int_equal(descriptors(), before);
        close(fd);
        lk_clients_read_all(&agent.clients, lk_clock_now_ns());
        assert_int_equal(agent.desk.open, 0);
    }
    no_stamps = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clients_leave_no_descriptor_with_us, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
