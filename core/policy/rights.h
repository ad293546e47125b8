/* rights: the rules of a configuration, worked out per (class of edges, key). Edges of a tenant to
 * which the same rules apply, and with the same flags, form a class; within it, keys that are named
 * by rules have a cell, all others share the base that rules for all keys give. Equal rights are
 * kept once.
 *
 * Owner   the policy; built once, then frozen. Any thread reads.
 * Time    of lk_rights_find: the logarithm of the class's cells, for known and unknown keys. */
#ifndef LK_CORE_POLICY_RIGHTS_H
#define LK_CORE_POLICY_RIGHTS_H

#include "core/conf/conf.h"

#define LK_RIGHTS_CELLS_MAX 16777216 /* (class, named key) pairs: 128 MiB */

struct lk_rights {
    lk_exchange_mask exchanges;
    uint32_t hashes[LK_EXCHANGE_COUNT]; /* union over the rules that grant the exchange */
    uint32_t rule[LK_EXCHANGE_COUNT];   /* the first of them; UINT32_MAX none */
    bool poo_optional;
    uint8_t methods; /* as in struct lk_conf_rule, of the rules that grant s_init_cert_verify */
    uint8_t secrets;
};

struct lk_rights_class {
    uint32_t tenant;
    uint32_t flags;   /* enum lk_conf_flag, of its edges */
    uint32_t base;    /* rights of keys without a cell */
    uint32_t *key;    /* indices in the configuration, ascending */
    uint32_t *rights; /* of each; index in the table */
    uint32_t count;
};

struct lk_rights_table {
    struct lk_rights *rights;
    uint32_t count, room;
    uint32_t *cell; /* hash of rights to index plus 1 */
    uint32_t cell_count;
    struct lk_rights_class *class;
    uint32_t class_count;
    uint32_t *class_of_edge;
};

/* Errors: LK_ERR_MEMORY; LK_ERR_FULL: more cells than LK_RIGHTS_CELLS_MAX. Free in any case. */
LK_MUST_USE lk_err lk_rights_build(const struct lk_conf *conf, struct lk_rights_table *table);
void lk_rights_fini(struct lk_rights_table *table);

/* Never NULL; any key index, UINT32_MAX too. */
const struct lk_rights *lk_rights_find(const struct lk_rights_table *table,
                                       const struct lk_rights_class *class, uint32_t key_index);

/* The exchanges that a key kept for these uses can serve at all, to whom shares these flags with
 * it. */
lk_exchange_mask lk_rights_of_uses(uint32_t uses, uint32_t flags);

#endif
