# defence: a request past its deadline is sent home unworked
# file: core/exec/worker.c
# test: unit/exec/worker_test
# red: worker_sends_home_what_is_past_its_deadline
s/return w->now_ns > lk_lane_head(lane)->deadline_ns;/return false;/
