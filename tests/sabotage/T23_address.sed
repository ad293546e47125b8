# defence: a cookie serves the address it was given to
# file: io/cookie.c
# test: unit/io/hello_test
# red: hello_binds_the_cookie_to_address_port_and_random
s/{.data = ip_of(address), .len = ip_bytes(address)},/{.data = ip_of(address), .len = 0 * ip_bytes(address)},/
