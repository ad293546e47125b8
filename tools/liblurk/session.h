/* session: TLS and DTLS over a transport's socket. The BIO is a socket that raises no signal and
 * never waits. Thread any. */
#ifndef LK_TOOLS_LIBLURK_SESSION_H
#define LK_TOOLS_LIBLURK_SESSION_H

#include <openssl/bio.h>

/* What an identity keeps for its sessions. NULL: no memory. */
BIO_METHOD *lk_session_method(void);

#endif
