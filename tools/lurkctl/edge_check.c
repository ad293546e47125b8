#include "tools/lurkctl/edge_check.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/wire/registry.h"
#include "tools/liblurk/packet.h"

#define SOCKET_PATH "/run/lurk-agent/agent.sock"
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

static int fault(const char *what, const char *why)
{
    fprintf(stderr, "lurkctl: edge check: %s: %s\n", what, why);
    return 1;
}

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
        fault("agent", n == 0 ? "closed the connection" : strerror(errno));
        return false;
    }
    if (!lk_packet_answer_read(lk_bytes_of(bytes, (size_t)n), answer)) {
        fault("agent", "what answers there is no lurk-agent");
        return false;
    }
    if (answer->kind == LK_PACKET_STATUS || answer->outcome == LK_PACKET_ANSWERED) return true;
    fault(request->kind == LK_PACKET_REQUEST ? "ping" : "agent", outcomes[answer->outcome]);
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
            printf("%-8s %.0f healthy\n", "servers", value);
        if (strcmp(name, "lurk_agent_draining") == 0 && value > 0)
            printf("%-8s is draining\n", "agent");
        if ((server = server_of(name, "lurk_agent_server_connections", &len)) != NULL)
            printf("%-8s %.*s: connections %.0f\n", "server", len, server, value);
        if ((server = server_of(name, "lurk_agent_server_latency_seconds", &len)) != NULL &&
            value > 0)
            printf("%-8s %.*s: answers in %.2f ms\n", "server", len, server, value * 1e3);
    }
}

/* --- the check ------------------------------------------------------------------------------ */

static int check(int fd, const char *path)
{
    struct lk_packet answer;
    uint64_t us;
    const struct lk_packet status = {.kind = LK_PACKET_STATUS_REQUEST, .tag = 1};
    if (!ask(fd, &status, &answer, &us)) return 1;
    printf("%-8s %s: answers in %.2f ms\n", "agent", path, (double)us / 1e3);
    show(answer.body);

    uint8_t message[LK_HEADER_BYTES];
    struct lk_writer w = lk_writer_of(message, sizeof message);
    const struct lk_header header = {
        .designation = LK_EXT_LURK, .version = 1, .type = LK_LURK_PING, .length = LK_HEADER_BYTES};
    lk_header_write(&w, &header);
    const struct lk_packet ping = {
        .kind = LK_PACKET_REQUEST, .tag = 2, .body = lk_bytes_of(message, sizeof message)};
    if (!ask(fd, &ping, &answer, &us)) return 1;
    printf("%-8s a key server answered this user in %.2f ms\n", "ping", (double)us / 1e3);
    return 0;
}

int lk_edge_check(int argc, char **argv)
{
    static const struct option longs[] = {{"agent", required_argument, NULL, 'a'}, {0}};
    const char *path = SOCKET_PATH;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "a:", longs, NULL)) != -1;) {
        if (option != 'a') return 2;
        path = optarg;
    }
    if (optind < argc) {
        fault(argv[optind], "what is that? allowed: -a SOCKET");
        return 2;
    }
    int fd = connect_to(path);
    if (fd < 0) {
        char why[256];
        snprintf(why, sizeof why, "%s; does lurk-agent run, with this row of sockets?",
                 strerror(errno));
        return fault(path, why);
    }
    int code = check(fd, path);
    close(fd);
    return code;
}
