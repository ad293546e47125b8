/* liblurk: a program of somebody else's, compiled against the installed header and lurk.pc alone.
 * It asks a real lurkd: ping, capabilities, signatures with a proof for a fresh key of OpenSSL's,
 * and checks them with the certificate.
 *
 * Usage: liblurk tls|dtls PORT PKI CERTIFICATE SCHEME
 * Prints a line for each thing that held; ends with 1 and a reason at the first that did not. */
#include <lurk.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct lurk_transport *transport;

static void require(bool good, const char *what)
{
    if (good) {
        printf("ok %s\n", what);
        return;
    }
    printf("FAILED %s: %s; %s\n", what,
           transport != NULL ? lurk_error_name(lurk_transport_error(transport)) : "",
           transport != NULL ? lurk_transport_text(transport) : "");
    exit(1);
}

static int ask(const uint8_t *message, size_t len, struct lurk_result *result)
{
    *result = (struct lurk_result){.size = sizeof *result};
    return lurk_call(transport, (struct lurk_bytes){message, len}, 2000, result);
}

static void ping_and_capabilities(struct lurk_cache *cache)
{
    uint8_t message[64];
    size_t len, count;
    struct lurk_result result;
    static const enum lurk_extension extensions[] = {LURK_LURK, LURK_TLS12};
    for (int i = 0; i < 2; i++) {
        lurk_ping_write(extensions[i], message, sizeof message, &len);
        require(ask(message, len, &result) == LURK_OK && lurk_ping_read(result.answer) == LURK_OK,
                "ping");
        lurk_capabilities_write(extensions[i], message, sizeof message, &len);
        require(ask(message, len, &result) == LURK_OK &&
                    lurk_cache_put(cache, result.answer) == LURK_OK,
                "capabilities");
    }
    struct lurk_answer kept = {.size = sizeof kept};
    struct lurk_tls12_capability entry[8];
    for (int i = 0; i < 8; i++)
        entry[i].size = sizeof entry[i];
    require(lurk_cache_get(cache, LURK_TLS12, &kept) &&
                lurk_tls12_capabilities_read(&kept, entry, 8, &count, NULL) == LURK_OK && count > 2,
            "capabilities are read");
}

