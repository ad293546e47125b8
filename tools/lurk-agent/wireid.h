/* wireid: from the id of a request on the wire to its errand. Ids are random, drawn by the agent,
 * so that a cell is chosen by the id itself; open addressing, at most half full.
 * Owner one thread. Allocates at init only. */
#ifndef LK_TOOLS_LURK_AGENT_WIREID_H
#define LK_TOOLS_LURK_AGENT_WIREID_H

#include <stdbool.h>
#include <stdint.h>

#define LK_WIREID_NONE UINT32_MAX

struct lk_wireids {
    uint64_t *id;
    uint32_t *index; /* LK_WIREID_NONE: free */
    uint32_t mask;
};

bool lk_wireids_init(struct lk_wireids *ids, uint32_t room);
void lk_wireids_fini(struct lk_wireids *ids);
/* False: the id is there already. */
bool lk_wireids_add(struct lk_wireids *ids, uint64_t id, uint32_t index);
void lk_wireids_drop(struct lk_wireids *ids, uint64_t id);
uint32_t lk_wireids_find(const struct lk_wireids *ids, uint64_t id);

#endif
