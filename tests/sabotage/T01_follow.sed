# defence: a worker leaves the kernel that another worker's faults took out
# file: core/exec/worker.c
# test: unit/exec/health_test
# red: health_third_fault_sends_every_worker_to_the_library health_waiting_lanes_go_to_the_library
/^static void kernels_follow/,/^}/s/lk_batch_use(.*;/(void)row;/
