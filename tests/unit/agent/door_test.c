/* Listening sockets and who may come in; sockets handed from one agent to the next. */
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "tools/lurk-agent/door.h"
#include "tools/lurk-agent/succession.h"

static char folder[64], path[96], control[96], error[512];
static struct lk_agent_conf_socket sockets[2];
static struct lk_agent_conf_allow allows[2];
static struct lk_agent_conf conf;
static struct lk_adopted none;

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/lurk-door-XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/agent.sock", folder);
    snprintf(control, sizeof control, "%s/control.sock", folder);
    memset(sockets, 0, sizeof sockets);
    memset(allows, 0, sizeof allows);
    memset(&none, 0, sizeof none);
    conf = (struct lk_agent_conf){.sockets = sockets, .socket_count = 1, .allows = allows};
    snprintf(sockets[0].path, sizeof sockets[0].path, "%s", path);
    sockets[0].mode = 0640;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    unlink(control);
    return rmdir(folder);
}

static int connect_to(const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    memcpy(to.sun_path, name, strlen(name));
    if (name[0] == '@') to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&to, len) == 0) return fd;
    close(fd);
    return -1;
}

static void open_door(struct lk_door *door)
{
    lk_err err = lk_door_open(door, &conf, &none, error, sizeof error);
    if (err != LK_OK) fail_msg("%s", error);
}

static void door_makes_paths_and_abstract_names(void **state)
{
    (void)state;
    struct lk_door door;
    struct stat st;
    conf.socket_count = 2;
    snprintf(sockets[1].path, sizeof sockets[1].path, "@lurk-door-%d", (int)getpid());
    open_door(&door);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    for (int i = 0; i < 2; i++) {
        int fd = connect_to(sockets[i].path);
        assert_true(fd >= 0);
        close(fd);
    }
    lk_door_close(&door, true);
    assert_int_equal(stat(path, &st), -1);
}

static void door_replaces_what_a_dead_agent_left_and_nothing_else(void **state)
{
    (void)state;
    struct lk_door door, second;
    open_door(&door);
    assert_int_equal(lk_door_open(&second, &conf, &none, error, sizeof error), LK_ERR_REFUSED);
    assert_non_null(strstr(error, "another process serves it"));
    lk_door_close(&door, false); /* dead: the path stays */
    open_door(&door);
    lk_door_close(&door, true);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(lk_door_open(&door, &conf, &none, error, sizeof error), LK_ERR_REFUSED);
    assert_non_null(strstr(error, "is there and no socket"));
}

static void door_names_an_unknown_user(void **state)
{
    (void)state;
    struct lk_door door;
    conf.allow_count = 1;
    allows[0].line = 9;
    snprintf(allows[0].user, sizeof allows[0].user, "no-such-user-here");
    assert_int_equal(lk_door_open(&door, &conf, &none, error, sizeof error), LK_ERR_UNKNOWN);
    assert_string_equal(error, "line 9: allow.user: there is no user 'no-such-user-here' on this host; "
                               "take the row out, or install first what it is for");
}

/* Another user's verdict, seen from a child that became it; 2: this test may not do that. */
static int verdict_of(const struct lk_door *door, uid_t uid, gid_t gid, gid_t other)
{
    int pair[2], status;
    if (geteuid() != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0) return 2;
    close(pair[0]);
    close(pair[1]);
    (void)chmod(folder, 0755);
    (void)chmod(path, 0666);
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(1, &other) != 0 || setgid(gid) != 0 || setuid(uid) != 0) _exit(3);
        int fd = connect_to(path);
        char byte;
        _exit(fd >= 0 && recv(fd, &byte, 1, 0) >= 0 ? 0 : 4);
    }
    struct pollfd wait = {.fd = door->socket[0].fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 10000), 1);
    int fd = accept(wait.fd, NULL, NULL);
    assert_true(fd >= 0);
    bool allowed = lk_door_allows(door, fd);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    return allowed;
}

