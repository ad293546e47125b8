/* run_tls12: the steps of the tls12 exchanges around their kernels, as rows of exchange.h name
 * them. Every byte that is signed is composed here from parsed fields; every answer is a master
 * secret or a signature.
 * Source  lurk-tls12.md 3 to 7; numbers in comments are its steps.
 * Time    of RSA exchanges: the same whatever the ciphertext holds (step 5 on). */
#ifndef LK_CORE_EXEC_RUN_TLS12_H
#define LK_CORE_EXEC_RUN_TLS12_H

#include "core/exec/exchange.h"

/* All types: is the freshness funct one that is served? */
uint8_t lk_run_tls12_funct(const struct lk_lane *lane);

/* RSA decryption of lane->ciphertext, by any exchange: 0 or 3 (its length), then, after the kernel,
 * the premaster of lane->versions. */
uint8_t lk_run_decryption_start(struct lk_lane *lane);
void lk_run_premaster_take(struct lk_lane *lane, uint8_t premaster[LK_PREMASTER_BYTES]);

uint8_t lk_run_rsa_master_cut(struct lk_lane *lane);
uint8_t lk_run_rsa_master_check(struct lk_lane *lane);
uint8_t lk_run_rsa_master_start(struct lk_lane *lane, struct lk_rng *rng);
bool lk_run_rsa_master_resume(struct lk_lane *lane, bool good, struct lk_rng *rng);

/* Types 3, 4, 5. */
uint8_t lk_run_handshake_cut(struct lk_lane *lane);
uint8_t lk_run_handshake_check(struct lk_lane *lane);
uint8_t lk_run_handshake_start(struct lk_lane *lane, struct lk_rng *rng);
bool lk_run_handshake_resume(struct lk_lane *lane, bool good, struct lk_rng *rng);

uint8_t lk_run_ecdhe_cut(struct lk_lane *lane);
uint8_t lk_run_ecdhe_check(struct lk_lane *lane);
void lk_run_ecdhe_text(const struct lk_lane *lane, struct lk_writer *w);
uint8_t lk_run_ecdhe_start(struct lk_lane *lane, struct lk_rng *rng);
bool lk_run_ecdhe_resume(struct lk_lane *lane, bool good, struct lk_rng *rng);

void lk_run_master_write(const struct lk_lane *lane, struct lk_writer *w);
void lk_run_signature_write(const struct lk_lane *lane, struct lk_writer *w);

#endif
