# defence: a child of a fork leaves its parent's connection alone
# file: tools/liblurk/transport.c
# test: unit/liblurk/transport_test
# red: transport_of_another_process_is_left
s/    if (pid == t->pid) return true;/    t->pid = pid; return true;/
