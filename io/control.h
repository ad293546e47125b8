/* control: the socket of lurkctl: a Unix stream socket on which one JSON object asks and one
 * answers.
 *
 * Protocol  a request is one line {"command":"status", ...}; the reply is one line, an object with
 *           "ok": true, or false and "error". Then the server closes.
 * Who       root and the user lurkd runs as, by the peer's credentials; the socket has mode 0600.
 * Bounds    16 clients, 4 KiB a request, 5 s to send it and as long to take the reply.
 * Owner     the supervisor: it polls the descriptors and calls lk_control_turn; commands are its
 * rows. */
#ifndef LK_IO_CONTROL_H
#define LK_IO_CONTROL_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define LK_CONTROL_CLIENTS_MAX 16
#define LK_CONTROL_REQUEST_BYTES_MAX 4096

/* Answers a request: a new object (taken over), or NULL: lk_control_answer will be called with this
 * client later. */
typedef json_t *(*lk_control_fn)(void *owner, const json_t *request, uint32_t client);

struct lk_control_row {
    const char *command;
    lk_control_fn answer;
};

struct lk_control_client {
    int fd; /* -1: free */
    uint32_t id;
    uint64_t until_ns;
    char in[LK_CONTROL_REQUEST_BYTES_MAX];
    size_t in_bytes;
    bool asked; /* the request is complete */
    char *out;  /* malloc'ed */
    size_t out_bytes, out_done;
};

struct lk_control {
    int fd; /* -1: no socket configured */
    char path[108];
    void *owner;
    const struct lk_control_row *rows;
    size_t row_count;
    uint32_t next_id;
    struct lk_control_client client[LK_CONTROL_CLIENTS_MAX];
};

/* path "": no socket. A socket left behind by a dead server is replaced; one that is served is
 * not. */
LK_MUST_USE lk_err lk_control_open(struct lk_control *control, const char *path, char *error,
                                   size_t error_bytes);
void lk_control_close(struct lk_control *control); /* removes the socket */

/* Descriptors to wait for, at most LK_CONTROL_CLIENTS_MAX + 1. Returns their count. */
unsigned lk_control_poll(const struct lk_control *control, struct pollfd *to);
/* Does what can be done without waiting. */
void lk_control_turn(struct lk_control *control, uint64_t now_ns);
/* A late answer; the object is taken over. Nothing happens when the client has gone. */
void lk_control_answer(struct lk_control *control, uint32_t client, json_t *reply);

/* {"ok": true} and {"ok": false, "error": text} */
json_t *lk_control_good(void);
json_t *lk_control_bad(const char *text);

#endif
