# defence: premasters, only where edge and key both carry the flag
# file: core/policy/rights.c
# test: unit/policy/policy_test
# red: policy_flags_count_on_both_sides_only
s/ && (flags & rows\[i\].flags) == rows\[i\].flags)/)/
