# defence: a child of a fork does not go on with its parent's random bytes
# file: crypto/rng.c
# test: unit/crypto/rng_test
# red: rng_of_a_child_is_its_own
s/    forget_after_fork(rng);/    (void)forget_after_fork;/
