# defence: cookies grow old
# file: io/cookie.c
# test: unit/io/hello_test
# red: hello_cookie_lives_two_periods_at_most
s/if (age_ns < LK_COOKIE_PERIOD_NS) return;/return;/
