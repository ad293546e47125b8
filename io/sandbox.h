/* sandbox: what the kernel still lets a child do once it serves.
 *
 * Vault   the few system calls of a worker's and a loader's life; any other ends the process.
 * Front   no path of any kind (Landlock), no new program, no look into another process, no signal
 *         to one, no socket of its own making.
 * Owner   each child for itself. Not in --one-process; in sanitizer builds only dumps_off does
 *         anything (sandbox_none.c). Nothing here can be undone. */
#ifndef LK_IO_SANDBOX_H
#define LK_IO_SANDBOX_H

#include "core/base/err.h"

/* No core file, and no other process of the same user may attach. First thing a child does. A test
 * build replaces this function to look for secrets in forced dumps. */
void lk_sandbox_dumps_off(void);
/* Vault: after its threads exist and each algorithm has run once. All threads. */
LK_MUST_USE lk_err lk_sandbox_vault(void);
/* Front: before its loops start. Landlock binds this thread and those it makes later; seccomp
 * all. */
LK_MUST_USE lk_err lk_sandbox_front(void);
/* Front: once its loops have their rings, nobody makes another one. All threads. */
LK_MUST_USE lk_err lk_sandbox_front_rings_made(void);

#endif
