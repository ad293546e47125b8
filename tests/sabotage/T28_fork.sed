# defence: secret memory does not follow a fork
# file: io/secret.c
# test: unit/io/secret_test
# red: secret_memory_does_not_follow_a_fork
s/ && madvise(at, bytes, MADV_DONTFORK) == 0//
