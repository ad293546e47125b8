/* full: the exchanges of mode full, made of what the thread kept of the handshake around the call
 * (docs/edge-side.md has the table of what is had from where).
 *
 * Each ends in one of three ways. UNKNOWN is no failure: something that the request needs was not
 * seen, or could be another handshake's; then the key's fallback decides. What was used is wiped
 * before the wait, so that nothing of it lies about meanwhile but the message, which may have to be
 * sent once more. */
#ifndef LK_TOOLS_PROVIDER_FULL_H
#define LK_TOOLS_PROVIDER_FULL_H

#include "tools/provider/call.h"
#include "tools/provider/kept.h"
#include "tools/provider/question.h"

enum lk_full { LK_FULL_DONE, LK_FULL_UNKNOWN, LK_FULL_FAILED };

#define LK_FULL_WHY_BYTES 96

/* For the files of this noun. UNKNOWN, with the reason; DONE, or FAILED with an error: `written` is
 * what writing the message came to. */
enum lk_full lk_full_unknown(char why[LK_FULL_WHY_BYTES], const char *text);
enum lk_full lk_full_send(const struct lk_pkey *key, int written, struct lurk_bytes message,
                          const char *what, struct lk_reply *reply);

/* tls12.ecdhe with a proof of ownership; of DHE split.sign_ske with one and with F(S), since tls12
 * has no exchange for it. */
enum lk_full lk_full_ske(const struct lk_pkey *key, uint16_t scheme, const struct lk_question *q,
                         struct lk_reply *reply, char why[LK_FULL_WHY_BYTES]);

/* tls13.s_init_cert_verify, e_generated. */
enum lk_full lk_full_cert_verify(const struct lk_pkey *key, uint16_t scheme,
                                 const struct lk_question *q, struct lk_reply *reply,
                                 char why[LK_FULL_WHY_BYTES]);

/* tls12.rsa_master or rsa_extended_master for the ciphertext behind a handle, by the label in the
 * seed that libssl gives its PRF. */
enum lk_full lk_full_master(const struct lk_pkey *key, struct lk_bytes ciphertext, unsigned hash,
                            struct lk_bytes seed, uint8_t master[LURK_MASTER_BYTES],
                            char why[LK_FULL_WHY_BYTES]);

#endif
