# defence: premasters are bounded for each peer and key
# file: core/exec/rate.c
# test: interop/split_vectors_test
# red: split_premasters_are_rated
s/if (next_ns - now_ns > LK_NS_PER_S) return false;//
