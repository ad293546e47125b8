# defence: the window ends where it says
# file: core/policy/freshness.c
# test: unit/policy/freshness_test
# red: freshness_window_is_signed_and_inclusive
s/return \*skew_s >= -(int64_t)window_s && /return /
