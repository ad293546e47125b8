#include "tools/lurkctl/edge_agent.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/wire/lurk.h"
#include "core/wire/split.h"
#include "tools/liblurk/packet.h"
#include "tools/lurkctl/finding.h"

#define WAIT_S 3
#define NAME_BYTES 400

static const char *const outcomes[LK_PACKET_OUTCOME_COUNT] = {
    [LK_PACKET_NO_SERVER] = "no key server is healthy; lurk-agent's log says why",
    [LK_PACKET_TIMEOUT] = "no key server answered in time",
    [LK_PACKET_FULL] = "too much is in flight; see limits in lurk-agent.conf(5)",
    [LK_PACKET_MALFORMED] = "the agent takes the request for malformed",
    [LK_PACKET_UNKNOWN] = "the agent speaks another version",
    [LK_PACKET_FORBIDDEN] = "this user may not ask; see allow in lurk-agent.conf(5)",
    [LK_PACKET_LEAVING] = "the agent is going away",
};

/* --- the socket ----------------------------------------------------------------------------- */

static int connect_to(const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = WAIT_S};
    size_t len = strlen(name);
    if (len == 0 || len >= sizeof to.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(to.sun_path, name, len);
    if (name[0] == '@') to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, bytes) == 0) return fd;
    int code = errno;
    if (fd >= 0) close(fd);
    errno = code;
    return -1;
}

static void silence_say(ssize_t got)
{
    if (got == 0)
        lk_finding_fault("agent", "closed the connection; its log may say why");
    else if (errno == EAGAIN)
        lk_finding_fault("agent",
                         "no answer in %d s: it hangs, or nobody takes up what a socket unit "
                         "listens for; systemctl status lurk-agent, and its log",
                         WAIT_S);
    else
        lk_finding_fault("agent", "%s", strerror(errno));
}

/* One packet there, one back, and the time between. False: a fault was told. */
static bool ask(int fd, const struct lk_packet *request, struct lk_packet *answer, uint64_t *us)
{
    static uint8_t bytes[LK_PACKET_BYTES_MAX]; /* large, and one at a time */
    struct lk_writer w = lk_writer_of(bytes, sizeof bytes);
    lk_packet_write(&w, request);
    uint64_t asked_ns = lk_clock_now_ns();
    bool sent = send(fd, bytes, w.len, MSG_NOSIGNAL) == (ssize_t)w.len;
    ssize_t n = sent ? recv(fd, bytes, sizeof bytes, 0) : -1;
    *us = (lk_clock_now_ns() - asked_ns) / LK_NS_PER_US;
    if (n <= 0) {
        silence_say(n);
        return false;
    }
    if (!lk_packet_answer_read(lk_bytes_of(bytes, (size_t)n), answer)) {
        lk_finding_fault("agent", "what answers there is no lurk-agent");
        return false;
    }
    if (answer->kind == LK_PACKET_STATUS || answer->outcome == LK_PACKET_ANSWERED) return true;
    lk_finding_fault(request->kind == LK_PACKET_REQUEST ? "ping" : "agent", "%s",
                     outcomes[answer->outcome]);
    return false;
}

/* --- the status ----------------------------------------------------------------------------- */

/* A line "name value" of the text; false behind the last. */
static bool next_line(struct lk_bytes *text, char name[NAME_BYTES], double *value)
{
    const char *at = (const char *)text->data;
    const char *end = text->len > 0 ? memchr(at, '\n', text->len) : NULL;
    if (end == NULL) return false;
    size_t len = (size_t)(end - at);
    snprintf(name, NAME_BYTES, "%.*s", (int)(len < NAME_BYTES ? len : NAME_BYTES - 1), at);
    *text = lk_bytes_of(end + 1, text->len - len - 1);
    char *space = strrchr(name, ' ');
    *value = space != NULL ? strtod(space + 1, NULL) : 0;
    if (space != NULL) *space = '\0';
    return true;
}

/* The server that a name of this series has as its label; NULL: it is another series'. */
static const char *server_of(const char *name, const char *series, int *len)
{
    size_t bytes = strlen(series);
    static const char label[] = "{server=\"";
    if (strncmp(name, series, bytes) != 0) return NULL;
    if (strncmp(name + bytes, label, sizeof label - 1) != 0) return NULL;
    const char *server = name + bytes + sizeof label - 1;
    *len = (int)strcspn(server, "\"");
    return server;
}