static void door_lets_in_by_user_and_by_any_group(void **state)
{
    (void)state;
    static const struct {
        const char *user, *group;
        uid_t uid;
        gid_t gid, other;
        bool allowed;
    } rows[] = {
        {"4001", "", 4001, 5001, 5001, true},  {"4001", "", 4002, 5001, 5001, false},
        {"", "5001", 4001, 5001, 5001, true},  {"", "5001", 4001, 5002, 5001, true},
        {"", "5001", 4001, 5002, 5003, false}, {"4003", "5003", 4001, 5002, 5001, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_door door;
        memset(allows, 0, sizeof allows);
        snprintf(allows[0].user, sizeof allows[0].user, "%s", rows[i].user);
        snprintf(allows[1].group, sizeof allows[1].group, "%s", rows[i].group);
        conf.allows = rows[i].user[0] != 0 ? allows : allows + 1;
        conf.allow_count = rows[i].user[0] != 0 && rows[i].group[0] != 0 ? 2 : 1;
        open_door(&door);
        int verdict = verdict_of(&door, rows[i].uid, rows[i].gid, rows[i].other);
        lk_door_close(&door, true);
        if (verdict == 2) skip();
        if (verdict != rows[i].allowed) fail_msg("row %zu", i);
    }
}

static bool gone;

static void on_go(void *owner, uint64_t now_ns)
{
    (void)owner, (void)now_ns;
    gone = true;
}

/* The heir in a child: takes, looks at what it got, and says go or ends. */
static int heir(bool says_go)
{
    struct lk_adopted adopted = {.count = 0};
    int before;
    if (lk_succession_take(control, &adopted, &before, error, sizeof error) != LK_OK) return 1;
    int fd = lk_adopted_take(&adopted, path), own = lk_adopted_take(&adopted, "control");
    int admin = lk_adopted_take(&adopted, "admin"), more = lk_adopted_take(&adopted, "other");
    if (fd < 0 || own < 0 || admin < 0 || more >= 0) return 2;
    struct lk_door door;
    adopted.fd[0] = fd;
    snprintf(adopted.name[0], sizeof adopted.name[0], "%s", path);
    adopted.count = 1;
    if (lk_door_open(&door, &conf, &adopted, error, sizeof error) != LK_OK) return 3;
    int client = connect_to(path), taken = accept(door.socket[0].fd, NULL, NULL);
    if (client < 0 || taken < 0) return 4;
    if (says_go) lk_succession_go(before);
    return 0;
}

/* One that connected and says nothing does not bar the next. */
static void succession_takes_the_last_heir(void **state)
{
    (void)state;
    struct lk_door door;
    struct lk_watches watches;
    struct lk_succession s;
    int control_fd;
    char byte;
    gone = false;
    open_door(&door);
    assert_int_equal(lk_watches_open(&watches, 8), LK_OK);
    assert_int_equal(lk_door_listen(control, 0600, &control_fd, error, sizeof error), LK_OK);
    assert_int_equal(lk_succession_open(&s, control_fd, &door, -1, &watches, on_go, NULL), LK_OK);
    int first = connect_to(control);
    (void)lk_watches_turn(&watches, 0);
    int second = connect_to(control);
    (void)lk_watches_turn(&watches, 0);
    assert_int_equal(recv(first, &byte, 1, 0), 0);
    assert_int_equal(send(second, "go", 2, 0), 2);
    (void)lk_watches_turn(&watches, 0);
    assert_true(gone);
    close(first);
    close(second);
    lk_succession_close(&s);
    lk_door_close(&door, true);
    lk_watches_close(&watches);
}

static void succession_ends_the_agent_before_only_with_go(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct lk_door door;
        struct lk_watches watches;
        struct lk_succession s;
        int control_fd, status = -1, admin_fd = dup(0);
        gone = false;
        open_door(&door);
        assert_int_equal(lk_watches_open(&watches, 8), LK_OK);
        assert_int_equal(lk_door_listen(control, 0600, &control_fd, error, sizeof error), LK_OK);
        assert_int_equal(lk_succession_open(&s, control_fd, &door, admin_fd, &watches, on_go, NULL),
                         LK_OK);
        pid_t pid = fork();
        if (pid == 0) _exit(heir(round == 1));
        while (waitpid(pid, &status, WNOHANG) == 0)
            (void)lk_watches_turn(&watches, lk_clock_now_ns() + 10 * LK_NS_PER_MS);
        for (int i = 0; i < 5; i++) /* what it said before it ended */
            (void)lk_watches_turn(&watches, 0);
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(gone, round == 1);
        assert_int_equal(s.heir_fd, -1);
        lk_succession_close(&s);
        lk_door_close(&door, true);
        unlink(control);
        lk_watches_close(&watches);
        close(admin_fd);
    }
    int fd;
    assert_int_equal(lk_succession_take(control, &none, &fd, error, sizeof error), LK_ERR_REFUSED);
    assert_non_null(strstr(error, "does an agent run, with this control_socket?"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(door_makes_paths_and_abstract_names),
        TEST(door_replaces_what_a_dead_agent_left_and_nothing_else),
        TEST(door_names_an_unknown_user),
        TEST(door_lets_in_by_user_and_by_any_group),
        TEST(succession_takes_the_last_heir),
        TEST(succession_ends_the_agent_before_only_with_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
