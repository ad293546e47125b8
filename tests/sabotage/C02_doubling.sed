# defence: repeats come ever more rarely
# file: tools/liblurk/client.c
# test: unit/liblurk/client_test
# red: datagram_is_repeated_doubling_until_the_deadline
s/? 2 \* call->repeat_wait_ns/? call->repeat_wait_ns/
