/* bell: how one side wakes the other, and how a side goes to sleep without losing a wake.
 *
 *   sleeper                                 ringer
 *   asleep = 1                              push (release)
 *   seq_cst fence                           seq_cst fence
 *   look at the rings again: work? no sleep asleep? ring, else nothing
 *   sleep
 *
 * One of the two sees the other's store: either the sleeper finds the work, or the ringer the flag.
 * Toward a worker the bell is a futex word in the segment; toward a loop an eventfd that its
 * io_uring polls. Either side may write the words of both, so a flag says only whether a system
 * call is worth it: whoever wakes looks at its rings and believes nothing else.
 * Thread  doze, awake, word, sleep: the sleeper alone; ring: anyone. */
#ifndef LK_IO_BELL_H
#define LK_IO_BELL_H

#include "io/segment.h"

/* Sleeper: announce, then look again; if there is work call lk_bell_awake instead of sleeping. */
void lk_bell_doze(struct lk_bell_word *bell);
void lk_bell_awake(struct lk_bell_word *bell);
/* Worker: sleep until rung, by a signal, or until timeout_ns passed (0: no timeout); then it is
 * awake. seen: the word as it was before doze; one that has changed since ends the sleep at once.
 */
uint32_t lk_bell_word(struct lk_bell_word *bell);
void lk_bell_sleep(struct lk_bell_word *bell, uint32_t seen, uint64_t timeout_ns);
/* Loop side rings a worker; worker side rings a loop by its eventfd. Does nothing to who is awake.
 * Returns true when it slept and a system call was made. */
bool lk_bell_ring_worker(struct lk_bell_word *bell);
bool lk_bell_ring_loop(struct lk_bell_word *bell, int eventfd);

#endif
