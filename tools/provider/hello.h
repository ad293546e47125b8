/* hello: which handshake a ServerHello.random is drawn for. libssl does not say; but it has the
 * random source write into the connection itself, and connections can be listed (ex_data of SSL
 * objects tells of their making and their end). So the bytes are drawn, and the connection that
 * shows them as its server's random is the one: no other can have the same 32 bytes.
 *
 * Where none shows them, they are for something else. No callback of the application is touched.
 * libssl's functions are looked up in the process: a program without libssl serves no TLS.
 * Thread any; connections are those of the thread that made them. Time: a look at each connection
 * of the thread whose handshake is not over. */
#ifndef LK_TOOLS_PROVIDER_HELLO_H
#define LK_TOOLS_PROVIDER_HELLO_H

#include <stdbool.h>
#include <stdint.h>

/* From now on connections are listed. Once a process; false: libcrypto refused. */
bool lk_hello_init(void);

struct lk_hello {
    uint16_t version; /* as SSL_version: 0303, 0304, fefd */
    bool marked;      /* libssl will write the downgrade mark into the random's end */
};

/* The handshake whose ServerHello.random these bytes are, having just been drawn and written to
 * where they were wanted. False: they are none's. */
bool lk_hello_find(const uint8_t random[32], struct lk_hello *out);

#endif
