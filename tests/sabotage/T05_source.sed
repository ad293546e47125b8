# defence: without random bytes nothing is drawn
# file: crypto/rng.c
# test: unit/crypto/rng_test
# red: rng_refuses_without_a_source
s/if (got <= 0) return false;/if (got <= 0) return true;/
