# defence: lanes that refused a right signature are left
# file: tools/provider/verified.c
# test: unit/provider/verified_test
# red: lanes_that_refused_a_right_signature_are_left
/^static bool lanes_leave/,/^}/s/__atomic_exchange_n(off, true, __ATOMIC_RELAXED)/(void *)off == NULL/
