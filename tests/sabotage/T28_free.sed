# defence: secret memory is wiped when it is freed
# file: io/secret.c
# test: unit/io/secret_test
# red: secret_memory_is_wiped_when_freed
s/    lk_wipe(memory, lk_secret_heap.usable(memory));//
