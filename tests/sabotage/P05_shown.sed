# defence: a program is told of a job's descriptor when the job pauses, not before
# file: tools/provider/call.c
# test: unit/provider/call_test
# red: job_that_does_not_pause_shows_no_descriptor
/^static bool wait_begin/,/^}/s/    lk_line_close(.*/&\n    wait_show(wait);/