/* What there is of each key server. */
static void show(struct lk_bytes text)
{
    char name[NAME_BYTES];
    const char *server;
    double value;
    int len;
    while (next_line(&text, name, &value)) {
        if (strcmp(name, "lurk_agent_servers_healthy") == 0)
            lk_finding("servers", "%.0f healthy", value);
        if (strcmp(name, "lurk_agent_draining") == 0 && value > 0)
            lk_finding("agent", "is draining");
        if ((server = server_of(name, "lurk_agent_server_connections", &len)) != NULL)
            lk_finding("server", "%.*s: connections %.0f", len, server, value);
        if ((server = server_of(name, "lurk_agent_server_latency_seconds", &len)) != NULL &&
            value > 0)
            lk_finding("server", "%.*s: answers in %.2f ms", len, server, value * 1e3);
    }
}

/* --- a key server behind it ------------------------------------------------------------------ */

/* A request without a payload. False: a fault was told. */
static bool ask_server(int fd, uint8_t designation, uint8_t type, struct lk_packet *answer,
                       uint64_t *us)
{
    uint8_t message[LK_HEADER_BYTES];
    struct lk_writer w = lk_writer_of(message, sizeof message);
    const struct lk_header header = {
        .designation = designation, .version = 1, .type = type, .length = LK_HEADER_BYTES};
    lk_header_write(&w, &header);
    const struct lk_packet packet = {
        .kind = LK_PACKET_REQUEST, .tag = 2, .body = lk_bytes_of(message, sizeof message)};
    return ask(fd, &packet, answer, us);
}

/* An answer of split's capabilities: does it give this key the exchange? */
static bool requests_open(struct lk_bytes message, const uint8_t *key_id)
{
    struct lk_split_capabilities lists;
    struct lk_header header;
    struct lk_cursor c = lk_cursor_of(message);
    lk_header_read(&c, &header);
    size_t left = lk_cursor_left(&c);
    if (c.bad || header.designation != LK_EXT_SPLIT || header.status != LK_STATUS_SUCCESS ||
        left < LK_STATE_BYTES ||
        !lk_split_capabilities_parse(lk_cursor_take(&c, left - LK_STATE_BYTES), &lists))
        return false;
    struct lk_cursor keys = lk_cursor_of(lists.keys);
    bool open = false;
    while (lk_cursor_left(&keys) > 0) {
        struct lk_bytes id = lk_cursor_take(&keys, 1 + LK_KEY_ID_BYTES);
        (void)lk_cursor_u8(&keys); /* its kind */
        uint16_t uses = lk_cursor_u16(&keys);
        open |= memcmp(id.data + 1, key_id, LK_KEY_ID_BYTES) == 0 &&
                (uses >> LK_SPLIT_SIGN_CERT_REQUEST & 1) != 0;
    }
    return open;
}

/* --- the check ------------------------------------------------------------------------------ */

static bool check(int fd, const char *path)
{
    struct lk_packet answer;
    uint64_t us;
    const struct lk_packet status = {.kind = LK_PACKET_STATUS_REQUEST, .tag = 1};
    if (!ask(fd, &status, &answer, &us)) return false;
    lk_finding("agent", "%s: answers in %.2f ms", path, (double)us / 1e3);
    show(answer.body);

    if (!ask_server(fd, LK_EXT_LURK, LK_LURK_PING, &answer, &us)) return false;
    lk_finding("ping", "a key server answered this user in %.2f ms", (double)us / 1e3);
    return true;
}

bool lk_edge_agent_check(const char *path)
{
    int fd = connect_to(path);
    if (fd < 0) {
        lk_finding_fault("agent", "%s: %s; does lurk-agent run, with this row of sockets?", path,
                         strerror(errno));
        return false;
    }
    bool good = check(fd, path);
    close(fd);
    return good;
}

void lk_edge_requests_tell(const char *path, const char *file, const uint8_t *key_id)
{
    struct lk_packet answer;
    uint64_t us;
    int fd = connect_to(path);
    if (fd >= 0 && ask_server(fd, LK_EXT_SPLIT, LK_SPLIT_CAPABILITIES, &answer, &us)) {
        bool open = requests_open(answer.body, key_id);
        lk_finding("renewal", "%s: a key server %s", file,
                   open ? "signs certificate requests for it"
                        : "does not sign certificate requests for it (flag request of lurkd)");
    }
    if (fd >= 0) close(fd);
}
