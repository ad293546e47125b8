# defence: a message longer than the limit is never begun
# file: core/wire/header.c
# test: unit/wire/header_test
# red: header_cut_is_lost_at_an_impossible_length
s/ || header.length > limit//
