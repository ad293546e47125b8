/* Any bytes from a client of the control socket, in pieces of the size of the first byte. It gets
 * one line, a JSON object with "ok", or is let go; a command is only answered when it was asked. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "io/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lk_control control;
static unsigned answered, late;

static json_t *answer(void *owner, const json_t *request, uint32_t client)
{
    (void)owner;
    (void)client;
    LK_ASSERT(json_is_object(request));
    LK_ASSERT(strcmp(json_string_value(json_object_get(request, "command")), "status") == 0);
    answered++;
    return lk_control_good();
}

static json_t *answer_late(void *owner, const json_t *request, uint32_t client)
{
    (void)owner;
    (void)request;
    late = client;
    return NULL;
}

static const struct lk_control_row rows[] = {{"status", answer}, {"reload", answer_late}};

static void close_it(void)
{
    lk_control_close(&control);
}

static struct sockaddr_un open_it(void)
{
    static struct sockaddr_un a = {.sun_family = AF_UNIX};
    char error[256];
    if (a.sun_path[0] != 0) return a;
    snprintf(a.sun_path, sizeof a.sun_path, "/tmp/lurk-fuzz-%d.sock", (int)getpid());
    LK_ASSERT(lk_control_open(&control, a.sun_path, error, sizeof error) == LK_OK);
    control.rows = rows;
    control.row_count = 2;
    atexit(close_it);
    return a;
}

/* What came back by now: at most one line. */
static size_t hear(int fd, char *to, size_t have, size_t room)
{
    ssize_t n;
    while (have < room && (n = recv(fd, to + have, room - have, MSG_DONTWAIT)) > 0)
        have += (size_t)n;
    return have;
}

static void check_reply(const char *reply, size_t len)
{
    LK_ASSERT(reply[len - 1] == '\n' && memchr(reply, '\n', len) == reply + len - 1);
    json_t *object = json_loadb(reply, len, 0, NULL);
    LK_ASSERT(object != NULL && json_is_boolean(json_object_get(object, "ok")));
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sockaddr_un a = open_it();
    static char reply[8192];
    uint64_t now_ns = LK_NS_PER_S;
    size_t have = 0, piece = size > 0 ? (size_t)data[0] * 16 + 1 : 1;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    LK_ASSERT(fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0);
    answered = late = 0;
    for (size_t at = 1; at < size && have == 0; at += piece, now_ns += LK_NS_PER_MS) {
        size_t n = size - at < piece ? size - at : piece;
        if (send(fd, data + at, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
        lk_control_turn(&control, now_ns);
        have = hear(fd, reply, have, sizeof reply);
    }
    lk_control_turn(&control, now_ns);
    if (late != 0) lk_control_answer(&control, late, lk_control_bad("later"));
    lk_control_turn(&control, lk_clock_now_ns());
    have = hear(fd, reply, have, sizeof reply);
    if (have > 0) check_reply(reply, have);
    bool whole = size > 1 && memchr(data + 1, '\n', size - 1) != NULL;
    LK_ASSERT(answered <= (whole ? 1u : 0u) && (answered == 0 || have > 0));
    lk_control_turn(&control, lk_clock_now_ns() + 1000 * LK_NS_PER_S);
    for (size_t i = 0; i < LK_CONTROL_CLIENTS_MAX; i++)
        LK_ASSERT(control.client[i].fd < 0); /* nobody stays for ever */
    close(fd);
    return 0;
}
