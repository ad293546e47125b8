# defence: a fault is counted against the code that made it
# file: core/exec/worker.c
# test: unit/exec/health_test
# red: health_library_fault_is_not_the_kernels
s/if (lane->operand.recomputed && lane->operand.by_kernel) kernel_fault/if (lane->operand.recomputed) kernel_fault/
