# defence: the random of a ServerHello is hashed before it is signed
# file: core/policy/freshness.c
# test: interop/crypto_schedule_test
# red: freshness_agrees_with_the_vectors
/^void lk_freshness_tls13/,/^}/s/memcpy(fs, h, LK_RANDOM_BYTES);/memmove(fs, s, LK_RANDOM_BYTES);/
