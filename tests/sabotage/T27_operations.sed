# defence: a loop's ring does a loop's operations and no others
# file: io/uring.c
# test: unit/io/uring_test
# red: uring_that_is_sealed_opens_nothing uring_that_is_sealed_registers_nothing_more
s/    LK_TRY(enter_register(uring, IORING_REGISTER_RESTRICTIONS, rule, OPERATIONS + 2));/    (void)rule;/
