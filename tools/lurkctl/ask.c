#include "tools/lurkctl/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_S 130
#define REPLY_BYTES_MAX (64u << 20)

static int connect_to(const char *path, char *error, size_t error_bytes)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof to.sun_path) {
        snprintf(error, error_bytes, "%s: the path is longer than a socket's may be", path);
        return -1;
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval wait = {.tv_sec = WAIT_S};
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    const char *hint = errno == ENOENT || errno == ECONNREFUSED
                           ? "; does lurkd run, with this control_socket?"
                       : errno == EACCES ? "; only root and the user lurkd runs as may ask"
                                         : "";
    snprintf(error, error_bytes, "%s: %s%s", path, strerror(errno), hint);
    if (fd >= 0) close(fd);
    return -1;
}

/* All that comes until the server closes; malloc'ed, NULL at a fault. */
static char *read_all(int fd, size_t *len)
{
    size_t size = 65536;
    char *text = malloc(size);
    *len = 0;
    while (text != NULL) {
        ssize_t n = read(fd, text + *len, size - *len);
        if (n == 0) return text;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        *len += (size_t)n;
        if (*len < size) continue;
        size *= 2;
        char *larger = size <= REPLY_BYTES_MAX ? realloc(text, size) : NULL;
        if (larger == NULL) break;
        text = larger;
    }
    free(text);
    return NULL;
}

json_t *lk_ask(const char *socket_path, const char *command, char *error, size_t error_bytes)
{
    int fd = connect_to(socket_path, error, error_bytes);
    if (fd < 0) return NULL;
    char line[128];
    int n = snprintf(line, sizeof line, "{\"command\":\"%s\"}\n", command);
    size_t len = 0;
    char *text = send(fd, line, (size_t)n, MSG_NOSIGNAL) == n ? read_all(fd, &len) : NULL;
    json_error_t fault = {.text = "no answer"};
    json_t *reply = text != NULL ? json_loadb(text, len, 0, &fault) : NULL;
    if (reply == NULL)
        snprintf(error, error_bytes, "%s: %s", socket_path,
                 len == 0 ? "closed without an answer; may this user ask? (root or lurkd's own)"
                          : fault.text);
    free(text);
    close(fd);
    return reply;
}
