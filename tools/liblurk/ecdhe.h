/* ecdhe: a request of tls12.ecdhe between the installed struct and the codec's, for what writes it
 * and for what proves it. Thread any. Allocates nothing. */
#ifndef LK_TOOLS_LIBLURK_ECDHE_H
#define LK_TOOLS_LIBLURK_ECDHE_H

#include "core/wire/tls12.h"
#include "tools/liblurk/message.h"

/* ServerECDHParams to their last byte, of a group that has a proof, with a point of its length. */
bool lk_ecdhe_params_read(struct lk_bytes params, uint16_t *group, struct lk_bytes *point);

/* All but the proof. `in` is borrowed. False: params as above. */
bool lk_ecdhe_request(const struct lurk_tls12_ecdhe *in, struct lk_tls12_ecdhe *out);

#endif
