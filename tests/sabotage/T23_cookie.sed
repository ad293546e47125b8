# defence: a session begins only with a cookie of ours
# file: io/hello.c
# test: unit/io/hello_test
# red: hello_binds_the_cookie_to_address_port_and_random hello_cookie_lives_two_periods_at_most
s/return lk_ct_equal(cookie, h->good\[0\], len) || .*/return 1;/
