/* ecdhe: a request of tls12.ecdhe or split.sign_ske between the installed struct and the codec's,
 * for what writes it and for what proves it. Thread any. Allocates nothing. */
#ifndef LK_TOOLS_LIBLURK_ECDHE_H
#define LK_TOOLS_LIBLURK_ECDHE_H

#include "core/wire/split.h"
#include "tools/liblurk/message.h"

/* ServerECDHParams to their last byte, of a group that has a proof, with a point of its length. */
bool lk_ecdhe_params_read(struct lk_bytes params, uint16_t *group, struct lk_bytes *point);

/* All but the proof. `in` is borrowed. False: params as above. */
bool lk_ecdhe_request(const struct lurk_tls12_ecdhe *in, struct lk_tls12_ecdhe *out);

/* The same of a sign_ske; of kx dhe the params are whole, of whatever group. */
bool lk_ecdhe_split_request(const struct lurk_split_sign_ske *in, struct lk_split_sign_ske *out);

/* *own := the caller's proof, or none. False: not one of this group. */
bool lk_ecdhe_proof_take(struct lurk_proof *own, const struct lurk_proof *proof, uint16_t group);

/* *own := the caller's proof of DHE, or none; borrowed. False: not as wide as p. */
bool lk_dhe_proof_take(struct lk_split_sign_ske *own, const struct lurk_dh_proof *proof);

#endif
