/* crypto: the one face of the numbers. Everything above names a key form, a kernel row and lanes;
 * which code runs behind a row (libcrypto here, AVX-512 kernels beside it later) is chosen at
 * start.
 *
 * A row takes up to lanes_max lanes, each naming its own key, and a 64-bit mask of live ones, and
 * returns the mask of good ones. A lane's result and time do not depend on its neighbours (I3).
 * No allocation of ours, no log, no I/O, no mutable state but what the caller passes in.
 * Thread  one call at a time per (engine, work); different work areas run in parallel.
 * Errors  none: a lane mask, or a bool. */
#ifndef LK_CRYPTO_CRYPTO_H
#define LK_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/ec/p256_points.h"
#include "crypto/sha256_lanes.h"
#include "crypto/siphash.h"

/* --- keys ----------------------------------------------------------------------------------- */

enum lk_key_kind {
    LK_KEY_RSA,     /* rsaEncryption */
    LK_KEY_RSA_PSS, /* id-RSASSA-PSS: signing only */
    LK_KEY_P256,
    LK_KEY_P384,
    LK_KEY_P521,
    LK_KEY_ED25519,
    LK_KEY_ED448,
    LK_KEY_KIND_COUNT
};

/* A private key as the engine prepared it; what is inside is the engine's (engine_openssl.c). Made
 * once at load by lk_engine_key_new, from then on read only but for the per-worker contexts. */
struct lk_engine_key;

/* Facts of a loaded key that are public. */
struct lk_key_facts {
    enum lk_key_kind kind;
    uint32_t bits;
    uint32_t bytes;      /* RSA: modulus bytes k. Others: longest signature */
    const uint8_t *spki; /* SubjectPublicKeyInfo in DER, owned by the key */
    size_t spki_bytes;
    const uint8_t *rsa_public; /* PKCS#1 RSAPublicKey in DER, NULL unless RSA */
    size_t rsa_public_bytes;
    uint32_t
        barred_hashes; /* RSA-PSS: bit per hash that its own parameters do not let it sign with */
};

enum lk_key_fault {
    LK_KEY_GOOD = 0,
    LK_KEY_NOT_A_KEY,    /* text or DER that holds no private key we know */
    LK_KEY_PASSPHRASE,   /* encrypted, and no or a wrong passphrase */
    LK_KEY_COSTLY,       /* encrypted with more rounds than anybody waits for */
    LK_KEY_KIND_UNKNOWN, /* an algorithm or curve that is not served */
    LK_KEY_TOO_SMALL,    /* RSA below 2048 bits */
    LK_KEY_TOO_LARGE,    /* RSA above 8192 bits */
    LK_KEY_MULTI_PRIME,
    LK_KEY_EXPONENT,       /* e even, or at most 2^16 */
    LK_KEY_NO_D,           /* the stand-in premaster hangs on d: a key without it is refused */
    LK_KEY_INCONSISTENT,   /* n != pq, p == q, e dp != 1, e dq != 1, qinv, public half of EC */
    LK_KEY_OPERATION,      /* a private operation did not check against the public key */
    LK_KEY_PSS_PARAMETERS, /* RSA-PSS that may sign with no hash we serve */
    LK_KEY_NOT_PRIME,
    LK_KEY_FAULT_COUNT
};
const char *lk_key_fault_text(enum lk_key_fault fault);

/* Parses PEM or DER (PKCS#8 plain or encrypted, PKCS#1, SEC 1, PKCS#12), checks it as
 * design/processes.md section 7 says (under 1 ms; not primality) and prepares contexts for
 * `workers` workers. NULL and *fault on failure. Allocates (libcrypto); control thread, at load. */
struct lk_engine_key *lk_engine_key_new(const void *text, size_t len, const char *passphrase,
                                        unsigned workers, enum lk_key_fault *fault);
