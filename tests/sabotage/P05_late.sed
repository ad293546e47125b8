# defence: a connection on which an answer may still come is not the next job's
# file: tools/provider/call.c
# test: unit/provider/call_test
# red: job_that_gave_up_leaves_no_connection
/^static void line_end/,/^}/s/if (result->answer != NULL)/(void)result;\n    if (true)/
