/* hello: builds the handshake messages of s_init_cert_verify from a string of letters, one a
 * message, and from what each is to hold, so that a test names one flaw and nothing else.
 *
 *   h client_hello   H server_hello   R hello_retry_request   e encrypted_extensions
 *   q certificate_request   c certificate   f finished */
#ifndef LK_TESTS_SUPPORT_HELLO_H
#define LK_TESTS_SUPPORT_HELLO_H

#include "core/wire/tls13.h"

/* Zero: what a good handshake has. */
struct lk_hello_shape {
    const char *sequence;           /* NULL: "hHe" */
    const uint8_t *server_random;   /* [32]; NULL: 32 bytes 0x5e */
    uint16_t suite;                 /* 0: 1301 */
    uint16_t group;                 /* 0: x25519 */
    struct lk_bytes client_share;   /* empty: 32 bytes 0x09 */
    struct lk_bytes server_share;   /* empty: 32 bytes 0x0a, unless no_server_share */
    struct lk_bytes schemes;        /* empty: 0403 0804 0805 0807 0401 */
    bool no_server_share;           /* the share is left to CS */
    /* flaws */
    uint16_t client_legacy, server_legacy;     /* 0: 0303 */
    uint16_t client_version, server_version;   /* in supported_versions; 0: 0304 */
    uint16_t retry_suite, retry_group;         /* 0: as in ServerHello */
    uint16_t offered_suite, offered_group;     /* 0: as in ServerHello */
    uint8_t session_id_bytes;
    bool deflate;                              /* a second compression method */
    bool no_schemes, no_versions, no_client_share, no_key_share_extension;
    bool no_server_versions, no_server_key_share;
    bool psk_offered, psk_in_the_middle, psk_agreed;
    bool schemes_twice, request_context, request_without_schemes, odd_schemes, empty_share;
    bool retry_without_share;
    char trailing; /* this message gets a byte more inside */
};

/* Returns the bytes of all messages. room is enough for them, or the program ends. */
size_t lk_hello_build(const struct lk_hello_shape *shape, uint8_t *to, size_t room);

#endif