void lk_engine_key_free(struct lk_engine_key *key);
const struct lk_key_facts *lk_engine_key_facts(const struct lk_engine_key *key);
/* p and q of an RSA key are probable primes; true at once for other kinds. 41 ms for RSA-2048. */
bool lk_engine_key_primes_good(const struct lk_engine_key *key);
/* SHA-256(d as k bytes), for the stand-in premaster (lurk-tls12.md 5). RSA only. 32 bytes. */
const uint8_t *lk_engine_key_d_hash(const struct lk_engine_key *key);
/* The modulus n, k bytes big-endian: public. RSA only. */
const uint8_t *lk_engine_key_modulus(const struct lk_engine_key *key);

/* --- kernel rows ---------------------------------------------------------------------------- */

/* One row per (operation, size): the unit of batching, of queueing and of cost. */
enum lk_kernel_row {
    LK_ROW_RSA2048, /* private operation, primes up to 1036 bits (rsa_key.h) */
    LK_ROW_RSA3072, /* 1556 bits */
    LK_ROW_RSA4096, /* 2076 bits */
    LK_ROW_RSA8192, /* everything above */
    LK_ROW_P256,    /* ECDSA signature */
    LK_ROW_P384,
    LK_ROW_P521,
    LK_ROW_ED25519,
    LK_ROW_ED448,
    LK_ROW_POO_P256, /* proof of ownership, one row per group */
    LK_ROW_POO_P384,
    LK_ROW_POO_P521,
    LK_ROW_POO_X25519,
    LK_ROW_POO_X448,
    LK_ROW_SHARE_P256, /* a fresh key of the group and the secret it has with a peer's */
    LK_ROW_SHARE_P384,
    LK_ROW_SHARE_P521,
    LK_ROW_SHARE_X25519,
    LK_ROW_SHARE_X448,
    LK_ROW_DH_PUBLIC,  /* a share of DHE without a proof, of any size */
    LK_ROW_POO_DH2048, /* proof of ownership of one, a row for each size of p */
    LK_ROW_POO_DH3072,
    LK_ROW_POO_DH4096,
    LK_ROW_POO_DH6144,
    LK_ROW_POO_DH8192,
    LK_ROW_COUNT
};

static inline bool lk_row_is_proof(enum lk_kernel_row row)
{
    return (row >= LK_ROW_POO_P256 && row <= LK_ROW_POO_X448) ||
           (row >= LK_ROW_POO_DH2048 && row <= LK_ROW_POO_DH8192);
}

#define LK_DH_BYTES_MAX 1024 /* of p */

/* Operands of one lane. Which fields a row reads is said beside them; all are borrowed for the
 * call. in and out may be equal. */
struct lk_operand {
    const struct lk_engine_key *key; /* all but POO, SHARE, DH */
    const uint8_t *in; /* RSA: k bytes c, big-endian. ECDSA: digest. EdDSA: message. */
    size_t in_bytes;   /* POO: bG. SHARE: the peer's share. DH: Ys, of any length */
    uint8_t *out;      /* RSA: k bytes c^d mod n. Signatures: DER or raw, room for facts->bytes.
                        * SHARE: the own share, then the shared secret */
    size_t out_bytes;  /* set by the call */
    const uint8_t *dh_p, *dh_g; /* DH: as TLS sends them; p as long as its row says */
    size_t dh_p_bytes, dh_g_bytes;
    const uint8_t *poo_point;     /* POO: vG, as long as bG. POO_DH: V, as long as p */
    const uint8_t *poo_r;         /* POO: r, scalar width of the group, big-endian. POO_DH: as p */
    const uint8_t *poo_challenge; /* POO: c, big-endian */
    size_t poo_challenge_bytes;   /* 16 or 32 */
    bool group_bad;  /* set by the call. DH: p and g are of no group that is served */
    bool point_bad;  /* set by the call. POO: vG or bG is no valid point (fault 3, not 13). SHARE:
                      * the peer's is none, or leads to a secret of zeros. DH: Ys is no element of
                      * the group's large subgroup, or 1 */
    bool recomputed; /* RSA, ECDSA, proofs, SHARE, set by the call: the first result was wrong (T1);
                      * to be counted even where the second was right */
    bool by_kernel;  /* the same, set by the call: the first result was one of our kernels', not the
                      * library's */
    uint32_t extra_ns; /* proofs of P-256 and P-384, SHARE, DH without a proof, set by the call:
                        * what judging this one took beyond its share of the row's cost */
};

