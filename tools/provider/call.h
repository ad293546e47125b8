/* call: one request to the agent, and the wait for its answer: at most the provider's wait_ms.
 *
 * Where the program blocks, the thread keeps its socket. Where it runs handshakes as OpenSSL's
 * asynchronous jobs (SSL_MODE_ASYNC), the job is paused; its wait context has one descriptor for
 * its whole life, behind which the socket and a clock stand while a call is under way: a program
 * may keep the descriptor in a table of its own, and is woken when the time is up.
 * Thread any; a paused job goes on in the thread that resumes it. */
#ifndef LK_TOOLS_PROVIDER_CALL_H
#define LK_TOOLS_PROVIDER_CALL_H

#include "tools/liblurk/lurk.h"
#include "tools/provider/key.h"

/* What came back, whole, in the caller's memory. The caller wipes it. */
struct lk_reply {
    struct lurk_answer answer; /* views borrow bytes */
    uint8_t *bytes;            /* OPENSSL_malloc'ed */
    size_t len;
    uint8_t refused; /* the fault of the request's own extension that a key server answered, or 0 */
    bool closed;     /* it looks unknown to the key server: no rule or flag opens it to this edge */
};
void lk_reply_fini(struct lk_reply *reply);

/* request: a whole message. what: for errors and the trace, "tls12.ecdhe".
 * False: the error queue says why; nothing is left to free. */
bool lk_call(const struct lk_pkey *key, struct lurk_bytes request, const char *what,
             struct lk_reply *reply);

#endif
