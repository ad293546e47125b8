# defence: each record's hash covers the one before
# file: core/watch/audit.c
# test: unit/watch/audit_test
# red: audit_hash_covers_the_chain_and_the_whole_record audit_verify_finds_cuts_and_swaps
s/    memcpy(link, chain, CHAIN_BYTES);/    memset(link, 0, CHAIN_BYTES);/
