# defence: certificate requests are signed only where edge and key both carry the flag
# file: core/policy/rights.c
# test: unit/policy/policy_test
# red: policy_flags_count_on_both_sides_only
s/{ANY_USE, LK_FLAG_REQUEST, LK_X_SPLIT_SIGN_CERT_REQUEST}/{ANY_USE, 0, LK_X_SPLIT_SIGN_CERT_REQUEST}/
