# defence: a vault that calls what it never needs dies
# file: io/sandbox.c
# test: unit/io/sandbox_test
# red: vault_dies_of_any_of_these
s/scmp_filter_ctx filter = new_filter(SCMP_ACT_KILL_PROCESS);/scmp_filter_ctx filter = new_filter(SCMP_ACT_ALLOW);/
s/return load_filter(filter, vault_rules(filter));/(void)vault_rules; return load_filter(filter, 0);/
