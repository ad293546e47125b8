# defence: a symbolic link is refused
# file: io/file.c
# test: unit/io/file_test
# red: file_must_be_a_file_itself
s/ | O_NOFOLLOW//
