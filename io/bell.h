/* bell: how one side wakes the other, and how a side goes to sleep without losing a wake.
 *
 *   sleeper                                 ringer
 *   asleep = 1                              push (release)
 *   seq_cst fence                           seq_cst fence
 *   look at the rings again: work? no sleep asleep? ring, else nothing
 *   sleep
 *
 * One of the two sees the other's store: either the sleeper finds the work, or the ringer the flag.
 * Toward a worker the bell is a futex word in the segment; toward a loop an eventfd that its io_uring
 * polls. The vault may write neither anything but these words and eventfds. */
#ifndef LK_IO_BELL_H
#define LK_IO_BELL_H

#include "io/segment.h"

/* Sleeper: announce, then look again; if there is work call lk_bell_awake instead of sleeping. */
void lk_bell_doze(struct lk_bell_word *bell);
void lk_bell_awake(struct lk_bell_word *bell);
/* Worker: sleep until rung or until timeout_ns passed (0: no timeout). The word was read before doze. */
uint32_t lk_bell_word(struct lk_bell_word *bell);
void lk_bell_sleep(struct lk_bell_word *bell, uint32_t seen, uint64_t timeout_ns);
/* Loop side rings a worker; worker side rings a loop by its eventfd. Does nothing to who is awake.
 * Returns true when a system call was made. */
bool lk_bell_ring_worker(struct lk_bell_word *bell);
bool lk_bell_ring_loop(struct lk_bell_word *bell, int eventfd);

#endif
