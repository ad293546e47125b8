/* hello: which handshake a ServerHello.random is drawn for. libssl does not say; but its connections
 * can be listed (ex_data of SSL objects tells of their making and their end), and the one in
 * question is then the only one of this thread that has a ClientHello and no ServerHello yet.
 *
 * Where there are two such, or none, no one is named: never a guess. No callback of the application
 * is touched. libssl's functions are looked up in the process when they are needed: a program
 * without libssl is none that serves TLS.
 * Thread any; connections are those of the thread that made them. */
#ifndef LK_TOOLS_PROVIDER_HELLO_H
#define LK_TOOLS_PROVIDER_HELLO_H

#include <stdbool.h>
#include <stdint.h>

/* From now on connections are listed. Once a process; false: libcrypto refused. */
bool lk_hello_init(void);

struct lk_hello {
    uint16_t version; /* as SSL_version: 0303, 0304, fefd */
    bool marked;      /* libssl will write the downgrade mark into the random's end */
    void *node;
};
/* The handshake whose ServerHello.random is drawn now. *candidates: how many might be. */
bool lk_hello_find(struct lk_hello *out, unsigned *candidates);

/* random is what was given for it: so a second ClientHello is known, after a HelloRetryRequest. */
void lk_hello_drawn(const struct lk_hello *hello, const uint8_t random[32]);

#endif
