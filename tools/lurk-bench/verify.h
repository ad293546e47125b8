/* verify: is this answer right? Computed from the request that was sent and what the template knows
 * (premaster, public key), with libcrypto and none of the server's steps.
 * Thread any. Source lurk-tls12.md 2-7. */
#ifndef LK_TOOLS_BENCH_VERIFY_H
#define LK_TOOLS_BENCH_VERIFY_H

#include "tools/lurk-bench/exchange.h"

/* rsa_master: the 48 bytes are the PRF over the known premaster, client_random and F(S). */
bool lk_bench_verify_master(const struct lk_bench_template *from, const uint8_t *request,
                            struct lk_bytes payload);
/* The handshake forms, with or without extended master secret. */
bool lk_bench_verify_handshake(const struct lk_bench_template *from, const uint8_t *request,
                               struct lk_bytes payload);
/* ecdhe: the signature over client_random, F(S), ecdhe_params holds under the public key. */
bool lk_bench_verify_signature(const struct lk_bench_template *from, const uint8_t *request,
                               struct lk_bytes payload);
/* capabilities: parses to its last byte. */
bool lk_bench_verify_lurk_capabilities(const struct lk_bench_template *from, const uint8_t *request,
                                       struct lk_bytes payload);
bool lk_bench_verify_tls12_capabilities(const struct lk_bench_template *from,
                                        const uint8_t *request, struct lk_bytes payload);

/* The shape alone: 48 bytes; a signature in its vector, no longer than the key's; a state at
 * least. */
bool lk_bench_plausible_master(const struct lk_bench_template *from, struct lk_bytes payload);
bool lk_bench_plausible_signature(const struct lk_bench_template *from, struct lk_bytes payload);
bool lk_bench_plausible_state(const struct lk_bench_template *from, struct lk_bytes payload);

/* verify_data of the Finished that belongs to a fresh request of type 3 or 5. */
bool lk_bench_verify_finished(const struct lk_bench_template *from, const uint8_t *request,
                              uint8_t verify_data[LK_VERIFY_DATA_BYTES]);

#endif
