/* session: OpenSSL as tls and dtls use it: contexts, who the peer is, why a handshake failed, and
 * the BIO of streams, which reads from the turn's receive buffer and writes into the conn's output.
 *
 * The client must show a certificate that the CA signed and the CRL does not name; an expired CRL
 * fails every peer. No renegotiation, compression, tickets, session cache or early data.
 * Thread  contexts: control thread; sessions: the loop's. */
#ifndef LK_IO_SESSION_H
#define LK_IO_SESSION_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/watch/metrics.h"
#include "io/conn.h"

enum lk_session_kind { LK_SESSION_TLS, LK_SESSION_DTLS };

/* A context from the channel's own files. DTLS: no cookie callbacks are set here.
 * Errors: LK_ERR_CRYPTO, LK_ERR_FORMAT with a sentence in error. */
LK_MUST_USE lk_err lk_session_context(enum lk_session_kind kind, const struct lk_view_files *files,
                                      SSL_CTX **out, char *error, size_t error_bytes);

/* The identity a verified certificate proves: first SAN URI as "uri:...", else first SAN DNS name
 * as "dns:..." in lower case. False: none, or one that is longer than LK_IDENTITY_BYTES_MAX or
 * holds control characters. */
#define LK_IDENTITY_TEXT_BYTES (LK_IDENTITY_BYTES_MAX + 1)
bool lk_session_identity(const SSL *ssl, char identity[LK_IDENTITY_TEXT_BYTES]);

/* The counter for a handshake that failed just now on this thread, and a word for the log. Clears
 * OpenSSL's error queue. */
enum lk_counter lk_session_fault(const SSL *ssl, const char **why);

/* End of the peer's certificate, unix time. */
int64_t lk_session_good_until(const SSL *ssl);
/* Would this peer's certificate pass under this context, now? CA, dates and CRL as in a
 * handshake. */
bool lk_session_still_good(SSL *ssl, SSL_CTX *ctx, int64_t now_unix_s);

/* Before calls whose result SSL_get_error reads, which looks into this thread's queue of errors:
 * nothing of another peer's may stand there. To clear an empty queue costs libcrypto sixteen calls
 * of free, so it is looked at first. */
static inline void lk_session_errors_forget(void)
{
    if (ERR_peek_error() != 0) ERR_clear_error();
}

/* The streams' BIO over conn->in and lk_conn_write, attached to ssl for both directions. */
bool lk_session_attach(SSL *ssl, struct lk_conn *conn);

#endif
