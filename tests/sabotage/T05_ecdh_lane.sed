# defence: each lane has a key of its own
# file: crypto/engine_share_batch.c
# test: unit/crypto/ec/ecdh_batch_test
# red: shares_differ_over_lanes_and_calls
/^static void call_fill/,/^}/s/ecdh->secret + i \* way->kernel->secret_bytes/ecdh->secret/
