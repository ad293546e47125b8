# defence: a slot's bytes are visible before the ring names it
# file: core/base/ring.c
# test: unit/base/ring_test
# red: ring_moves_slots_between_two_threads
# config: tsan
s/atomic_store_explicit(&ring->shared->tail, ring->own, memory_order_release);/atomic_store_explicit(\&ring->shared->tail, ring->own, memory_order_relaxed);/
