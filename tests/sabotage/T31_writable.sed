# defence: a file that others may write is refused
# file: io/file.c
# test: unit/io/file_test
# red: file_mode_decides_by_kind
s/if ((mode & 022) != 0) {/if (0) {/
