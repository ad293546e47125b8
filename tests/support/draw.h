/* draw: random numbers that a run can be repeated with, and how many of them a test takes.
 * One stream for the program: thread one. */
#ifndef LK_TESTS_SUPPORT_DRAW_H
#define LK_TESTS_SUPPORT_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* Begins the stream with LK_SEED from the environment, or with the time; prints which. */
void lk_draw_seed(void);
uint64_t lk_draw(void);
size_t lk_draw_below(size_t bound);
void lk_draw_bytes(uint8_t *to, size_t len);

/* Rounds of a random test: `check` in `make check`, `longer` where LK_LONG is in the environment
 * (make check-long); of either a small part under a sanitizer, and at least one. */
unsigned lk_draw_rounds(unsigned check, unsigned longer);

#endif
