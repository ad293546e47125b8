# defence: a front has the kernel signal nobody through a descriptor
# file: io/sandbox.c
# test: unit/io/sandbox_test
# red: front_may_do_none_of_these
s/bad |= deny_owners(filter, deny);/(void)deny_owners;/
