# defence: rows that an edge chooses by naming a group share what one row has
# file: core/exec/batch.c
# test: unit/exec/batch_test
# red: batch_groups_of_dhe_share_what_one_row_has batch_groups_of_a_curve_share_what_one_row_has
s/sharers = __builtin_popcount(due & families\[i\]);/sharers = 1;/
