# defence: what a flood of wrong proofs takes is charged to its row
# file: core/exec/worker.c
# test: unit/exec/worker_test
# red: worker_charges_wrong_proofs_for_what_they_took
s/lk_batch_charge(&w->batch, row, extra_ns);//
