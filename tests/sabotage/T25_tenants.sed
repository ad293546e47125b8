# defence: tenants of a row take turns
# file: core/exec/batch.c
# test: unit/exec/batch_test
# red: batch_tenants_of_a_row_take_turns
s/&row->queue\[lane->key->tenant % batch->tenants\]/\&row->queue[0]/
