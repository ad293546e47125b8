# defence: a file of somebody else is refused
# file: io/file.c
# test: unit/io/file_test
# red: file_of_somebody_else_is_refused
s/if (st->st_uid != 0 && st->st_uid != geteuid()) {/if (0) {/