/* A worker's scratch and state for all rows: DRBG, kernel work area, its index for contexts. */
struct lk_engine_work;

/* RSA      m = c^d mod n, checked with e before it is returned (T1): a wrong one is computed once
 *          more without CRT, and a lane that fails then too is not good. c >= n: the lane computes
 *          on 0 in its place and is good; the caller masks (lurk-tls12.md 5).
 * ECDSA    (r, s) over the digest, DER. Checked with the public key when work was made with
 *          check_ecdsa.
 * POO      good when [r]G + [c]bG = vG (lurk-tls12.md 7). A kernel's proof that is good is not
 *          looked at again; one that is refused may be (engine_poo_batch.h)
 * SHARE    RFC 8446 4.2.8.2
 * DH       good when Ys is one of a group that is served; POO_DH when g^r Ys^c = V besides
 *          (lurk-split.md 4)
 * In       operand[i] for each bit i of live · work: of the calling worker
 * Returns  mask of good lanes, a subset of live; out of other lanes is zero
 * Time     RSA, ECDSA, EdDSA: independent of secrets as far as libcrypto's own code is. POO, DH:
 *          varies, everything is public */
struct lk_kernel {
    const char *name;    /* "rsa2048" */
    const char *isa;     /* "library", "ifma" */
    uint32_t lanes_max;  /* library 1, RSA kernels 8, of curves 64; run takes as many of any */
    uint32_t lanes_step; /* lanes that cost no more than one of them; divides lanes_max */
    uint32_t cost_ns;    /* of a full batch, calibrated: the currency of deficit round robin */
    uint32_t fixed_ns;   /* of that, what a batch of one lane costs as well */
    uint64_t (*run)(struct lk_engine_work *work, struct lk_operand *operand, uint64_t live);
};
/* Cost of a batch of this many lanes, 1 to lanes_max: the fixed part, and each step that is begun
 * the same. An RSA kernel has two steps, passes of half its lanes; one of a curve has eight. */
static inline uint32_t lk_kernel_cost_ns(const struct lk_kernel *kernel, uint32_t lanes)
{
    uint32_t steps = (lanes + kernel->lanes_step - 1) / kernel->lanes_step;
    uint32_t all = kernel->lanes_max / kernel->lanes_step;
    uint64_t moving = (uint64_t)(kernel->cost_ns - kernel->fixed_ns) * steps / all;
    return kernel->fixed_ns + (uint32_t)moving;
}

/* The rows chosen for this CPU, and those of the library beside them, for a kernel whose results
 * turn out wrong; valid for the life of the process. */
struct lk_kernels {
    struct lk_kernel row[LK_ROW_COUNT];
    struct lk_kernel library[LK_ROW_COUNT];
    /* Public numbers, and no queue: beside the rows. */
    lk_p256_points *points_p256;
    lk_sha256_lanes *sha256; /* takes LK_SHA256_LANES_MAX */
    lk_siphash_many *siphash;
};
/* Choose and self-test at start (kernels.c): every instance that this CPU can run, all lanes.
 * False: a self-test failed, *failed names the row. */
bool lk_kernels_choose(struct lk_kernels *out, const char **failed);

struct lk_engine_work *lk_engine_work_new(unsigned worker, bool check_ecdsa);
void lk_engine_work_free(struct lk_engine_work *work);

/* The row a key's private operation runs on. */
enum lk_kernel_row lk_engine_key_row(const struct lk_engine_key *key);
/* The row that judges a proof in this TLS group, or LK_ROW_COUNT. */
enum lk_kernel_row lk_poo_row(uint16_t group);
/* The row that makes a share of this TLS group, or LK_ROW_COUNT. */
enum lk_kernel_row lk_share_row(uint16_t group);
/* The row that judges a share of DHE by the length of its p, or LK_ROW_COUNT: no group has that. */
enum lk_kernel_row lk_dh_row(size_t p_bytes, bool proof);
/* A point of this group in wire form: length, form 04, coordinates < p, on the curve, not infinity;
 * x25519 and x448: length only. For ecdhe without a proof. Variable time: points are public. */
bool lk_group_point_good(uint16_t group, const uint8_t *point, size_t len);

#endif
