# defence: each use of a key is recorded
# file: core/exec/worker.c
# test: unit/exec/worker_test
# red: worker_writes_a_record_of_each_key_use
s/    if (private_key) lane->key_used = true;//
