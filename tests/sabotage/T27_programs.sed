# defence: a front starts no program
# file: io/sandbox.c
# test: unit/io/sandbox_test
# red: front_may_do_none_of_these
s/SCMP_SYS(execve), SCMP_SYS(execveat),//
s/LK_TRY(landlock_without_paths());/(void)landlock_without_paths;/