static bool verify(EVP_PKEY *key, uint16_t scheme, const uint8_t *text, size_t len,
                   struct lurk_bytes signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how;
    bool pss = scheme >> 8 == 8 && (scheme & 255) <= 6;
    bool good = EVP_DigestVerifyInit_ex(ctx, &how, scheme == 0x0807 ? NULL : "SHA256", NULL, NULL,
                                        key, NULL) == 1 &&
                (!pss || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                          EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
                EVP_DigestVerify(ctx, signature.data, signature.len, text, len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

static void signature_with_proof(struct lurk_prover *prover, X509 *certificate, uint16_t scheme,
                                 enum lurk_mark mark)
{
    uint8_t params[4 + 32] = {3, 0, 29, 32}, b[32], message[1024], text[64 + sizeof params];
    uint8_t *spki = NULL;
    size_t len = 32, public = 32;
    EVP_PKEY *share = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), *key = X509_get0_pubkey(certificate);
    EVP_PKEY_get_raw_private_key(share, b, &len);
    EVP_PKEY_get_raw_public_key(share, params + 4, &public);
    EVP_PKEY_free(share);
    struct lurk_tls12_ecdhe request = {
        .size = sizeof request, .sig_and_hash = scheme, .params = {params, sizeof params}};
    struct lurk_proof proof = {.size = sizeof proof};
    int spki_len = i2d_PUBKEY(key, &spki);
    lurk_key_id((struct lurk_bytes){spki, (size_t)spki_len}, request.key_id);
    OPENSSL_free(spki);
    RAND_bytes(request.client_random, 32);
    lurk_tls12_s_draw((uint32_t)time(NULL), mark, request.server_random);
    require(lurk_tls12_ecdhe_prove(prover, &request, LURK_POO_SHA256_128,
                                   (struct lurk_bytes){b, sizeof b}, &proof) == LURK_OK,
            "proof");
    request.proof = &proof;
    struct lurk_result result;
    struct lurk_bytes signature;
    lurk_tls12_ecdhe_write(&request, message, sizeof message, &len);
    require(ask(message, len, &result) == LURK_OK &&
                lurk_signature_read(result.answer, &signature) == LURK_OK,
            "signature");
    memcpy(text, request.client_random, 32);
    lurk_tls12_hello_random(request.server_random, text + 32);
    memcpy(text + 64, params, sizeof params);
    require(verify(key, scheme, text, sizeof text, signature), "signature over F(S)");
    /* The same S in another request is refused. */
    proof.r[31] ^= 1;
    request.client_random[0] ^= 1;
    lurk_tls12_ecdhe_write(&request, message, sizeof message, &len);
    require(ask(message, len, &result) == LURK_ERR_REFUSED &&
                !strcmp(lurk_status_name(result.answer->extension, result.answer->status),
                        "invalid_tls_random"),
            "used S");
}

/* Over datagrams a server may list less, and then under another state than that of its faults. */
static void unknown_key(const struct lurk_cache *cache, bool datagrams)
{
    static const uint8_t params[4 + 32] = {3, 0, 29, 32, 9};
    struct lurk_tls12_ecdhe request = {.size = sizeof request,
                                       .key_id = {1, 2, 3, 4},
                                       .sig_and_hash = 0x0403,
                                       .params = {params, sizeof params}};
    uint8_t message[1024];
    size_t len;
    struct lurk_result result;
    lurk_tls12_s_draw((uint32_t)time(NULL), LURK_MARK_NONE, request.server_random);
    lurk_tls12_ecdhe_write(&request, message, sizeof message, &len);
    require(ask(message, len, &result) == LURK_ERR_REFUSED &&
                !strcmp(lurk_status_name(result.answer->extension, result.answer->status),
                        "invalid_key_id"),
            "unknown key");
    require(datagrams || !lurk_cache_stale(cache, result.answer),
            "its state is the one that is kept");
    struct lurk_answer other = *result.answer;
    other.state[0] ^= 1;
    require(lurk_cache_stale(cache, &other), "another state asks for capabilities");
}

int main(int argc, char **argv)
{
    char path[4][512], text[256] = "";
    if (argc != 6) return 2;
    static const char *const names[] = {"ca.crt", "edge-1.crt", "edge-1.key", "crl.pem"};
    for (int i = 0; i < 4; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", argv[3], names[i]);
    struct lurk_identity_options who = {.size = sizeof who,
                                        .authority = path[0],
                                        .certificate = path[1],
                                        .key = path[2],
                                        .revoked = path[3]};
    struct lurk_identity *identity = lurk_identity_new(&who, text, sizeof text);
    require(identity != NULL, text);
    struct lurk_transport_options where = {.size = sizeof where,
                                           .kind = strcmp(argv[1], "dtls") ? LURK_TLS : LURK_DTLS,
                                           .host = "127.0.0.1",
                                           .port = (uint16_t)atoi(argv[2]),
                                           .server_name = "localhost",
                                           .identity = identity};
    transport = lurk_transport_new(&where, text, sizeof text);
    require(transport != NULL, text);
    lurk_identity_free(identity);
    struct lurk_cache *cache = lurk_cache_new();
    struct lurk_prover *prover = lurk_prover_new();
    ping_and_capabilities(cache);
    FILE *pem = fopen(argv[4], "r");
    X509 *certificate = pem != NULL ? PEM_read_X509(pem, NULL, NULL, NULL) : NULL;
    require(certificate != NULL, "certificate");
    uint16_t scheme = (uint16_t)strtoul(argv[5], NULL, 16);
    signature_with_proof(prover, certificate, scheme, LURK_MARK_NONE);
    signature_with_proof(prover, certificate, scheme, LURK_MARK_TLS12);
    unknown_key(cache, where.kind == LURK_DTLS);
    lurk_transport_close(transport);
    signature_with_proof(prover, certificate, scheme, LURK_MARK_NONE); /* opens it anew */
    lurk_transport_free(transport);
    lurk_prover_free(prover);
    lurk_cache_free(cache);
    X509_free(certificate);
    fclose(pem);
    return 0;
}
