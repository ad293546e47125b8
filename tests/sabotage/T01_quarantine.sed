# defence: a kernel that was wrong three times is out of service
# file: core/exec/health.c
# test: unit/exec/health_test
# red: health_third_fault_of_a_row_takes_it_out health_third_fault_sends_every_worker_to_the_library
s/if (before + 1 >= LK_KERNEL_FAULTS_MAX)/if (before > UINT32_MAX - 1)/
