# defence: proofs that a peer made undecided do not take the kernel out of service
# file: crypto/engine_poo_batch.c
# test: unit/crypto/ec/poo_fault_test
# red: what_a_kernel_cannot_tell_the_library_does
s/o->recomputed = wrong && !undecided;/o->recomputed = wrong;/
