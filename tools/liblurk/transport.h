/* transport: a client with a descriptor, as its kinds see it: what they have in common, and the row
 * of functions in which they differ. Owner the caller; its thread. */
#ifndef LK_TOOLS_LIBLURK_TRANSPORT_H
#define LK_TOOLS_LIBLURK_TRANSPORT_H

#include <openssl/ssl.h>
#include <sys/types.h>

#include "tools/liblurk/client.h"

#define LK_TRANSPORT_TEXT_BYTES 256

struct lk_transport_row {
    const char *name;
    enum lurk_framing framing;
    size_t message_bytes_max; /* of a request */
    bool secure;              /* needs an identity */
    bool returns;             /* one that closed is connected to once more */
    /* Each returns LURK_OK, or a fault whose text was set by lk_transport_fault. */
    int (*dial)(struct lurk_transport *t, uint64_t now_ns);
    int (*shake)(struct lurk_transport *t, uint64_t now_ns); /* > 0: open */
    int (*send)(struct lurk_transport *t, uint64_t now_ns);
    int (*receive)(struct lurk_transport *t, uint64_t now_ns);
    void (*shut)(struct lurk_transport *t, bool polite); /* all but the descriptor */
};

struct lurk_transport {
    const struct lk_transport_row *row;
    struct lurk_client *client;
    struct lurk_identity *identity;
    char *host, *server_name;
    uint16_t port;
    enum lurk_transport_state state;
    int fd, fd_min;
    pid_t pid;
    bool want_write; /* the kernel took less than there was */
    bool held;       /* more may lie behind the descriptor than the client had room for */
    uint64_t connect_ns, give_up_ns;
    uint64_t timer_ns; /* a kind's own: a handshake's repeat, another try; LURK_NEVER */
    int lost;          /* the connection is gone, and what came over it is still to be taken */
    unsigned attempt;  /* which of a name's addresses */
    SSL *ssl;
    int error;
    char text[LK_TRANSPORT_TEXT_BYTES];
};

/* Sets the text, "WHAT HOST PORT: WHY", and returns error. */
int lk_transport_fault(struct lurk_transport *t, int error, const char *what, const char *why);

extern const struct lk_transport_row lk_transport_tls, lk_transport_dtls, lk_transport_agent;

#endif
