# defence: without random bytes there is no share
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_batch_test
# red: without_random_bytes_there_is_no_share
/^static uint64_t kernel_call/,/^}/s/if (!lk_rng_bytes(&ecdh->rng, ecdh->secret, drawn))/if (lk_rng_bytes(\&ecdh->rng, ecdh->secret, drawn), false)/
