# defence: descriptors that a client sends are not kept
# file: tools/lurk-agent/client.c
# test: unit/agent/client_test
# red: clients_leave_no_descriptor_with_us
s/    if (n >= 0) rights_close(&message);/    (void)rights_close;/
