#include "tools/lurkd/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/listener.h"

/* The directory that a path lies in. */
static void parent_of(const char *path, char *out, size_t bytes)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL || slash == path ? 1 : (size_t)(slash - path);
    snprintf(out, bytes, "%.*s", (int)len, slash == NULL ? "." : path);
}

static unsigned directory_fault(const char *option, const char *path, bool own)
{
    struct stat st;
    const char *what = NULL;
    if (stat(path, &st) != 0)
        what = strerror(errno);
    else if (!S_ISDIR(st.st_mode))
        what = "is no directory";
    else if (own && st.st_uid != geteuid())
        what = "belongs to another user than the one that starts lurkd";
    else if (own && (st.st_mode & 022) != 0)
        what = "can be written by others: chmod go-w";
    else if (access(path, W_OK | X_OK) != 0)
        what = "cannot be written by this user";
    if (what != NULL) fprintf(stderr, "%s: %s: %s\n", option, path, what);
    return what != NULL;
}

/* It is made at start where its parent is there. */
static unsigned state_dir_fault(const char *path)
{
    char parent[LK_PATH_BYTES_MAX + 1];
    struct stat st;
    if (stat(path, &st) == 0 || errno != ENOENT)
        return directory_fault("server.state_dir", path, true);
    parent_of(path, parent, sizeof parent);
    return directory_fault("server.state_dir: it is not there, and its parent", parent, false);
}

/* A service manager makes it at start (RuntimeDirectory=), so its lack is no fault. */
static unsigned socket_fault(const char *path)
{
    char parent[LK_PATH_BYTES_MAX + 1];
    struct stat st;
    parent_of(path, parent, sizeof parent);
    if (stat(parent, &st) == 0 || errno != ENOENT)
        return directory_fault("server.control_socket: its directory", parent, false);
    printf("%-12s %s is not there: the unit makes it; make it where lurkd starts without\n",
           "control", parent);
    return 0;
}

static unsigned port_fault(const char *what, const struct lk_conf_listen *row)
{
    lk_err err = lk_listener_try(row);
    if (err == LK_OK) return 0;
    if (err == -EADDRINUSE) {
        printf("%-12s %s port %u: in use now, by a running lurkd or another program: not tried\n",
               what, row->address, row->port);
        return 0;
    }
    fprintf(stderr, "%s: %s port %u: %s\n", what, row->address, row->port, lk_err_text(err));
    return 1;
}

unsigned lk_lurkd_check_places(const struct lk_conf *conf)
{
    unsigned faults = state_dir_fault(conf->state_dir) + socket_fault(conf->control_socket);
    for (uint32_t i = 0; i < conf->listen_count; i++)
        faults += port_fault("listen", &conf->listens[i]);
    return faults;
}
