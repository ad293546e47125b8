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

struct lk_policy;

/* What one row of `edges` may do, precomputed. */
struct lk_edge {
    uint32_t index; /* in the configuration */
    uint32_t tenant;
    const char *name;
    /* What some key of its tenant can serve for it, lurk and pings included; tls12 capabilities and
     * ping only beside an exchange that uses a key. */
    lk_exchange_mask exchanges;
    struct lk_bytes lurk_capabilities; /* whole payload, state included, as this edge gets it */
    /* Whole payload: certificates as configured, or the next smaller form that fits
     * message_bytes_max. Empty where tls12 is closed. Its state is tls12_state. */
    struct lk_bytes tls12_capabilities;
    struct lk_bytes tls12_capabilities_raw;  /* raw public keys, or nothing where they do not fit */
    struct lk_bytes tls12_capabilities_none; /* with empty certificate lists */
    uint8_t lurk_state[LK_STATE_BYTES];
    uint8_t tls12_state[LK_STATE_BYTES];
};

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
};
/* May edge use the key with this id for exchange (types with a key)? Same time either way. */
struct lk_grant lk_policy_key(const struct lk_policy *policy, const struct lk_edge *edge,
                              const uint8_t id[LK_KEY_ID_BYTES], enum lk_exchange_id exchange);

/* What any edge of the tenant may do with the key of this index in the configuration: the bound the
 * vault enforces. Needs no keystore. */
struct lk_key_rights {
    lk_exchange_mask exchanges;
    uint32_t hashes;
    bool poo_optional;
};
struct lk_key_rights lk_policy_key_rights(const struct lk_conf *conf, uint32_t key_index);

#endif
