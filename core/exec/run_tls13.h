/* run_tls13: the steps of s_init_cert_verify around its kernels, as the row of exchange.h names
 * them. What is signed is composed here: F(S) is written into the lane's copy, a share that lurkd
 * makes is put in, the Certificate message is built, and the prefix of a CertificateVerify stands
 * before the hash. Source lurk-tls13.md 5.1; numbers in comments are its steps.
 * Secrets  the shared secret is wiped as soon as the schedule has it; traffic secrets lie in the
 *          lane until it is released. Time depends on lengths and public fields only. */
#ifndef LK_CORE_EXEC_RUN_TLS13_H
#define LK_CORE_EXEC_RUN_TLS13_H

#include "core/exec/exchange.h"

uint8_t lk_run_s_init_cut(struct lk_lane *lane);
bool lk_run_s_init_names_key(const struct lk_lane *lane);
uint8_t lk_run_s_init_funct(const struct lk_lane *lane);
uint8_t lk_run_s_init_check(struct lk_lane *lane);
uint8_t lk_run_s_init_start(struct lk_lane *lane, struct lk_rng *rng);
bool lk_run_s_init_resume(struct lk_lane *lane, bool good, struct lk_rng *rng);
void lk_run_s_init_write(const struct lk_lane *lane, struct lk_writer *w);

#endif
