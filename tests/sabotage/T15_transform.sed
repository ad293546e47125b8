# defence: the server's random is hashed before use
# file: core/policy/freshness.c
# test: unit/policy/freshness_test
# red: freshness_hides_s_as_the_vectors_say
s/memcpy(fs, digest, LK_RANDOM_BYTES);/memcpy(fs, s, LK_RANDOM_BYTES);/
