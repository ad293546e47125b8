# defence: a lone request is not charged for the batch it could have been
# file: core/exec/batch.c
# test: unit/exec/batch_test
# red: batch_pays_for_the_lanes_it_has
s/count < kernel->lanes_max ? count : kernel->lanes_max/kernel->lanes_max + 0 * count/
