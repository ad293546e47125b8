#include "tests/support/ec_faulty.h"

#include <openssl/ecdsa.h>
#include <string.h>

#include "crypto/poo.h"

const char *const lk_ec_stage_names[LK_EC_STAGE_COUNT] = {
    [LK_EC_STAGE_NONCE] = "nonce",
    [LK_EC_STAGE_ODD] = "odd",
    [LK_EC_STAGE_ENTRY] = "entry",
    [LK_EC_STAGE_SIGN] = "sign",
    [LK_EC_STAGE_ADD] = "add",
    [LK_EC_STAGE_INVERSE] = "inverse",
    [LK_EC_STAGE_INVERSES] = "inverses",
    [LK_EC_STAGE_R] = "r",
    [LK_EC_STAGE_Y] = "y",
    [LK_EC_STAGE_S] = "s",
    [LK_EC_STAGE_CHECK] = "check",
};

bool lk_ec_fault_library;

int __real_ECDSA_sign(int type, const unsigned char *digest, int len, unsigned char *sig,
                      unsigned int *sig_len, EC_KEY *key);
int __wrap_ECDSA_sign(int type, const unsigned char *digest, int len, unsigned char *sig,
                      unsigned int *sig_len, EC_KEY *key);

int __wrap_ECDSA_sign(int type, const unsigned char *digest, int len, unsigned char *sig,
                      unsigned int *sig_len, EC_KEY *key)
{
    int done = __real_ECDSA_sign(type, digest, len, sig, sig_len, key);
    if (lk_ec_fault_library && done == 1) sig[*sig_len - 1] ^= 1;
    return done;
}

/* --- proofs of ownership -------------------------------------------------------------------- */

void (*lk_poo_spoil)(struct lk_poo_verdicts *verdicts, uint64_t live);
unsigned lk_poo_looks;

struct lk_poo_verdicts lk_poo_spoilt(struct lk_poo_verdicts verdicts, uint64_t live)
{
    if (lk_poo_spoil != NULL) lk_poo_spoil(&verdicts, live);
    return verdicts;
}

bool __real_lk_poo_good(const struct lk_poo_curve *curve, struct lk_operand *operand);
bool __wrap_lk_poo_good(const struct lk_poo_curve *curve, struct lk_operand *operand);

bool __wrap_lk_poo_good(const struct lk_poo_curve *curve, struct lk_operand *operand)
{
    lk_poo_looks++;
    return __real_lk_poo_good(curve, operand);
}
