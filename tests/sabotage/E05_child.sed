# defence: a forked child does not use its parent's connections
# file: tools/provider/thread.c
# test: unit/provider/call_test
# red: call_of_a_child_has_a_connection_of_its_own
s/if (mine->pid != getpid())/if (false)/
