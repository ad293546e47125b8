/* capabilities: the payloads that tell one class of edges what it may do, state included, as
 * lurk.md 5.4, 7, lurk-tls12.md 8, lurk-tls13.md 7 and lurk-split.md 10 have them. Every list
 * ascends, so that replicas agree byte for byte and the state changes exactly when rights or keys
 * do.
 * Built with the policy; control thread. */
#ifndef LK_CORE_POLICY_CAPABILITIES_H
#define LK_CORE_POLICY_CAPABILITIES_H

#include "core/keys/keystore.h"
#include "core/policy/policy.h"
#include "core/policy/rights.h"
#include "core/wire/lurk.h"

struct lk_capabilities {
    lk_exchange_mask exchanges; /* open to the class: lurk and pings included */
    /* Empty: does not fit a message, or the extension is closed or has no such form. */
    struct lk_bytes payload[LK_EXTENSION_COUNT][LK_FORM_COUNT];
};

/* The loaded keys of all tenants in the order in which payloads list them. */
struct lk_key_order;
LK_MUST_USE lk_err lk_key_order_new(const struct lk_keystore *keys, struct lk_key_order **out);
void lk_key_order_free(struct lk_key_order *order);

/* For one class. payload_bytes_max: longer forms are left empty. The bytes are malloc'ed. */
LK_MUST_USE lk_err lk_capabilities_build(const struct lk_conf *conf,
                                         const struct lk_rights_table *table,
                                         const struct lk_rights_class *class,
                                         const struct lk_key_order *order,
                                         struct lk_capabilities *out);
void lk_capabilities_fini(struct lk_capabilities *capabilities);

#endif
