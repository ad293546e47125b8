# defence: a lane forgets what it worked on
# file: core/exec/lane.c
# test: unit/exec/worker_test
# red: worker_forgets_what_it_worked_on
s/    lk_wipe(lane->job, lane->job_bytes);//
