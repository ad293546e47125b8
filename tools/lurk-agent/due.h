/* due: which errand is due next: a binary heap of errand indices by time, of fixed capacity.
 * Each index is in it once at most; its place is kept, so that a time can change in the middle.
 * Owner one thread. Allocates at init only. */
#ifndef LK_TOOLS_LURK_AGENT_DUE_H
#define LK_TOOLS_LURK_AGENT_DUE_H

#include <stdbool.h>
#include <stdint.h>

#define LK_DUE_NONE UINT32_MAX

struct lk_due {
    uint64_t *at_ns; /* by index: its time */
    uint32_t *place; /* by index: where in heap; LK_DUE_NONE not there */
    uint32_t *heap;
    uint32_t count, room;
};

bool lk_due_init(struct lk_due *due, uint32_t room);
void lk_due_fini(struct lk_due *due);
/* Enters index, or moves it to another time. */
void lk_due_set(struct lk_due *due, uint32_t index, uint64_t at_ns);
/* Nothing happens where it is not there. */
void lk_due_drop(struct lk_due *due, uint32_t index);
/* The earliest index; LK_DUE_NONE when empty. */
uint32_t lk_due_first(const struct lk_due *due);

#endif
