# defence: a front makes no io_uring once its loops have theirs
# file: io/sandbox.c
# test: unit/io/sandbox_test
# red: front_makes_rings_before_and_not_after
s/return load_filter(filter, seccomp_rule_add(filter, deny, SCMP_SYS(io_uring_setup), 0));/(void)deny; return load_filter(filter, 0);/
