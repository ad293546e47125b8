/* datagram: the BIO between OpenSSL and datagrams. One read gives one datagram, one write makes
 * one; questions about the path's MTU are answered from the configuration.
 *
 * A struct lk_datagram serves every session of a loop in turn: its owner sets `in`, and where `put`
 * is to send to, before each call into OpenSSL.
 * Owner   a loop; its thread only. The BIO borrows the struct.
 * Bounds  a write that would pass `allowance` is dropped as the network may drop it (lk_hello needs
 *         that: never more bytes out than in before the cookie holds). */
#ifndef LK_IO_DATAGRAM_H
#define LK_IO_DATAGRAM_H

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "core/base/bytes.h"
#include "core/base/err.h"

/* OpenSSL gathers a flight in a buffer of 4,096 bytes and would cut datagrams at its edge. */
#define LK_DATAGRAM_BYTES_MAX 4000

struct lk_datagram {
    struct lk_bytes in;    /* the next read takes it whole; empty: nothing there */
    size_t allowance;      /* bytes that may still be written; SIZE_MAX: no bound */
    uint32_t path_bytes;   /* largest datagram sent, UDP payload; at most LK_DATAGRAM_BYTES_MAX */
    uint64_t lost;         /* writes that were dropped */
    /* Send one datagram; false: no room, it is lost. bytes is borrowed for the call. */
    bool (*put)(struct lk_datagram *datagram, struct lk_bytes bytes);
    BIO_METHOD *method;
};

LK_MUST_USE lk_err lk_datagram_open(struct lk_datagram *datagram,
                                    bool (*put)(struct lk_datagram *, struct lk_bytes));
void lk_datagram_close(struct lk_datagram *datagram); /* after every session that is attached */

/* The largest datagram to be sent from now on, for handshakes that begin later. */
void lk_datagram_path(struct lk_datagram *datagram, uint32_t bytes);

/* Both directions of a session. False: no memory. */
bool lk_datagram_attach(struct lk_datagram *datagram, SSL *ssl);

#endif
