/* request: any payload of tls12 types 2 to 6, parsed and written through one pair of calls, for
 * tests that hold for all of them. Borrows like the parsers. */
#ifndef LK_TESTS_SUPPORT_REQUEST_H
#define LK_TESTS_SUPPORT_REQUEST_H

#include "core/wire/tls12.h"

struct lk_request {
    union {
        struct lk_tls12_rsa_master rsa_master;
        struct lk_tls12_handshake handshake;
        struct lk_tls12_ecdhe ecdhe;
    } as;
};

uint8_t lk_request_parse(uint8_t type, struct lk_bytes payload, struct lk_request *out);
void lk_request_write(struct lk_writer *w, uint8_t type, const struct lk_request *in);
const struct lk_tls12_common *lk_request_common(uint8_t type, const struct lk_request *request);
const uint8_t *lk_request_server_random(uint8_t type, const struct lk_request *request);

/* What holds for every payload whatever its bytes; aborts where it does not: parse, write and parse
 * again agree, peek agrees with the parser, every view lies inside the payload. Returns the
 * status. */
uint8_t lk_request_check(uint8_t type, struct lk_bytes payload);

#endif
