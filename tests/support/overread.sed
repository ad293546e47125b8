# The control of check-asan-edge: tools/provider/remote.c, with one byte read behind the answer.
s/^    \*len = signature.len;$/    *len = signature.len + 0 * ((const volatile uint8_t *)signature.data)[signature.len];/
