# defence: a call ends at its deadline
# file: tools/liblurk/client.c
# test: unit/liblurk/client_test
# red: call_expires_at_its_deadline
s/if (now_ns >= call->deadline_ns) {/if (0) {/
