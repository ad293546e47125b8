/* doc: YAML text as a tree of nodes with their lines; scalars stay text. The subset a configuration
 * needs: one document, maps, lists, scalars. Anchors, aliases, tags, doubled keys, control
 * characters and trees that are too deep or too wide are faults.
 * Owner   whoever read it; lk_doc_fini. Knows nothing of options. */
#ifndef LK_CORE_CONF_DOC_H
#define LK_CORE_CONF_DOC_H

#include "core/base/bytes.h"
#include "core/base/err.h"
#include "core/conf/fault.h"

#define LK_DOC_DEPTH_MAX 5 /* root, list, row, list of names, and one to see it is too deep */
#define LK_DOC_NODES_MAX 8000000   /* what LK_CONF_BYTES_MAX can reasonably hold */
#define LK_DOC_MAP_ENTRIES_MAX 64  /* no map of the schema has more options */
#define LK_DOC_SCALAR_BYTES_MAX 4096

enum lk_doc_kind { LK_DOC_SCALAR, LK_DOC_LIST, LK_DOC_MAP };

struct lk_doc_node {
    uint32_t kind; /* enum lk_doc_kind */
    uint32_t line; /* from 1 */
    uint32_t first; /* LIST: items. MAP: key, value, key, value. 0 none */
    uint32_t next;  /* of the same parent; 0 none */
    uint32_t text;  /* SCALAR: offset of its NUL-terminated text */
    uint32_t count; /* children */
};

struct lk_doc {
    struct lk_doc_node *node; /* node[0] is no node */
    uint32_t count, room;
    char *pool;
    uint32_t pool_len, pool_room;
    uint32_t root; /* 0: an empty document */
    bool whole;    /* read to its end: what is missing is really missing */
};

/* Faults are added to `faults`; the tree holds what could be read and must be freed in any case.
 * Errors: LK_ERR_MEMORY only. */
LK_MUST_USE lk_err lk_doc_read(struct lk_bytes text, struct lk_faults *faults, struct lk_doc *doc);
void lk_doc_fini(struct lk_doc *doc);

static inline const char *lk_doc_text(const struct lk_doc *doc, uint32_t node)
{
    return doc->pool + doc->node[node].text;
}

#endif
