/* handshake: builds payloads of the handshake forms from a string of letters, one a message, so
 * that a test names the order it wants and nothing else.
 *
 *   h client_hello   H server_hello   c certificate of the server   s certificate_status
 *   q certificate_request   d server_hello_done   C certificate of the peer   E the same, empty
 *   k client_key_exchange   v certificate_verify
 *   x server_key_exchange   r hello_request   n new_session_ticket   V hello_verify_request */
#ifndef LK_TESTS_SUPPORT_HANDSHAKE_H
#define LK_TESTS_SUPPORT_HANDSHAKE_H

#include "core/wire/tls12.h"

struct lk_handshake_shape {
    const char *sequence;
    uint8_t type; /* 3, 4 or 5 */
    bool datagram;
    uint16_t client_version, server_version; /* 0: what the layout wants */
    uint16_t suite;                          /* 0: 009c */
    struct lk_bytes offered;                 /* empty: the suite and two others */
    bool client_extensions, server_extensions; /* a block with one unknown extension */
    bool client_ems, server_ems;
    char letter;          /* this message gets `body` instead of its own; 0: none */
    struct lk_bytes body;
};

/* The whole payload; returns its bytes. `room` is 4096 at least. */
size_t lk_handshake_build(const struct lk_handshake_shape *shape, uint8_t *to, size_t room);

#endif
