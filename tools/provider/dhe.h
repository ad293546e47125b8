/* dhe: from what libcrypto drew to its private number in a finite-field group.
 *
 * In a named group it takes exponents of N bits, by the size of p. It draws N + 2 bits, takes them
 * modulo 2^N, and adds 1 (FIPS 186-4 B.1.1 as ossl_ffc_generate_private_key has it); where the draw
 * is of no use it draws again. Another libcrypto may do it in another way: then no number has the
 * share, and nothing is proved.
 * Thread any. Time depends on lengths only. */
#ifndef LK_TOOLS_PROVIDER_DHE_H
#define LK_TOOLS_PROVIDER_DHE_H

#include "core/base/bytes.h"

#define LK_DHE_DRAWN_BYTES_MAX 51

/* b := the private number of a draw, for a p of this length; big-endian, as long as the draw.
 * False: libcrypto draws no such number for that p. */
bool lk_dhe_private(struct lk_bytes drawn, size_t p_bytes, uint8_t b[LK_DHE_DRAWN_BYTES_MAX]);

#endif
