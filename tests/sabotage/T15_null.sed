# defence: no freshness function but the hash
# file: core/policy/freshness.c
# test: unit/policy/freshness_test
# red: freshness_knows_sha256_alone
s/return funct == FRESHNESS_SHA256;/return funct == FRESHNESS_SHA256 || funct == 255;/
