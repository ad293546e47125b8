#include "crypto/engine_rounds.h"

#include <openssl/asn1t.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#define SCRYPT_BLOCKS_MAX (1 << 23) /* N r p; libcrypto bounds the memory */

/* Zero and less is refused by who uses it. */
static bool at_most(const ASN1_INTEGER *number, int64_t most)
{
    int64_t value = 0;
    return number == NULL || (ASN1_INTEGER_get_int64(&value, number) == 1 && value <= most);
}

static bool pbkdf2_bearable(const ASN1_TYPE *parameter)
{
    PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
    bool good = p == NULL || at_most(p->iter, LK_ROUNDS_MAX);
    PBKDF2PARAM_free(p);
    return good;
}

static bool scrypt_bearable(const ASN1_TYPE *parameter)
{
    SCRYPT_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
    if (p == NULL) return true;
    int64_t n = 0, r = 0, times = 0;
    bool good = ASN1_INTEGER_get_int64(&n, p->costParameter) == 1 &&
                ASN1_INTEGER_get_int64(&r, p->blockSize) == 1 &&
                ASN1_INTEGER_get_int64(&times, p->parallelizationParameter) == 1;
    good = good && n > 0 && r > 0 && times > 0 && n <= SCRYPT_BLOCKS_MAX &&
           r <= SCRYPT_BLOCKS_MAX / n && times <= SCRYPT_BLOCKS_MAX / (n * r);
    SCRYPT_PARAMS_free(p);
    return good;
}

static bool pbes2_bearable(const ASN1_TYPE *parameter)
{
    PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameter);
    if (p == NULL) return true;
    const ASN1_TYPE *inner = p->keyfunc->parameter;
    int nid = OBJ_obj2nid(p->keyfunc->algorithm);
    bool good = true;
    if (nid == NID_id_pbkdf2) good = pbkdf2_bearable(inner);
    if (nid == NID_id_scrypt) good = scrypt_bearable(inner);
    PBE2PARAM_free(p);
    return good;
}

bool lk_rounds_bearable(const X509_ALGOR *algorithm)
{
    if (OBJ_obj2nid(algorithm->algorithm) == NID_pbes2) return pbes2_bearable(algorithm->parameter);
    PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
    bool good = p == NULL || at_most(p->iter, LK_ROUNDS_MAX);
    PBEPARAM_free(p);
    return good;
}

/* --- PKCS#12 ---------------------------------------------------------------------------------- */

static bool sealed_bearable(const X509_SIG *sealed)
{
    const X509_ALGOR *algorithm = NULL;
    if (sealed == NULL) return true;
    X509_SIG_get0(sealed, &algorithm, NULL);
    return lk_rounds_bearable(algorithm);
}

/* Bags lie in bags as deep as the decoder of ASN.1 goes. */
static bool bags_bearable(const STACK_OF(PKCS12_SAFEBAG) * bags)
{
    bool good = true;
    for (int i = 0; good && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        int nid = PKCS12_SAFEBAG_get_nid(bag);
        if (nid == NID_pkcs8ShroudedKeyBag) good = sealed_bearable(PKCS12_SAFEBAG_get0_pkcs8(bag));
        if (nid == NID_safeContentsBag) good = bags_bearable(PKCS12_SAFEBAG_get0_safes(bag));
    }
    return good;
}

static bool safe_bearable(PKCS7 *safe, const char *passphrase)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    if (PKCS7_type_is_data(safe)) {
        bags = PKCS12_unpack_p7data(safe);
    } else if (PKCS7_type_is_encrypted(safe)) {
        const PKCS7_ENCRYPT *sealed = safe->d.encrypted;
        if (sealed == NULL || sealed->enc_data == NULL) return true;
        if (!lk_rounds_bearable(sealed->enc_data->algorithm)) return false;
        bags = PKCS12_unpack_p7encdata(safe, passphrase, -1);
    }
    bool good = bags_bearable(bags);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return good;
}

bool lk_rounds_bearable_pkcs12(PKCS12 *p12, const char *passphrase)
{
    const ASN1_INTEGER *rounds = NULL;
    PKCS12_get0_mac(NULL, NULL, NULL, &rounds, p12);
    if (!at_most(rounds, LK_ROUNDS_MAX)) return false;
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    bool good = true;
    for (int i = 0; good && i < sk_PKCS7_num(safes); i++)
        good = safe_bearable(sk_PKCS7_value(safes, i), passphrase);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return good;
}
