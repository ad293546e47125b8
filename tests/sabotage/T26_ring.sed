# defence: an index no honest peer writes ends the epoch
# file: core/base/ring.c
# test: unit/base/ring_test
# red: ring_pop_gives_an_absurd_tail_up
s/if (tail - ring->own > ring->cells) return LK_ERR_ABSURD;//
