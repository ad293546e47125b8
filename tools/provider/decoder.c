/* decoder: key files as OpenSSL finds them. One decoder takes our label off a PEM block, which
 * OpenSSL's own drops; one a kind of key makes a key of the DER, whether it came from there, from
 * the label PRIVATE KEY or bare.
 *
 * They see every key and certificate the process reads: what is not ours is left at once, without
 * a call and without an error. */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "tools/provider/key.h"

#define STRUCTURE "LurkPrivateKey"

static void *decoder_new(void *provctx)
{
    return provctx; /* there is nothing to keep */
}

static void decoder_free(void *ctx)
{
    (void)ctx;
}

static int does_selection(void *provctx, int selection)
{
    (void)provctx;
    return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

static int pem_decode(void *ctx, OSSL_CORE_BIO *core, int selection, OSSL_CALLBACK *callback,
                      void *arg, OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
    const struct lk_prov *prov = ctx;
    (void)selection, (void)ask, (void)ask_arg;
    BIO *in = BIO_new_from_core_bio(prov->libctx, core);
    uint8_t *der = NULL;
    size_t len = 0;
    if (in == NULL) return 0;
    bool found = lk_keyfile_pem_read(in, &der, &len);
    BIO_free(in);
    if (!found || der == NULL) return 1;
    char structure[] = STRUCTURE;
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_OBJECT_PARAM_DATA, der, len),
        OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, sizeof structure - 1),
        OSSL_PARAM_END};
    int done = callback(params, arg);
    OPENSSL_free(der);
    return done;
}

/* All there is, when it begins as a key file does; 0: it does not, or is too long for one. */
static size_t der_read(const struct lk_prov *prov, OSSL_CORE_BIO *core, uint8_t *der, size_t room)
{
    BIO *in = BIO_new_from_core_bio(prov->libctx, core);
    size_t len = 0, got;
    while (in != NULL && len < room && BIO_read_ex(in, der + len, room - len, &got)) {
        len += got;
        if (len >= 16 && !lk_keyfile_is(lk_bytes_of(der, len))) break;
    }
    BIO_free(in);
    return lk_keyfile_is(lk_bytes_of(der, len)) ? len : 0;
}

static int der_decode(void *ctx, OSSL_CORE_BIO *core, OSSL_CALLBACK *callback, void *arg,
                      enum lk_pkey_kind kind)
{
    const struct lk_prov *prov = ctx;
    uint8_t der[LK_KEYFILE_BYTES_MAX + 1];
    size_t len = der_read(prov, core, der, sizeof der);
    if (len == 0) return 1;
    struct lk_pkey *key = lk_pkey_from_file(prov, lk_bytes_of(der, len));
    if (key == NULL) return 0; /* ours, and bad: the error says why */
    if (key->kind != kind) {
        lk_pkey_free(key);
        return 1;
    }
    return lk_pkey_hand_on(key, callback, arg);
}

#define DECODE_OF(suffix, kind)                                                                    \
    static int decode_##suffix(void *ctx, OSSL_CORE_BIO *core, int selection,                      \
                               OSSL_CALLBACK *callback, void *arg, OSSL_PASSPHRASE_CALLBACK *ask,  \
                               void *ask_arg)                                                      \
    {                                                                                              \
        (void)selection, (void)ask, (void)ask_arg;                                                 \
        return der_decode(ctx, core, callback, arg, kind);                                         \
    }                                                                                              \
    DECODER(suffix, decode_##suffix)
#define DECODER(suffix, function)                                                                  \
    static const OSSL_DISPATCH suffix##_functions[] = {                                            \
        LK_ROW(OSSL_FUNC_DECODER_NEWCTX, decoder_new),                                             \
        LK_ROW(OSSL_FUNC_DECODER_FREECTX, decoder_free),                                           \
        LK_ROW(OSSL_FUNC_DECODER_DOES_SELECTION, does_selection),                                  \
        LK_ROW(OSSL_FUNC_DECODER_DECODE, function), LK_ROW_END};

DECODER(pem, pem_decode)
DECODE_OF(rsa, LK_PKEY_RSA)
DECODE_OF(rsa_pss, LK_PKEY_RSA_PSS)
DECODE_OF(ec, LK_PKEY_EC)
DECODE_OF(ed25519, LK_PKEY_ED25519)
DECODE_OF(ed448, LK_PKEY_ED448)

#define OURS "provider=lurk,input=der,structure=" STRUCTURE
#define STANDARD "provider=lurk,input=der,structure=PrivateKeyInfo"
#define BOTH(name, suffix)                                                                         \
    {name, OURS, suffix##_functions, NULL},                                                        \
    {                                                                                              \
        name, STANDARD, suffix##_functions, NULL                                                   \
    }
const OSSL_ALGORITHM lk_decoder_algorithms[] = {
    {"DER", "provider=lurk,input=pem", pem_functions, "label of a lurk key file"},
    BOTH("RSA:rsaEncryption:1.2.840.113549.1.1.1", rsa),
    BOTH("RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10", rsa_pss),
    BOTH("EC:id-ecPublicKey:1.2.840.10045.2.1", ec),
    BOTH("ED25519:1.3.101.112", ed25519),
    BOTH("ED448:1.3.101.113", ed448),
    {NULL, NULL, NULL, NULL}};
