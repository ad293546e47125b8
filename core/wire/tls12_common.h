/* tls12_common: what the files of tls12 share among themselves; others include tls12.h.
 * Thread any. Time depends on lengths and public fields only. */
#ifndef LK_CORE_WIRE_TLS12_COMMON_H
#define LK_CORE_WIRE_TLS12_COMMON_H

#include "core/wire/tls12.h"

/* Key id and freshness funct. Returns 0, or 3 or 4 for the key id's type; *common is whole on 0. */
uint8_t lk_tls12_common_read(struct lk_cursor *c, struct lk_tls12_common *common);
void lk_tls12_common_write(struct lk_writer *w, const struct lk_tls12_common *common);

/* The two halves of lk_tls12_handshake_parse. cut: common, messages and verify_data, with the faults
 * that precede every step. judge: the messages inside, lurk-tls12.md 4 steps 1 to 3. */
uint8_t lk_tls12_handshake_cut(struct lk_bytes payload, uint8_t type,
                               struct lk_tls12_handshake *out);
uint8_t lk_tls12_handshake_judge(struct lk_tls12_handshake *out, uint8_t type);

#endif
