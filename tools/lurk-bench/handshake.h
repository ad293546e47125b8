/* handshake: the TLS 1.2 messages that the handshake forms of rsa_master carry, as an edge would
 * have collected them: one RSA cipher suite (009c, SHA-256), no session, no certificate of the
 * peer. Source lurk-tls12.md 4; RFC 5246 7.4; RFC 7627 5.1. Thread any. */
#ifndef LK_TOOLS_BENCH_HANDSHAKE_H
#define LK_TOOLS_BENCH_HANDSHAKE_H

#include "core/base/bytes.h"

struct lk_bench_handshake_places {
    uint32_t client_random_at,
        server_random_at; /* offsets in the list; both are written as zeroes */
};

/* client_hello to client_key_exchange; `ems` puts extended_master_secret into both hellos. */
void lk_bench_handshake_write(struct lk_writer *w, bool ems, struct lk_bytes certificate,
                              struct lk_bytes encrypted_premaster,
                              struct lk_bench_handshake_places *places);

#endif
