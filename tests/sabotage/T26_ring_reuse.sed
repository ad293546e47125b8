# defence: the consumer has read a cell before the producer takes it again
# file: core/base/ring.c
# test: unit/base/ring_test
# red: ring_moves_slots_between_two_threads
# config: tsan
s/atomic_store_explicit(&ring->shared->head, ring->own, memory_order_release);/atomic_store_explicit(\&ring->shared->head, ring->own, memory_order_relaxed);/
