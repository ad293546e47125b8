/* tls12_common: the fields that every request with a key starts with, for the files of tls12
 * among themselves; others include tls12.h.
 * Thread any. Time depends on lengths and public fields only. */
#ifndef LK_CORE_WIRE_TLS12_COMMON_H
#define LK_CORE_WIRE_TLS12_COMMON_H

#include "core/wire/tls12.h"

/* Key id and freshness funct. Returns 0, or 3 or 4 for the key id's type; *common is whole on 0. */
uint8_t lk_tls12_common_read(struct lk_cursor *c, struct lk_tls12_common *common);
void lk_tls12_common_write(struct lk_writer *w, const struct lk_tls12_common *common);

#endif
