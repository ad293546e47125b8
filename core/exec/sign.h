/* sign: from a text that the server composed, or judged, to the operand of the kernel that signs
 * it. Thread: the lane's worker. Secrets: the padded message in lane->in is wiped with the lane. */
#ifndef LK_CORE_EXEC_SIGN_H
#define LK_CORE_EXEC_SIGN_H

#include "core/exec/lane.h"
#include "core/keys/scheme.h"
#include "crypto/rng.h"

/* The lane's key may be asked for this scheme in that version of TLS, and its rules open the
 * hash. */
bool lk_sign_allowed_tls12(const struct lk_lane *lane, uint16_t scheme);
bool lk_sign_allowed_tls13(const struct lk_lane *lane, uint16_t scheme);

/* Sets lane->row and operand, in and out being the lane's. The scheme is allowed; text is a part of
 * the lane's job, or at most LK_TBS_BYTES_MAX. False: no random bytes for a salt, the key too small
 * for the hash, or the text longer than lane->in, of EdDSA. */
bool lk_sign_start(struct lk_lane *lane, uint16_t scheme, struct lk_bytes text, struct lk_rng *rng);

/* The same for a CertificateVerify of TLS 1.3 (RFC 8446 4.4.3) of a server, or of a client, over
 * this transcript hash: 64 spaces, the context of the role, a zero byte, the hash. */
bool lk_sign_cert_verify_start(struct lk_lane *lane, uint16_t scheme, bool client,
                               struct lk_bytes transcript_hash, struct lk_rng *rng);

#endif
