# defence: a job longer than its slot is not copied
# file: core/exec/lane.c
# test: unit/exec/lane_test
# red: lane_copies_no_more_than_its_class_holds
s/if (head->job_bytes > place->body_bytes) return LK_OK;.*/if (head->job_bytes > (1u << 20)) return LK_OK;/
