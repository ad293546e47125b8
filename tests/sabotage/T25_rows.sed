# defence: dear and cheap operations share a worker by cost
# file: core/exec/batch.c
# test: unit/exec/batch_test
# red: batch_rows_share_the_worker_by_cost batch_of_ecdsa_waits_for_one_rsa4096_at_most
s/int64_t cost_ns = cost_now_ns(batch, batch->turn);/int64_t cost_ns = 0;/
