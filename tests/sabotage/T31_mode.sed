# defence: a key file that others may read is refused
# file: io/file.c
# test: unit/io/file_test
# red: file_mode_decides_by_kind
s/if (kind == LK_FILE_SECRET && (mode & 077) != 0) {/if (0) {/
