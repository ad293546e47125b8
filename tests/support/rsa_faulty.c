#include "tests/support/rsa_faulty.h"

#include "crypto/engine_rsa.h"

bool lk_rsa_fault_plain;

bool __real_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k);
bool __wrap_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k);

bool __wrap_lk_rsa_private_plain(const RSA *rsa, const uint8_t *c, uint8_t *out, size_t k)
{
    if (!__real_lk_rsa_private_plain(rsa, c, out, k)) return false;
    if (lk_rsa_fault_plain) out[k - 1] ^= 1;
    return true;
}
