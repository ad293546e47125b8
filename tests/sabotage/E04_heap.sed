# defence: what libcrypto frees is wiped
# file: tools/lurk-agent/heap.c
# test: unit/agent/heap_test
# red: heap_wipes_what_is_freed heap_wipes_what_is_moved
s/    if (data != NULL) lk_wipe(data, malloc_usable_size(data));//
