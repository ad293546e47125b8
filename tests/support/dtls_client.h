/* dtls_client: an edge on datagrams that lives in memory: what it would send gathers in a list,
 * what it gets is handed in. And the files of a throw-away PKI, made once a program. */
#ifndef LK_TESTS_SUPPORT_DTLS_CLIENT_H
#define LK_TESTS_SUPPORT_DTLS_CLIENT_H

#include "io/datagram.h"

#define LK_TEST_DATAGRAMS_MAX 256
#define LK_TEST_DATAGRAM_BYTES 4096

struct lk_test_datagram {
    size_t len;
    uint8_t data[LK_TEST_DATAGRAM_BYTES];
};

/* Datagrams on their way, oldest first. */
struct lk_test_wire {
    uint32_t count;
    uint64_t bytes; /* of all that were ever put here */
    struct lk_test_datagram datagram[LK_TEST_DATAGRAMS_MAX];
};
bool lk_test_wire_put(struct lk_test_wire *wire, struct lk_bytes bytes);

struct lk_test_client {
    struct lk_datagram datagram; /* first */
    SSL_CTX *ctx;
    SSL *ssl;
    struct lk_test_wire out;
};

/* Directory of the PKI; removed by lk_test_pki_gone. */
const char *lk_test_pki(void);
void lk_test_pki_gone(void);
/* A whole file of it; the bytes live until lk_test_pki_gone. */
struct lk_bytes lk_test_pki_file(const char *name);

/* name: "edge-1"; NULL: a client without a certificate. */
struct lk_test_client *lk_test_client_new(const char *name);
/* Forget the session and begin anew, as a restarted edge. */
void lk_test_client_again(struct lk_test_client *client);
void lk_test_client_free(struct lk_test_client *client);

/* Hands datagrams in, one by one, and goes on with the handshake. Returns 1 when it is done, 0 when
 * it needs more, -1 when it failed. */
int lk_test_client_step(struct lk_test_client *client, const struct lk_test_wire *in);
/* The client's own timer. */
void lk_test_client_tick(struct lk_test_client *client);
void lk_test_client_send(struct lk_test_client *client, struct lk_bytes message);
/* One record out of this datagram; its length, or <= 0. */
int lk_test_client_read(struct lk_test_client *client, struct lk_bytes datagram, void *to,
                        int room);

#endif
