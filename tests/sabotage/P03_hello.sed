# defence: S is drawn for the handshake whose random it is, and for no other bytes
# file: tools/provider/hello.c
# test: unit/provider/hello_test
# red: hello_names_nothing_else hello_tells_two_at_once_apart
/^static bool shows/,/^}/s/lk_ct_equal(own, random, RANDOM_BYTES)/random != NULL/
