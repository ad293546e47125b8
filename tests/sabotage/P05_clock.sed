# defence: a paused job is woken when its time is up
# file: tools/provider/call.c
# test: unit/provider/call_test
# red: job_is_woken_when_the_time_is_up
s/return timerfd_settime(.*;/(void)at; return true;/
