/* front: one loop on loopback in the test's own process, a worker that answers without crypto, and
 * an edge that speaks TLS with a blocking socket. Uses the throw-away PKI of dtls_client.h. */
#ifndef LK_TESTS_SUPPORT_FRONT_H
#define LK_TESTS_SUPPORT_FRONT_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "io/loop.h"

/* Keys of the view: id 01020304 is RSA-2048 for decryption, 05060708 P-256 for signing. */
#define LK_TEST_RSA_ID "\x01\x02\x03\x04"
#define LK_TEST_EC_ID "\x05\x06\x07\x08"

/* keys: the list under `keys:`, of an RSA and a P-256 one, or NULL; limits: lines for the `limits:` section ("  in_flight_per_peer: 4\n") or NULL; rules: the list
 * under `rules:` or NULL for all exchanges on all keys to edge-1; crl: file of the PKI or NULL. */
struct lk_test_view_conf {
    uint64_t generation;
    const char *tenants; /* YAML of the list; NULL: one, a */
    const char *keys, *limits, *edges, *rules, *crl;
    bool spin; /* of the loop */
};
struct lk_view *lk_test_view(const struct lk_test_view_conf *conf);

/* What the worker does with a job: */
enum lk_test_work {
    LK_WORK_ANSWER,  /* success, 48 bytes: those of the job from offset 7 on (client_random, S) */
    LK_WORK_REVERSE, /* the same, whatever lies in the ring last in, first out */
    LK_WORK_HOLD,    /* nothing, until another mode is set */
    LK_WORK_ABSURD   /* a reference that no honest vault sends */
};

struct lk_test_front {
    struct lk_loop *loop;
    struct lk_view *view;
    struct lk_counters *counters;
    struct lk_segment segment[2]; /* of the epoch in use, and the one before */
    int segment_fd[2];
    uint64_t epoch;
    int bell, listener, datagrams;
    uint16_t port; /* of both: TLS by TCP, DTLS by UDP */
    pthread_t worker;
    _Atomic int work; /* enum lk_test_work */
    atomic_bool stop;
    _Atomic uint64_t worked;
};

void lk_test_front_start(struct lk_test_front *front, const struct lk_test_view_conf *conf);
/* Stops what still runs; the loop too, unless the test ended it. */
void lk_test_front_stop(struct lk_test_front *front);
/* A fresh segment to loop and worker. */
void lk_test_front_epoch(struct lk_test_front *front);
void lk_test_front_order(struct lk_test_front *front, enum lk_loop_order_kind kind,
                         const struct lk_view *view);
uint64_t lk_test_front_count(const struct lk_test_front *front, enum lk_counter counter);
/* Waits, half a minute at most, until the counter is at least this. */
bool lk_test_front_reaches(const struct lk_test_front *front, enum lk_counter counter,
                           uint64_t value);

struct lk_test_edge {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};
/* name: of the PKI ("edge-1"), NULL without a certificate; version: TLS1_2_VERSION, TLS1_3_VERSION
 * or DTLS1_2_VERSION.
 * False: the handshake failed. In TLS 1.3 a refusal shows at the first read. */
bool lk_test_edge_connect(struct lk_test_edge *edge, const struct lk_test_front *front,
                          const char *name, int version);
void lk_test_edge_close(struct lk_test_edge *edge);
bool lk_test_edge_put(struct lk_test_edge *edge, const void *data, size_t len);
/* Exactly len bytes. */
bool lk_test_edge_get(struct lk_test_edge *edge, void *data, size_t len);
/* The server ended the session: close_notify or end of file, and not one byte before it. */
bool lk_test_edge_ended(struct lk_test_edge *edge);

/* rsa_master request of 343 bytes for the RSA key, S at this time; returns its length. */
size_t lk_test_rsa_master(uint8_t *to, uint64_t id, uint32_t time);

#endif
