/* policy: who asks, and what that edge may do. Default deny; what is not allowed looks unknown
 * (lurk.md 5.5): a closed exchange like an unknown type, a closed key like an unknown key, after
 * the same work.
 *
 * Built by the control thread from configuration and keystore, then frozen; loops read it.
 * The front decides what hangs on the peer; what hangs on the key alone is decided again by the
 * vault (lk_policy_key_rights gives it the same rules). */
#ifndef LK_CORE_POLICY_POLICY_H
#define LK_CORE_POLICY_POLICY_H

#include "core/conf/conf.h"
#include "core/keys/keystore.h"
#include "core/wire/lurk.h"
#include "core/wire/split.h"

struct lk_policy;

/* What a payload of capabilities shows of each key; each form is smaller than the one before. */
enum lk_capability_form { LK_FORM_CERTIFICATES, LK_FORM_RAW, LK_FORM_NONE, LK_FORM_COUNT };

/* What one row of `edges` may do, precomputed. */
struct lk_edge {
    uint32_t index; /* in the configuration */
    uint32_t tenant;
    const char *name;
    /* What some key of its tenant can serve for it, lurk and pings included; capabilities and ping
     * of an extension only beside an exchange of it that uses a key. */
    lk_exchange_mask exchanges;
    /* Whole payloads, state included, as this edge gets them, the fullest first: certificates as
     * configured or the next smaller form that fits message_bytes_max; raw public keys, or nothing
     * where they do not fit; nothing of keys. Extensions that show no certificates have two. Empty
     * where the extension is closed. */
    struct lk_bytes capabilities[LK_EXTENSION_COUNT][LK_FORM_COUNT];
};

/* The fullest form of an extension's capabilities that fits a message of so many bytes; else the
 * smallest (lurk.md 4). */
struct lk_bytes lk_edge_capabilities(const struct lk_edge *edge, enum lk_extension extension,
                                     size_t message_bytes_max);
/* The state that belongs to it, LK_STATE_BYTES: of every fault where such capabilities are shown
 * (lurk.md 5.4). Zeros where the extension is closed. */
struct lk_bytes lk_edge_state(const struct lk_edge *edge, enum lk_extension extension,
                              size_t message_bytes_max);

/* Borrows both for its life. Errors: LK_ERR_MEMORY; LK_ERR_FULL: rules name more (edge, key) pairs
 * than LK_RIGHTS_CELLS_MAX (the operator writes `all`, or fewer rules). */
LK_MUST_USE lk_err lk_policy_new(const struct lk_conf *conf, const struct lk_keystore *keys,
                                 struct lk_policy **out);
void lk_policy_free(struct lk_policy *policy);

/* The edge an identity ("uri:..." or "dns:...") proves to be; NULL: nobody we know. */
const struct lk_edge *lk_policy_edge(const struct lk_policy *policy, const char *identity);

struct lk_grant {
    const struct lk_key_public *key; /* NULL: denied, or unknown: the same */
    uint32_t rule;                   /* index of the deciding rule; UINT32_MAX none */
    uint32_t hashes;                 /* union over the rules that grant */
    bool poo_optional;               /* some granting rule does not require the proof */
    uint32_t flags;                  /* enum lk_conf_flag: of the edge and of the key */
    uint8_t methods, secrets;        /* of TLS 1.3, as in struct lk_conf_rule */
};
/* May edge use the key with this id for exchange (types with a key)? Same time either way. */
struct lk_grant lk_policy_key(const struct lk_policy *policy, const struct lk_edge *edge,
                              const uint8_t id[LK_KEY_ID_BYTES], enum lk_exchange_id exchange);

/* The same by the fingerprint of the key's certificate or public key. */
struct lk_grant lk_policy_certificate(const struct lk_policy *policy, const struct lk_edge *edge,
                                      const uint8_t fingerprint[LK_TLS13_FINGERPRINT_BYTES],
                                      enum lk_exchange_id exchange);

/* What any edge of the tenant may do with the key of this index in the configuration: the bound the
 * vault enforces. Needs no keystore. */
struct lk_key_rights {
    lk_exchange_mask exchanges;
    uint32_t hashes;
    bool poo_optional;
    uint32_t uses;            /* enum lk_key_use */
    uint32_t flags;           /* enum lk_conf_flag, of the key and of some edge of its tenant */
    uint8_t methods, secrets; /* of TLS 1.3, as in struct lk_conf_rule */
    uint16_t dhe_bytes_max;   /* of p, in sign_ske */
};
/* Is a key of these uses kept for a CertificateVerify of this role (enum lk_split_role)? */
static inline bool lk_policy_role_kept(uint32_t uses, uint8_t role)
{
    return (uses & (role == LK_SPLIT_CLIENT ? LK_USE_TLS13_CLIENT : LK_USE_TLS13_SIGN)) != 0;
}
struct lk_key_rights lk_policy_key_rights(const struct lk_conf *conf, uint32_t key_index);

#endif
