/* transcript: the handshake messages that libssl hashes, remembered as long as one of its questions
 * may turn on them: what a TLS server hashes up to its CertificateVerify, or up to the key exchange
 * by RSA. Whatever begins otherwise, or goes on otherwise, is not remembered.
 *
 * Counted by reference: copies of a digest share one, each with its own length, and only the one
 * that is at its end may add to it. Messages are public; they are not wiped.
 * Thread as the digest it belongs to. Time depends on the messages.
 * Source  RFC 8446 4.4.1 · RFC 5246 7.4.9 · RFC 6347 4.2.6 */
#ifndef LK_TOOLS_PROVIDER_TRANSCRIPT_H
#define LK_TOOLS_PROVIDER_TRANSCRIPT_H

#include "core/base/bytes.h"

#define LK_TRANSCRIPT_BYTES_MAX 65535 /* more than that no request can carry */
#define LK_TRANSCRIPT_MESSAGES_MAX 16

struct lk_transcript;

/* Is it a whole ClientHello, perhaps with more messages behind it, or the message_hash that stands
 * for one? */
bool lk_transcript_begins(struct lk_bytes messages);
/* The hash inside a leading message_hash; empty: it is a ClientHello. */
struct lk_bytes lk_transcript_hello_hash(struct lk_bytes messages);

/* first: the ClientHello that a leading message_hash stands for, else NULL; a reference of its own
 * is taken. NULL: no memory, or messages that no question turns on. */
struct lk_transcript *lk_transcript_new(struct lk_bytes messages, struct lk_transcript *first);
struct lk_transcript *lk_transcript_up(struct lk_transcript *t);
void lk_transcript_free(struct lk_transcript *t);

/* Adds bytes behind the first `at`: messages, or pieces of one (a Certificate in datagrams). False:
 * from now on it says nothing (another copy is further, or the messages are none that a question
 * turns on); free it. */
bool lk_transcript_add(struct lk_transcript *t, size_t at, struct lk_bytes messages);

struct lk_bytes lk_transcript_bytes(const struct lk_transcript *t);
const struct lk_transcript *lk_transcript_first(const struct lk_transcript *t); /* or NULL */

/* Its messages, cut. */
struct lk_message {
    uint8_t type;
    struct lk_bytes whole; /* header included */
    struct lk_bytes body;
};
/* How many, or 0: they are not whole, or too many. datagram: DTLS headers. */
size_t lk_messages_cut(struct lk_bytes messages, bool datagram,
                       struct lk_message out[LK_TRANSCRIPT_MESSAGES_MAX]);
/* DTLS headers? They tell by the fifth byte, message_seq or legacy_version. */
bool lk_messages_datagram(struct lk_bytes messages);

#endif
