/* run_split: the steps of the split exchanges around their kernels, as rows of exchange.h name
 * them. What opens only by flags is judged by the key's own flags here, whatever the front granted.
 * Source lurk-split.md 2, 4, 6, docs/protocol.md; numbers in comments are its steps. Time of
 * rsa_premaster: the same whatever the ciphertext holds. */
#ifndef LK_CORE_EXEC_RUN_SPLIT_H
#define LK_CORE_EXEC_RUN_SPLIT_H

#include "core/exec/exchange.h"

uint8_t lk_run_rsa_premaster_cut(struct lk_lane *lane);
uint8_t lk_run_rsa_premaster_funct(const struct lk_lane *lane);
uint8_t lk_run_rsa_premaster_check(struct lk_lane *lane);
uint8_t lk_run_rsa_premaster_start(struct lk_lane *lane, struct lk_rng *rng);
bool lk_run_rsa_premaster_resume(struct lk_lane *lane, bool good, struct lk_rng *rng);

/* Start and resume are those of ecdhe. */
uint8_t lk_run_sign_ske_cut(struct lk_lane *lane);
uint8_t lk_run_sign_ske_funct(const struct lk_lane *lane);
uint8_t lk_run_sign_ske_check(struct lk_lane *lane);

uint8_t lk_run_sign_cert_verify_cut(struct lk_lane *lane);
uint8_t lk_run_sign_cert_verify_funct(const struct lk_lane *lane);
uint8_t lk_run_sign_cert_verify_check(struct lk_lane *lane);
uint8_t lk_run_sign_cert_verify_start(struct lk_lane *lane, struct lk_rng *rng);
bool lk_run_sign_cert_verify_resume(struct lk_lane *lane, bool good, struct lk_rng *rng);

/* Resume is that of sign_cert_verify. */
uint8_t lk_run_sign_cert_request_cut(struct lk_lane *lane);
uint8_t lk_run_sign_cert_request_funct(const struct lk_lane *lane);
uint8_t lk_run_sign_cert_request_check(struct lk_lane *lane);
uint8_t lk_run_sign_cert_request_start(struct lk_lane *lane, struct lk_rng *rng);

#endif
