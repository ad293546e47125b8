# defence: the connection and the clock of a child are its own
# file: tools/provider/line.c
# test: unit/provider/call_test
# red: job_of_a_child_has_a_line_of_its_own
s/if (kept->pid != getpid())/if (false)/
