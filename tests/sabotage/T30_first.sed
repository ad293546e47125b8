# defence: a key use is recorded before it is answered
# file: core/exec/worker.c
# test: unit/exec/worker_audit_test
# red: worker_records_a_key_use_before_it_answers
s/    if (lane->key_used) audit_write(w, lane);//
s/    if (lk_ring_push(&w->out\[loop\], lane->place.ref) != LK_OK) w->err = LK_ERR_ABSURD;/&\n    if (lane->key_used) audit_write(w, lane);/
